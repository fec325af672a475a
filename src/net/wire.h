// Sends one request to one address: what the loop sees of cpprestsdk, which lives behind make_wire
// in wire.cc.
//
// Every try has a number. Its news comes through the listener, on another thread, so it may still
// be on its way when the loop has cancelled the try: the loop drops what carries a number that it
// does not know any more.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "net/http_failure.h"
#include "net/http_transport.h"

namespace le_run::net {

using TryNumber = std::uint64_t; // unique within one wire; a request may need several tries

struct Sent {};   // connected, TLS and all, and the request is being written
struct Opened {}; // of a stream: 200, and the body follows in pieces
struct Piece {
    std::string bytes;
};
// Sent once at the most, of a stream Opened and Pieces, then one of the last two.
using News = std::variant<Sent, Opened, Piece, HttpResponse, WireFailure>;
// Called on the wire's thread; must not own the loop's things.
using Listener = std::function<void(TryNumber, News)>;

struct Try {
    TryNumber number = 0;
    HttpRequest request;
    std::string address;            // an IP literal, of the host or of the proxy on the way to it
    std::vector<std::string> known; // all its addresses: warm connections to others are closed
    bool afresh = false;            // use no connection that exists
    bool is_stream = false;
};

// The loop's thread; nothing here blocks, nor throws but for what is said.
class Wire {
public:
    virtual ~Wire() = default;

    virtual void send(Try attempt) = 0;
    // Connections of later tries are made with this endpoint's TLS. Throws TlsConfigError.
    virtual void use_tls_of(const Endpoint& endpoint) = 0;
    virtual void cancel(TryNumber number) = 0; // closes its connection; news may still come
    virtual void close() = 0; // cancels everything and closes all connections, soon
};

// Starts cpprest's thread when it is the first, unless there is a sole_loop(). Throws
// TlsConfigError.
std::unique_ptr<Wire> make_wire(const Endpoint& endpoint, Listener listener);

} // namespace le_run::net

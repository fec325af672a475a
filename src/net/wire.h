// Sends one request to one address. This is the loop's interface to cpprestsdk, which only wire.cc
// uses.
//
// Every try has a number. Its news comes through the listener on another thread, perhaps after the
// loop has cancelled the try. So the loop drops news with a number that it does not know.
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

struct Sent {};   // connected, with TLS, and the request is being written
struct Opened {}; // a stream's answer is 200, and its body follows in pieces
struct Piece {
    std::string bytes;
};
// The order is: Sent at most once; for a stream, Opened and Pieces; then one of the last two.
using News = std::variant<Sent, Opened, Piece, HttpResponse, WireFailure>;
// Called on the wire's thread. It must not own objects of the loop.
using Listener = std::function<void(TryNumber, News)>;

struct Try {
    TryNumber number = 0;
    HttpRequest request;
    std::string address;            // the IP address of the host or of its proxy
    std::vector<std::string> known; // all its addresses; warm connections to others are closed
    bool afresh = false;            // use a new connection
    bool is_stream = false;
};

// The loop's thread. Nothing here blocks, or throws unless it says so.
class Wire {
public:
    virtual ~Wire() = default;

    virtual void send(Try attempt) = 0;
    // Later tries use this endpoint's TLS configuration. Throws TlsConfigError.
    virtual void use_tls_of(const Endpoint& endpoint) = 0;
    virtual void cancel(TryNumber number) = 0; // closes its connection; news may still come
    virtual void close() = 0;                  // soon cancels all tries and closes all connections
};

// The first call starts cpprest's thread, unless there is a sole_loop(). Throws TlsConfigError.
std::unique_ptr<Wire> make_wire(const Endpoint& endpoint, Listener listener);

} // namespace le_run::net

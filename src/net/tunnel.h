// A port on the loopback, which forwards connections to a server. cpprest uses it to reach a server
// through a proxy, or without TLS (then the tunnel counts an answer's bytes).
//
// cpprest 2.10.18 supports proxies itself, but with faults: a request cannot be cancelled while it
// waits for the answer to CONNECT, that answer has no limit, every refusal is the same error, and
// TLS to the proxy and SOCKS are missing.
//
// No other process on this machine can use the port: the tunnel accepts a connection only from the
// address and port that this process has bound for it. With TLS to the server, the forwarded bytes
// are encrypted.
//
// Threads: cpprest's only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "net/answer_limit.h"
#include "net/http_failure.h"
#include "net/proxy.h"
#include "net/tls.h"

namespace le_run::net {

class Tunnel {
public:
    struct Way {
        std::optional<Proxy> proxy;         // none: directly to the server
        std::string address;                // the IP address of the proxy, or of the server
        std::string host;                   // the server's name, for the proxy to look up
        std::string port;                   // of the server
        std::shared_ptr<TlsClient> tls;     // for TLS to the proxy; null: none
        std::shared_ptr<AnswerLimit> limit; // for the server's bytes; null: none
    };

    // Throws boost::system::system_error if it gets no port.
    Tunnel(boost::asio::io_context& thread, Way way);
    ~Tunnel(); // accepts no more connections; the others live until one end closes them

    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;

    std::string address() const; // where to connect to, with port()
    std::string port() const;

    // Announces that `socket` will connect to the port. Does nothing if it is open already.
    void expect(boost::asio::ip::tcp::socket& socket);

    // Calls `done` when the last connection has reached the server; at once if it has already.
    void when_open(std::function<void()> done);

    // Why the last connection did not reach the server. If it did, no field is set.
    WireFailure failure() const;

private:
    class State;
    std::shared_ptr<State> state_;
};

} // namespace le_run::net

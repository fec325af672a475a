// Lets cpprest reach a server through a proxy, or without TLS: a port of this machine's loopback
// whose connections are carried on. Without TLS it is where an answer's bytes are counted.
//
// cpprest 2.10.18 has proxies of its own, but a request cannot be cancelled while it waits for the
// answer to CONNECT, nothing bounds that answer, every refusal is the same error, and it knows
// neither TLS to the proxy nor SOCKS.
//
// Nobody else on this machine can use the port: a connection is taken only from the address and
// port that this process has bound for it. With TLS to the server, what is carried is encrypted.
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
        std::string address;                // an IP literal: where the proxy, or the server, is
        std::string host;                   // of the server, as the proxy is to look it up
        std::string port;                   // of the server
        std::shared_ptr<TlsClient> tls;     // to the proxy; null: none
        std::shared_ptr<AnswerLimit> limit; // for what the server sends; null: none
    };

    // Throws boost::system::system_error: no port to be had.
    Tunnel(boost::asio::io_context& thread, Way way);
    ~Tunnel(); // takes no more connections; those that there are live on until an end closes them

    Tunnel(const Tunnel&) = delete;
    Tunnel& operator=(const Tunnel&) = delete;

    std::string address() const; // where to connect to, with port()
    std::string port() const;

    // `socket` is going to connect to the port. Does nothing when it is open already.
    void expect(boost::asio::ip::tcp::socket& socket);

    // Calls `done` as soon as the last connection is through to the server, at once if it is.
    void when_open(std::function<void()> done);

    // Why the last connection did not get through: nothing of it is set when it did.
    WireFailure failure() const;

private:
    class State;
    std::shared_ptr<State> state_;
};

} // namespace le_run::net

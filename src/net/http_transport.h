// HTTP/1.1 over TLS to one server. This is the only way to cpprestsdk, whose thread never runs code
// outside this room.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "base/time_point.h"
#include "net/http_headers.h"
#include "net/proxy.h"
#include "net/resolver.h"
#include "net/tls.h"

namespace le_run::net {

struct Endpoint {
    bool tls = true;            // false: plain http://
    std::string host;           // DNS name or IP literal, without brackets
    std::string port;           // decimal
    std::string base_path;      // "" or "/prefix", prepended to every target
    TlsConfig tls_config;       // ignored without tls
    std::optional<Proxy> proxy; // the proxy to use; none: connect directly
};

struct HttpRequest {
    std::string method; // "GET", "PUT", "POST"
    std::string target; // "/apis/...", already percent-encoded
    std::vector<std::pair<std::string, std::string>>
        headers; // with Authorization, so never log them; a name may come several times
    std::string body;
};

struct HttpResponse {
    int status = 0;
    std::string body;                    // at most kMaxBody bytes
    std::optional<Duration> retry_after; // from Retry-After in seconds
    // How far this machine's clock is ahead of the server's Date. The error is up to a second plus
    // the time that the answer took.
    std::optional<std::chrono::seconds> clock_ahead;
};

struct HttpError {
    enum class Kind {
        kUnreachable, // no name, no route, refused, reset, timed out, oversized or broken answer
        kUntrusted,   // TLS verification of the server failed
    };
    Kind kind = Kind::kUnreachable;
    std::string text; // one line for people, names host:port; no secrets
};

using HttpResult = std::variant<HttpResponse, HttpError>;

// Handlers for a long answer in pieces. Called on the loop's thread, never from inside
// async_stream().
struct HttpStream {
    std::function<void()> opened;              // the server answered 200
    std::function<void(std::string)> received; // some bytes of the body, at least one
    // The last call, exactly once: the stream has ended (status 200), or the answer was not 200
    // (with its body), or it failed.
    std::function<void(HttpResult)> ended;
};

class HttpTransport {
public:
    // An object in etcd may have 1.5 MiB, and a server writes some characters as six ("\u003c").
    static constexpr std::size_t kMaxBody = 12 * 1024 * 1024;

    // The HTTP library's loop, for a program that runs it in one thread as its only loop. That
    // saves the hand-over between threads, a large part of a request's cost. Call it before the
    // first transport is made; otherwise the library gets its own thread.
    static boost::asio::io_context& sole_loop();

    // Never throws for a fault in `endpoint`: a fault (see TlsConfigError) is the answer to every
    // request. `lookup` finds the addresses of the host, or of the proxy; all are tried in turn. A
    // proxy looks up the host itself.
    HttpTransport(boost::asio::io_context& loop, Endpoint endpoint, Lookup lookup = system_lookup);
    ~HttpTransport(); // no handler is called after it; destroy the object before the loop

    HttpTransport(const HttpTransport&) = delete;
    HttpTransport& operator=(const HttpTransport&) = delete;

    // New requests use connections with this configuration; pending requests go on. A configuration
    // with a fault changes nothing.
    void use(const TlsConfig& tls_config);

    // Calls `handler` exactly once on the loop's thread, never from inside this call, and at the
    // latest after `timeout`, whatever hangs (name lookup, connect, handshake, body). It reuses
    // warm connections. If the server has closed one meanwhile, it sends the request once more at
    // once. It does not follow redirects.
    //
    // With a `late` above `timeout`, the request goes on after the error at `timeout`. An answer
    // before `late` calls `handler` a second time. No other request uses its connection. It is
    // given up when a later request is answered, or when too many such requests are pending.
    void async_send(HttpRequest request, Duration timeout, std::function<void(HttpResult)> handler,
                    Duration late = {});

    // The same for a long answer. `timeout` is the limit until it begins; after that, `silence` is
    // the longest time without a byte. It has its own connection. Only the destructor can end it
    // early.
    void async_stream(HttpRequest request, Duration timeout, Duration silence, HttpStream stream);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace le_run::net

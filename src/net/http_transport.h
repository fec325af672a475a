// HTTP/1.1 over TLS to one server. The only door to cpprestsdk: its threads end inside
// http_transport.cc.
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
    std::optional<Proxy> proxy; // on the way there; none: connect directly
};

struct HttpRequest {
    std::string method; // "GET", "PUT", "POST"
    std::string target; // "/apis/...", already percent-encoded
    std::vector<std::pair<std::string, std::string>>
        headers; // Authorization lives here; never logged; a name may come several times
    std::string body;
};

struct HttpResponse {
    int status = 0;
    std::string body;                    // at most kMaxBody bytes
    std::optional<Duration> retry_after; // from Retry-After in seconds
    // How far this machine's clock is ahead of the server's, by Date: to a second, and to what the
    // answer took.
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

// A long answer, taken piece by piece. All on the loop's thread, none from inside async_stream().
struct HttpStream {
    std::function<void()> opened;              // the server answered 200
    std::function<void(std::string)> received; // some bytes of the body, at least one
    // Exactly once, the last: the stream's end (status 200), another answer than 200 with its body,
    // or what went wrong.
    std::function<void(HttpResult)> ended;
};

class HttpTransport {
public:
    // etcd keeps 1.5 MiB in one object, and a server writes some characters of it as six
    // ("\u003c").
    static constexpr std::size_t kMaxBody = 12 * 1024 * 1024;

    // The loop of the HTTP library, for a program that runs it in one thread as its only loop: then
    // nothing is handed from thread to thread, which is much of what a request costs. To be called
    // before the first transport is made; else the library has a thread of its own.
    static boost::asio::io_context& sole_loop();

    // Never throws for what is in `endpoint`: what cannot work (see TlsConfigError) is the answer
    // to every request. `lookup` turns the name of the host, or of the proxy, into addresses, all
    // of which are tried in turn; the host behind a proxy is the proxy's to look up.
    HttpTransport(boost::asio::io_context& loop, Endpoint endpoint, Lookup lookup = system_lookup);
    ~HttpTransport(); // pending handlers are not called any more; to be destroyed before the loop

    HttpTransport(const HttpTransport&) = delete;
    HttpTransport& operator=(const HttpTransport&) = delete;

    // Requests from now on are sent over connections made with this; those under way go on. What
    // cannot work changes nothing.
    void use(const TlsConfig& tls_config);

    // Calls `handler` exactly once on the loop's thread, never from inside this call, at the latest
    // when `timeout` has passed (whatever hangs: name lookup, connect, handshake, body). Requests
    // on a warm connection reuse it; one that the server closed meanwhile is retried once at once.
    // Redirects are not followed.
    //
    // With a `late` above `timeout` the request goes on after an error at `timeout`: an answer that
    // comes before `late` has passed is told by a second call of `handler`. It stays alone on its
    // connection. It is given up when a request that was sent after it is answered, and when too
    // many such requests are under way.
    void async_send(HttpRequest request, Duration timeout, std::function<void(HttpResult)> handler,
                    Duration late = {});

    // The same for an answer that goes on: `timeout` until it begins, then `silence` is the longest
    // time without a byte. It has a connection of its own. There is no way to end it but its end,
    // and the destructor.
    void async_stream(HttpRequest request, Duration timeout, Duration silence, HttpStream stream);

private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace le_run::net

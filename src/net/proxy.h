// The proxy on the way to a server: its URL, and what the environment says of it by the rules of
// Go's HTTP client, which kubectl follows.
//
// Pure but for the environment that is passed in. No text here ever holds a user or a password.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace le_run::net {

struct Proxy {
    enum class Kind { kHttp, kHttps, kSocks5 }; // what is spoken with the proxy itself
    Kind kind = Kind::kHttp;
    std::string host; // DNS name or IP literal, without brackets
    std::string port; // decimal
    std::string user; // empty: no credentials
    std::string password;
    std::string source; // what the user wrote it in: "HTTPS_PROXY", "proxy-url"
};

// The source of a proxy that a kubeconfig names; it counts whatever NO_PROXY says.
inline constexpr const char* kProxyUrlField = "proxy-url";

// "http://proxy.example:3128".
std::string text_of(const Proxy& proxy);

// Why a text is not the address of a proxy, as the end of a sentence: "has no valid port; write
// http://HOST:PORT".
struct ProxyError {
    std::string text;
};

// (http|https|socks5)://[user[:password]@]host[:port][/], user and password percent-encoded. The
// port is 80, 443 or 1080 when it is not given. `source`: as in Proxy.
std::variant<Proxy, ProxyError> parse_proxy(const std::string& url, const std::string& source);

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// HTTPS_PROXY (of a server without TLS: HTTP_PROXY) or the same in lower case, unless NO_PROXY or
// no_proxy exempts the server or it is this machine. A URL without a scheme is http. Nothing:
// connect directly. An error's text begins with the variable.
std::variant<std::optional<Proxy>, ProxyError> proxy_of_environment(bool tls,
                                                                    const std::string& host,
                                                                    const std::string& port,
                                                                    const Environment& environment);

// Whether NO_PROXY, a list separated by commas, names the server: "*"; an address; a network
// (10.0.0.0/8); "example.com" with all names below it; ".example.com" or "*.example.com" without
// itself. Each but networks may end with :PORT. localhost and loopback addresses always are.
bool is_exempt_from_proxy(const std::string& no_proxy, const std::string& host,
                          const std::string& port);

} // namespace le_run::net

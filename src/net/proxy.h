// The proxy for a server: its URL, and the proxy variables of the environment, by the rules of Go's
// HTTP client, which kubectl uses.
//
// Pure functions; the environment is an argument. No text here ever contains a user or a password.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace le_run::net {

struct Proxy {
    enum class Kind { kHttp, kHttps, kSocks5 }; // the protocol with the proxy itself
    Kind kind = Kind::kHttp;
    std::string host; // DNS name or IP literal, without brackets
    std::string port; // decimal
    std::string user; // empty: no credentials
    std::string password;
    std::string source; // where the user wrote it: "HTTPS_PROXY", "proxy-url"
};

// The source of a proxy from a kubeconfig. NO_PROXY has no effect on it.
inline constexpr const char* kProxyUrlField = "proxy-url";

// "http://proxy.example:3128".
std::string text_of(const Proxy& proxy);

// Why a text is not the address of a proxy, as the end of a sentence: "has no valid port; write
// http://HOST:PORT".
struct ProxyError {
    std::string text;
};

// Reads (http|https|socks5)://[user[:password]@]host[:port][/], with user and password
// percent-encoded. The default port is 80, 443 or 1080. `source`: as in Proxy.
std::variant<Proxy, ProxyError> parse_proxy(const std::string& url, const std::string& source);

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The proxy in HTTPS_PROXY (HTTP_PROXY for a server without TLS), or in the same name in lower
// case.
// Nothing: connect directly, also if NO_PROXY or no_proxy names the server, or the server is this
// machine. A URL without a scheme is http. An error's text begins with the variable's name.
std::variant<std::optional<Proxy>, ProxyError> proxy_of_environment(bool tls,
                                                                    const std::string& host,
                                                                    const std::string& port,
                                                                    const Environment& environment);

// Whether NO_PROXY, a list separated by commas, names the server. An entry is "*", an address, a
// network (10.0.0.0/8), "example.com" (with all names below it), or ".example.com" or
// "*.example.com" (only the names below it). Every entry but a network may end with :PORT.
// localhost and loopback addresses are always exempt.
bool is_exempt_from_proxy(const std::string& no_proxy, const std::string& host,
                          const std::string& port);

} // namespace le_run::net

#include "kubernetes/server_url.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace le_run::kubernetes {
namespace {

constexpr const char* kExample = "; write an address like https://10.0.0.1:6443";

bool is_port(std::string_view text) {
    if (text.empty() || text.size() > 5 || text.front() == '0')
        return false;
    int number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9')
            return false;
        number = number * 10 + (c - '0');
    }
    return number <= 65535;
}

bool is_host_name(std::string_view text) {
    return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.' || c == '_';
    });
}

bool is_ipv6_text(std::string_view text) {
    return text.find(':') != std::string_view::npos &&
           text.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

// Splits host[:port] into the endpoint.
std::optional<UrlError> split_authority(std::string_view authority, net::Endpoint& endpoint) {
    std::string_view host = authority;
    std::string_view after;
    if (!authority.empty() && authority.front() == '[') {
        const auto close = authority.find(']');
        if (close == std::string_view::npos)
            return UrlError{std::string("has a [ without a ]") + kExample};
        host = authority.substr(1, close - 1);
        after = authority.substr(close + 1);
        if (!is_ipv6_text(host))
            return UrlError{std::string("has no IPv6 address between [ and ]") + kExample};
    } else {
        const auto colon = authority.find(':');
        host = authority.substr(0, colon);
        after = colon == std::string_view::npos ? "" : authority.substr(colon);
        if (!is_host_name(host))
            return UrlError{std::string("has no valid host") + kExample};
    }
    if (!after.empty() && (after.front() != ':' || !is_port(after.substr(1))))
        return UrlError{std::string("has no valid port") + kExample};
    endpoint.host = host;
    endpoint.port = after.empty() ? (endpoint.tls ? "443" : "80") : after.substr(1);
    return std::nullopt;
}

} // namespace

std::variant<net::Endpoint, UrlError> split_server_url(const std::string& url) {
    net::Endpoint endpoint;
    std::string_view rest = url;
    const auto scheme_end = rest.find("://");
    std::string scheme(rest.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(), [](unsigned char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    });
    if (scheme != "https" && scheme != "http")
        return UrlError{std::string("does not begin with https://") + kExample};
    endpoint.tls = scheme == "https";
    rest.remove_prefix(scheme_end + 3);
    if (rest.find_first_of("?#@") != std::string_view::npos)
        return UrlError{std::string("holds one of ? # @, which have no place here") + kExample};
    const auto is_plain = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
    if (!std::all_of(rest.begin(), rest.end(), is_plain))
        return UrlError{std::string("holds blanks or special characters") + kExample};
    const auto slash = std::min(rest.find('/'), rest.size());
    std::string_view path = rest.substr(slash);
    while (!path.empty() && path.back() == '/')
        path.remove_suffix(1);
    endpoint.base_path = path;
    if (auto error = split_authority(rest.substr(0, slash), endpoint))
        return *error;
    return endpoint;
}

} // namespace le_run::kubernetes

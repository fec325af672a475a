#include "kubernetes/server_url.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "net/address.h"

namespace le_run::kubernetes {
namespace {

constexpr const char* kExample = "; write an address like https://10.0.0.1:6443";

} // namespace

std::variant<net::Endpoint, UrlError> split_server_url(const std::string& url) {
    net::Endpoint endpoint;
    std::string_view rest = url;
    const auto scheme_end = rest.find("://");
    std::string scheme(rest.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(), [](unsigned char c) {
        return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    });
    if (scheme != "https" && scheme != "http") {
        return UrlError{std::string("does not begin with https://") + kExample};
    }
    endpoint.tls = scheme == "https";
    rest.remove_prefix(scheme_end + 3);
    if (rest.find_first_of("?#@") != std::string_view::npos) {
        return UrlError{std::string("holds one of ? # @, which have no place here") + kExample};
    }
    const auto is_plain = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
    if (!std::all_of(rest.begin(), rest.end(), is_plain)) {
        return UrlError{std::string("holds blanks or special characters") + kExample};
    }
    const auto slash = std::min(rest.find('/'), rest.size());
    std::string_view path = rest.substr(slash);
    while (!path.empty() && path.back() == '/') {
        path.remove_suffix(1);
    }
    endpoint.base_path = path;
    auto split = net::split_authority(rest.substr(0, slash));
    if (const auto* wrong = std::get_if<std::string>(&split)) {
        return UrlError{*wrong + kExample};
    }
    auto& named = std::get<net::HostAndPort>(split);
    endpoint.host = std::move(named.host);
    endpoint.port = named.port.empty() ? (endpoint.tls ? "443" : "80") : std::move(named.port);
    return endpoint;
}

} // namespace le_run::kubernetes

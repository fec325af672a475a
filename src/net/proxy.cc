#include "net/proxy.h"

#include <algorithm>
#include <string_view>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include "net/address.h"

namespace le_run::net {

namespace {

namespace ip = boost::asio::ip;

struct Scheme {
    const char* name;
    Proxy::Kind kind;
    const char* port;
};
constexpr Scheme kSchemes[] = {{"http", Proxy::Kind::kHttp, "80"},
                               {"https", Proxy::Kind::kHttps, "443"},
                               {"socks5", Proxy::Kind::kSocks5, "1080"}};

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return result;
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char small = static_cast<char>(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
        if (low < 0) {
            return std::nullopt;
        }
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return decoded;
}

ProxyError wrong(const std::string& what) {
    return {what + "; write http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT, with "
                   "USER:PASSWORD@ before HOST where the proxy asks for them"};
}

// Sets user and password in `proxy`. False: they cannot be sent.
bool read_credentials(std::string_view text, Proxy& proxy) {
    const auto colon = text.find(':');
    const auto user = percent_decoded(text.substr(0, colon));
    const auto password = percent_decoded(colon == std::string_view::npos ? std::string_view()
                                                                          : text.substr(colon + 1));
    if (!user || !password || user->find(':') != std::string::npos) {
        return false;
    }
    proxy.user = *user;
    proxy.password = *password;
    // SOCKS has one byte for each length.
    return proxy.kind != Proxy::Kind::kSocks5 || (user->size() <= 255 && password->size() <= 255);
}

// An IPv4 address in IPv6 form counts as the IPv4 address.
std::optional<ip::address> parse_address(const std::string& text) {
    boost::system::error_code failed;
    const auto address = ip::make_address(text, failed);
    if (failed) {
        return std::nullopt;
    }
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    }
    return address;
}

bool is_network(const std::string& entry) {
    boost::system::error_code is_no_v4, is_no_v6;
    ip::make_network_v4(entry, is_no_v4);
    ip::make_network_v6(entry, is_no_v6);
    return entry.find('/') != std::string::npos && (!is_no_v4 || !is_no_v6);
}

bool network_holds(const std::string& network, const ip::address& address) {
    boost::system::error_code failed;
    if (address.is_v4()) {
        const auto v4 = ip::make_network_v4(network, failed);
        return !failed &&
               ip::network_v4(address.to_v4(), v4.prefix_length()).canonical() == v4.canonical();
    }
    const auto v6 = ip::make_network_v6(network, failed);
    return !failed &&
           ip::network_v6(address.to_v6(), v6.prefix_length()).canonical() == v6.canonical();
}

// Splits host:port and [v6]:port like Go. Any other text is a host.
HostAndPort split_entry(const std::string& entry) {
    const auto colon = entry.rfind(':');
    if (colon == std::string::npos || (entry.find(':') != colon && entry.front() != '[')) {
        return {entry, ""};
    }
    std::string host = entry.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    return {host, entry.substr(colon + 1)};
}

// One entry of NO_PROXY, not empty and not "*".
bool entry_names(const std::string& entry, const std::string& host,
                 const std::optional<ip::address>& address, const std::string& port) {
    if (is_network(entry)) {
        return address && network_holds(entry, *address);
    }
    auto named = split_entry(entry);
    if (named.host.empty() || (!named.port.empty() && named.port != port)) {
        return false;
    }
    if (const auto exact = parse_address(named.host)) {
        return address == exact;
    }
    if (named.host.starts_with("*.")) {
        named.host.erase(0, 1);
    }
    if (named.host.starts_with('.')) {
        return host.ends_with(named.host);
    }
    return host == named.host || host.ends_with("." + named.host);
}

} // namespace

std::string text_of(const Proxy& proxy) {
    std::string scheme;
    for (const auto& each : kSchemes) {
        if (each.kind == proxy.kind) {
            scheme = each.name;
        }
    }
    return scheme + "://" + authority(proxy.host, proxy.port);
}

std::variant<Proxy, ProxyError> parse_proxy(const std::string& url, const std::string& source) {
    const auto scheme_end = url.find("://");
    if (scheme_end == std::string::npos) {
        return wrong("does not begin with http://, https:// or socks5://");
    }
    const std::string name = lower(url.substr(0, scheme_end));
    const auto* scheme = std::find_if(std::begin(kSchemes), std::end(kSchemes),
                                      [&](const Scheme& each) { return name == each.name; });
    if (scheme == std::end(kSchemes)) {
        return wrong("begins with neither http:// nor https:// nor socks5://");
    }
    std::string_view rest = std::string_view(url).substr(scheme_end + 3);
    if (rest.find_first_of("?#") != std::string_view::npos) {
        return wrong("holds ? or #, which in a password are written %3F and %23");
    }
    const auto slash = std::min(rest.find('/'), rest.size());
    if (slash + 1 < rest.size()) {
        return wrong("has a path, but a proxy has none (a / in a password is written %2F)");
    }
    rest = rest.substr(0, slash);

    Proxy proxy;
    proxy.kind = scheme->kind;
    proxy.source = source;
    const auto at = rest.rfind('@');
    if (at != std::string_view::npos && !read_credentials(rest.substr(0, at), proxy)) {
        return wrong("has a user or password that cannot be sent (a % in one is written %25)");
    }
    auto split = split_authority(at == std::string_view::npos ? rest : rest.substr(at + 1));
    if (const auto* why = std::get_if<std::string>(&split)) {
        return wrong(*why);
    }
    const auto& named = std::get<HostAndPort>(split);
    proxy.host = named.host;
    proxy.port = named.port.empty() ? scheme->port : named.port;
    return proxy;
}

bool is_exempt_from_proxy(const std::string& no_proxy, const std::string& host,
                          const std::string& port) {
    const std::string name = lower(host);
    const auto address = parse_address(name);
    if (name == "localhost" || (address && address->is_loopback())) {
        return true;
    }
    for (std::size_t begin = 0; begin <= no_proxy.size();) {
        const auto end = std::min(no_proxy.find(',', begin), no_proxy.size());
        const std::string entry =
            lower(trimmed(std::string_view(no_proxy).substr(begin, end - begin)));
        if (entry == "*" || (!entry.empty() && entry_names(entry, name, address, port))) {
            return true;
        }
        begin = end + 1;
    }
    return false;
}

std::variant<std::optional<Proxy>, ProxyError>
proxy_of_environment(bool tls, const std::string& host, const std::string& port,
                     const Environment& environment) {
    const auto first_of = [&](const char* upper_case) {
        for (const std::string& name : {std::string(upper_case), lower(upper_case)}) {
            const std::string value = environment(name).value_or("");
            if (!value.empty()) {
                return std::pair(name, value);
            }
        }
        return std::pair(std::string(), std::string());
    };
    const auto [name, value] = first_of(tls ? "HTTPS_PROXY" : "HTTP_PROXY");
    if (value.empty() || is_exempt_from_proxy(first_of("NO_PROXY").second, host, port)) {
        return std::nullopt;
    }
    const bool has_scheme = value.find("://") != std::string::npos;
    auto proxy = parse_proxy(has_scheme ? value : "http://" + value, name);
    if (const auto* error = std::get_if<ProxyError>(&proxy)) {
        return ProxyError{name + " " + error->text};
    }
    return std::get<Proxy>(std::move(proxy));
}

} // namespace le_run::net

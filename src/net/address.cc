#include "net/address.h"

#include <algorithm>

#include <boost/asio/ip/address.hpp>

namespace le_run::net {

namespace {

bool is_port(std::string_view text) {
    if (text.empty() || text.size() > 5 || text.front() == '0') {
        return false;
    }
    int number = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return false;
        }
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

// An address with a zone is refused, because a zone names an interface of one machine.
bool is_ipv6_literal(std::string_view text) {
    return text.find(':') != std::string_view::npos && text.find('%') == std::string_view::npos &&
           is_ip_literal(std::string(text));
}

} // namespace

bool is_ip_literal(const std::string& host) {
    boost::system::error_code failed;
    boost::asio::ip::make_address(host, failed);
    return !failed;
}

std::string authority(const std::string& host, const std::string& port) {
    const bool is_v6 = host.find(':') != std::string::npos;
    return (is_v6 ? "[" + host + "]" : host) + ":" + port;
}

std::variant<HostAndPort, std::string> split_authority(std::string_view text) {
    std::string_view host = text;
    std::string_view after;
    if (!text.empty() && text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos) {
            return "has a [ without a ]";
        }
        host = text.substr(1, close - 1);
        after = text.substr(close + 1);
        if (!is_ipv6_literal(host)) {
            return "has no IPv6 address between [ and ]";
        }
    } else {
        const auto colon = text.find(':');
        host = text.substr(0, colon);
        after = colon == std::string_view::npos ? "" : text.substr(colon);
        if (!is_host_name(host)) {
            return "has no valid host";
        }
    }
    if (after.empty()) {
        return HostAndPort{std::string(host), ""};
    }
    if (after.front() != ':' || !is_port(after.substr(1))) {
        return "has no valid port";
    }
    return HostAndPort{std::string(host), std::string(after.substr(1))};
}

} // namespace le_run::net

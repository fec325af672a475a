// IP addresses and host names in URLs and messages.
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace le_run::net {

// Whether `host` is an address such as "127.0.0.1" or "::1", without brackets. It needs no lookup.
bool is_ip_literal(const std::string& host);

// "host:port", with brackets around an IPv6 literal: the Host header, and the name in messages.
std::string authority(const std::string& host, const std::string& port);

struct HostAndPort {
    std::string host; // DNS name or IP literal, without brackets
    std::string port; // decimal; empty: not given
};

// Splits "host", "host:port", "[::1]" and "[::1]:port". For other texts returns what is wrong, as
// the end of a sentence: "has no valid port".
std::variant<HostAndPort, std::string> split_authority(std::string_view text);

} // namespace le_run::net

// IP literals and names, as they appear in URLs and messages.
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace le_run::net {

// "127.0.0.1", "::1": an address that needs no lookup. Without brackets.
bool is_ip_literal(const std::string& host);

// "host:port", with brackets around an IPv6 literal: the Host header, and the name in messages.
std::string authority(const std::string& host, const std::string& port);

struct HostAndPort {
    std::string host; // DNS name or IP literal, without brackets
    std::string port; // decimal; empty: not given
};

// Splits "host", "host:port", "[::1]" and "[::1]:port"; else why it is none of these, as the end
// of a sentence: "has no valid port".
std::variant<HostAndPort, std::string> split_authority(std::string_view text);

} // namespace le_run::net

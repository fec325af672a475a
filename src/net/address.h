// IP literals and names, as they appear in URLs and messages.
#pragma once

#include <string>

namespace le_run::net {

// "127.0.0.1", "::1": an address that needs no lookup. Without brackets.
bool is_ip_literal(const std::string& host);

// "host:port", with brackets around an IPv6 literal: the Host header, and the name in messages.
std::string authority(const std::string& host, const std::string& port);

} // namespace le_run::net

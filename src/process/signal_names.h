// Signals by name, as users write them and as the log shows them.
#pragma once

#include <optional>
#include <string>

namespace le_run::process {

// "TERM", "SIGTERM", "term", "15", "RTMIN+3", "RTMAX-1". Nothing: no such signal.
std::optional<int> parse_signal(const std::string& text);

// "SIGTERM"; "SIGRTMIN+3" for real-time signals.
std::string signal_name(int number);

// Whether it ends a program that does nothing about it.
bool ends_by_default(int number);

} // namespace le_run::process

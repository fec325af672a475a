// Names of signals, as users write them and as the log shows them.
#pragma once

#include <optional>
#include <string>

namespace le_run::process {

// Reads "TERM", "SIGTERM", "term", "15", "RTMIN+3", "RTMAX-1". Nothing: there is no such signal.
std::optional<int> parse_signal(const std::string& text);

// "SIGTERM"; "SIGRTMIN+3" for real-time signals.
std::string signal_name(int number);

// Whether the signal ends a program that does not handle it.
bool ends_by_default(int number);

} // namespace le_run::process

// The headers of an answer that this program reads, and instants and durations in messages.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/time_point.h"

namespace le_run::net {

using WallSeconds = std::chrono::sys_seconds;

// Retry-After in its form of seconds, at most a day; a date and anything else is nullopt.
std::optional<Duration> parse_retry_after(const std::string& value);

// Date: "Sun, 06 Nov 1994 08:49:37 GMT", the only form that a server may send today.
std::optional<WallSeconds> parse_http_date(const std::string& value);

// How far this machine's clock, which says `now`, is ahead of that of a server which sent this
// Date. Nothing for what is no date, and for one a century off: of a server whose clock was never
// set.
std::optional<std::chrono::seconds> clock_ahead_of(const std::string& date, WallSeconds now);

WallSeconds this_clock(); // of this machine; for messages only

// "2 s", "0.7 s", "150 ms".
std::string text_of(Duration duration);

// "1994-11-06 08:49:37 UTC".
std::string text_of(WallSeconds instant);

// "this machine's clock is 90 s behind the server's" when they differ by more than a minute, else
// empty.
std::string clock_difference_text(std::chrono::seconds ahead);

} // namespace le_run::net

// Reads headers of answers, and formats instants and durations for messages.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/time_point.h"

namespace le_run::net {

using WallSeconds = std::chrono::sys_seconds;

// Retry-After in seconds, at most a day. Nothing: a date, or anything else.
std::optional<Duration> parse_retry_after(const std::string& value);

// Date, in the only form that servers may send today: "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<WallSeconds> parse_http_date(const std::string& value);

// How far this machine's clock, which says `now`, is ahead of the clock of a server that sent this
// Date. Nothing: it is not a date, or it is a century off, from a clock that was never set.
std::optional<std::chrono::seconds> clock_ahead_of(const std::string& date, WallSeconds now);

WallSeconds this_clock(); // this machine's clock; for messages only

// "2 s", "0.7 s", "150 ms".
std::string text_of(Duration duration);

// "1994-11-06 08:49:37 UTC".
std::string text_of(WallSeconds instant);

// A text such as "this machine's clock is 90 s behind the server's"; empty if the clocks differ by
// at most a minute.
std::string clock_difference_text(std::chrono::seconds ahead);

} // namespace le_run::net

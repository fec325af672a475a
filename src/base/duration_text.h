// Durations as Go writes them ("15s", "1m30s", "500ms"): the notation of client-go's flags and of
// Kubernetes users.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time_point.h"

namespace le_run {

// Reads a duration like Go's time.ParseDuration, but without a sign: decimal numbers with the units
// h, m, s, ms, us, ns; "0" needs no unit. Nothing: another form, or above ten years.
std::optional<Duration> parse_duration(std::string_view text);

// The shortest text for `duration`, rounded to milliseconds: "12.97s", "1m30s", "500ms", "0s",
// "-1.5s".
std::string format_duration(Duration duration);

} // namespace le_run

// The form of a time in log lines of le-run and its guard: "2026-01-02T03:04:05.678Z".
#pragma once

#include <cstddef>
#include <cstdint>

namespace le_run {

constexpr std::size_t kLogTimeSize = 80; // with room for a year of any size

// Allocates nothing and reads no file; gmtime_r may do both.
void write_log_time(std::int64_t microseconds_since_1970, char (&text)[kLogTimeSize]);

} // namespace le_run

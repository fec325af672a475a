#include "base/log_time.h"

#include <chrono>
#include <cstdio>

namespace le_run {

void write_log_time(std::int64_t microseconds_since_1970, char (&text)[kLogTimeSize]) {
    using namespace std::chrono;
    const auto at =
        floor<milliseconds>(sys_time<microseconds>(microseconds(microseconds_since_1970)));
    const auto day = floor<days>(at);
    const year_month_day date(day);
    const hh_mm_ss time(at - day);
    std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
}

} // namespace le_run

#include "net/http_headers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <string_view>

namespace le_run::net {

namespace {

// The value of `text`, which must have digits only.
std::optional<int> number(std::string_view text) {
    int value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        value = value * 10 + (c - '0');
    }
    return value;
}

} // namespace

std::optional<Duration> parse_retry_after(const std::string& value) {
    constexpr long long kLongest = 24 * 60 * 60;
    if (value.empty() ||
        !std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return std::nullopt;
    }
    long long seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc{}) {
        seconds = kLongest; // more digits than a number holds
    }
    return std::chrono::seconds(std::min(seconds, kLongest));
}

std::optional<WallSeconds> parse_http_date(const std::string& value) {
    using namespace std::chrono;
    constexpr std::string_view kForm = "___, __ ___ ____ __:__:__ GMT";
    constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const bool fits = std::equal(kForm.begin(), kForm.end(), value.begin(), value.end(),
                                 [](char form, char c) { return form == '_' || form == c; });
    if (!fits) {
        return std::nullopt;
    }
    const auto month = kMonths.find(value.substr(8, 3));
    const auto day = number(value.substr(5, 2)), year = number(value.substr(12, 4)),
               hour = number(value.substr(17, 2)), minute = number(value.substr(20, 2)),
               second = number(value.substr(23, 2));
    if (month == std::string_view::npos || month % 3 != 0 || !day || !year || !hour || !minute ||
        !second || *hour > 23 || *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    const year_month_day date(std::chrono::year(*year),
                              std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                              std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok()) {
        return std::nullopt;
    }
    return sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second);
}

WallSeconds this_clock() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::optional<std::chrono::seconds> clock_ahead_of(const std::string& date, WallSeconds now) {
    constexpr std::chrono::years kBelievable{100};
    const auto server_clock = parse_http_date(date);
    if (!server_clock || std::chrono::abs(now - *server_clock) > kBelievable) {
        return std::nullopt;
    }
    return now - *server_clock;
}

std::string text_of(Duration duration) {
    const auto ms = std::chrono::round<std::chrono::milliseconds>(duration).count();
    if (ms < 1000) {
        return std::to_string(ms) + " ms";
    }
    const auto tenths = (ms + 50) / 100;
    const std::string whole = std::to_string(tenths / 10);
    return tenths % 10 == 0 ? whole + " s" : whole + "." + std::to_string(tenths % 10) + " s";
}

std::string text_of(WallSeconds instant) {
    using namespace std::chrono;
    const auto day = floor<days>(instant);
    const year_month_day date(day);
    const hh_mm_ss time(instant - day);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d UTC", int(date.year()),
                  unsigned(date.month()), unsigned(date.day()), int(time.hours().count()),
                  int(time.minutes().count()), int(time.seconds().count()));
    return text;
}

std::string clock_difference_text(std::chrono::seconds ahead) {
    if (std::chrono::abs(ahead) <= std::chrono::minutes(1)) {
        return {};
    }
    return "this machine's clock is " + std::to_string(std::chrono::abs(ahead).count()) + " s" +
           (ahead.count() > 0 ? " ahead of" : " behind") + " the server's";
}

} // namespace le_run::net

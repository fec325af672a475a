// The functions for times in store/lease_json.h.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "store/lease_json.h"

namespace le_run::store {
namespace {

using Days = std::chrono::sys_days;
using Micros = std::chrono::microseconds;

constexpr Micros kEarliest = Days(std::chrono::year(1) / 1 / 1).time_since_epoch();
constexpr Micros kLatest =
    Micros(Days(std::chrono::year(10000) / 1 / 1).time_since_epoch()) - Micros(1);

constexpr std::int64_t kYearsRead = 30'000; // before and after 0; years beyond count as this limit

// Reads the text from left to right. After the first mismatch, every call fails.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    // A year as Go writes it, of any size: at least four digits, more after 9999, and a sign before
    // the year 0. A year beyond 32 bits keeps its sign.
    std::int64_t year() {
        const bool is_before_zero = accept('-');
        std::int64_t value = number(4);
        const bool may_go_on = value >= 1000;
        while (may_go_on && !failed_ && !rest_.empty() && rest_.front() >= '0' &&
               rest_.front() <= '9') {
            value = std::min<std::int64_t>(value * 10 + digit(), INT32_MAX);
        }
        return is_before_zero ? -value : value;
    }
    // Exactly `digits` decimal digits.
    int number(int digits) {
        int value = 0;
        for (int i = 0; i < digits; ++i) {
            value = value * 10 + digit();
        }
        return value;
    }
    void expect(char wanted) { failed_ = failed_ || !accept(wanted); }
    bool accept(char wanted) {
        if (rest_.empty() || rest_.front() != wanted) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }
    // The digits after a point, cut to millionths.
    int millionths() {
        int value = 0;
        int count = 0;
        // Asks for failed_, because digit() takes nothing after a failure: the loop would not end.
        for (; !failed_ && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
             ++count) {
            const int next = digit();
            if (count < 6) {
                value = value * 10 + next;
            }
        }
        failed_ = failed_ || count == 0 || count > 18;
        for (; count < 6; ++count) {
            value *= 10;
        }
        return value;
    }
    bool read_all() const { return !failed_ && rest_.empty(); }

private:
    int digit() {
        if (failed_ || rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
            failed_ = true;
            return 0;
        }
        const int value = rest_.front() - '0';
        rest_.remove_prefix(1);
        return value;
    }

    std::string_view rest_;
    bool failed_ = false;
};

} // namespace

std::string format_micro_time(WallTime time) {
    const Micros micros = std::clamp(Micros(time.microseconds), kEarliest, kLatest);
    const auto day = std::chrono::floor<std::chrono::days>(micros);
    const std::chrono::year_month_day date{Days(day)};
    const std::chrono::hh_mm_ss clock{micros - day};
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ", int(date.year()),
                  unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                  int(clock.minutes().count()), int(clock.seconds().count()),
                  int(clock.subseconds().count()));
    return text.data();
}

Parsed<WallTime> parse_micro_time(std::string_view text) {
    Reader reader(text);
    const std::int64_t year_written = reader.year();
    constexpr int kLeapYear = 2000; // it has every day that a year has
    const bool is_in_range = year_written >= -kYearsRead && year_written <= kYearsRead;
    const std::chrono::year year(is_in_range ? static_cast<int>(year_written) : kLeapYear);
    reader.expect('-');
    const std::chrono::month month(static_cast<unsigned>(reader.number(2)));
    reader.expect('-');
    const std::chrono::day day(static_cast<unsigned>(reader.number(2)));
    reader.expect('T');
    const int hour = reader.number(2);
    reader.expect(':');
    const int minute = reader.number(2);
    reader.expect(':');
    const int second = reader.number(2);
    const int fraction = reader.accept('.') ? reader.millionths() : 0;
    int offset_minutes = 0;
    if (!reader.accept('Z')) {
        const bool east = reader.accept('+');
        if (!east) {
            reader.expect('-');
        }
        const int hours = reader.number(2);
        reader.expect(':');
        const int minutes = reader.number(2);
        if (hours > 23 || minutes > 59) {
            return Malformed{"a time with an impossible offset"};
        }
        offset_minutes = (east ? 1 : -1) * (hours * 60 + minutes);
    }
    const auto date = year / month / day;
    if (!reader.read_all() || !date.ok() || hour > 23 || minute > 59 || second > 59) {
        return Malformed{"not a time like 2026-01-02T03:04:05.123456Z"};
    }
    if (!is_in_range) {
        return WallTime{(year_written < 0 ? kEarliest : kLatest).count()};
    }
    const Micros micros = Micros(Days(date).time_since_epoch()) + std::chrono::hours(hour) +
                          std::chrono::minutes(minute - offset_minutes) +
                          std::chrono::seconds(second) + Micros(fraction);
    return WallTime{micros.count()};
}

} // namespace le_run::store

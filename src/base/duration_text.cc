#include "base/duration_text.h"

#include <array>
#include <cstdint>
#include <utility>

namespace le_run {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t nanoseconds;
};
// Longer names first, so that "ms" is not read as "m" and an extra "s".
constexpr std::array<Unit, 7> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"\xc2\xb5"
                                       "s",
                                       1'000}, // the micro sign
                                      {"ms", 1'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000}}};
constexpr std::int64_t kLongest = std::int64_t{10} * 365 * 24 * 3'600'000'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes digits from the front. Nothing: there are none or too many.
std::optional<std::int64_t> take_number(std::string_view& text, int* digits) {
    std::int64_t value = 0;
    for (*digits = 0; !text.empty() && is_digit(text.front()); ++*digits) {
        if (*digits >= 17) {
            return std::nullopt;
        }
        value = value * 10 + (text.front() - '0');
        text.remove_prefix(1);
    }
    return value;
}

// Takes a term such as "1.5s" from the front.
std::optional<Duration> take_term(std::string_view& text) {
    int whole_digits = 0;
    const auto whole = take_number(text, &whole_digits);
    std::int64_t fraction = 0;
    std::int64_t scale = 1;
    int fraction_digits = 0;
    if (whole && text.starts_with('.')) {
        text.remove_prefix(1);
        for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), ++fraction_digits) {
            if (fraction_digits < 9) { // further digits are dropped, as in Go
                fraction = fraction * 10 + (text.front() - '0');
                scale *= 10;
            }
        }
    }
    if (!whole || whole_digits + fraction_digits == 0) {
        return std::nullopt;
    }
    for (const Unit& unit : kUnits) {
        if (text.starts_with(unit.name)) {
            text.remove_prefix(unit.name.size());
            if (*whole > kLongest / unit.nanoseconds) {
                return std::nullopt;
            }
            const auto part = static_cast<long double>(fraction) * unit.nanoseconds / scale;
            return Duration(*whole * unit.nanoseconds + static_cast<std::int64_t>(part));
        }
    }
    return std::nullopt;
}

} // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    if (text == "0") {
        return Duration::zero();
    }
    if (text.empty()) {
        return std::nullopt;
    }
    Duration sum{};
    while (!text.empty()) {
        const auto term = take_term(text);
        if (!term || sum + *term > Duration(kLongest)) {
            return std::nullopt;
        }
        sum += *term;
    }
    return sum;
}

std::string format_duration(Duration duration) {
    std::int64_t ms = std::chrono::round<std::chrono::milliseconds>(duration).count();
    std::string text = ms < 0 ? "-" : "";
    ms = ms < 0 ? -ms : ms;
    if (ms < 1000) {
        return ms == 0 ? "0s" : text.append(std::to_string(ms)).append("ms");
    }
    if (const auto hours = ms / 3'600'000; hours > 0) {
        text += std::to_string(hours) + "h";
    }
    if (const auto minutes = ms / 60'000 % 60; minutes > 0) {
        text += std::to_string(minutes) + "m";
    }
    if (const auto rest = ms % 60'000; rest > 0) {
        std::string decimals = std::to_string(1000 + rest % 1000).substr(1);
        decimals.erase(decimals.find_last_not_of('0') + 1);
        text += std::to_string(rest / 1000) + (decimals.empty() ? "" : "." + decimals) + "s";
    }
    return text;
}

} // namespace le_run

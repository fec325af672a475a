// An instant in le-run: the values of two clocks.
//
// BOOTTIME counts suspend, but NTP slews it (chrony: up to 8.3 %). RAW is MONOTONIC_RAW plus the
// suspended time, and is never slewed. A *holder* must give up its lease when either clock has
// reached the deadline. An *observer* may take a lease only when both clocks have. This type has no
// now(): only clock.h reads the clocks, all other code gets the time as an argument. steady_clock
// and system_clock do not convert to it.
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdint>

namespace le_run {

using Duration = std::chrono::nanoseconds;

class TimePoint {
public:
    constexpr TimePoint() = default;
    constexpr TimePoint(Duration boot, Duration raw) : boot_(boot), raw_(raw) {}

    // Later than every deadline. Adding a lease duration to it does not overflow.
    static constexpr TimePoint far_future() {
        return {std::chrono::hours(24 * 365 * 100), std::chrono::hours(24 * 365 * 100)};
    }

    // Earlier than every instant of this boot.
    static constexpr TimePoint far_past() { return {-far_future().boot(), -far_future().raw()}; }

    constexpr Duration boot() const { return boot_; }
    constexpr Duration raw() const { return raw_; }

    friend constexpr TimePoint operator+(TimePoint t, Duration d) {
        return {t.boot_ + d, t.raw_ + d};
    }
    friend constexpr TimePoint operator-(TimePoint t, Duration d) {
        return {t.boot_ - d, t.raw_ - d};
    }
    friend constexpr bool operator==(const TimePoint&, const TimePoint&) = default;

private:
    Duration boot_{0};
    Duration raw_{0};
};

// The time that a holder has until `deadline`: the faster clock decides. Negative after `deadline`.
constexpr Duration left_for_holder(TimePoint now, TimePoint deadline) {
    return std::min(deadline.boot() - now.boot(), deadline.raw() - now.raw());
}

// The time that an observer must wait until `deadline`: the slower clock decides.
constexpr Duration left_for_observer(TimePoint now, TimePoint deadline) {
    return std::max(deadline.boot() - now.boot(), deadline.raw() - now.raw());
}

constexpr bool has_passed_for_holder(TimePoint now, TimePoint deadline) {
    return left_for_holder(now, deadline) <= Duration::zero();
}

constexpr bool has_passed_for_observer(TimePoint now, TimePoint deadline) {
    return left_for_observer(now, deadline) <= Duration::zero();
}

// For each clock, the earlier value: the stricter of two deadlines of a holder.
constexpr TimePoint earlier(TimePoint a, TimePoint b) {
    return {std::min(a.boot(), b.boot()), std::min(a.raw(), b.raw())};
}

// For each clock, the later value: when both deadlines have passed.
constexpr TimePoint later(TimePoint a, TimePoint b) {
    return {std::max(a.boot(), b.boot()), std::max(a.raw(), b.raw())};
}

// Whether time did not go backwards on either clock between two readings.
constexpr bool is_not_before(TimePoint later, TimePoint before) {
    return later.boot() >= before.boot() && later.raw() >= before.raw();
}

// A wall-clock time in a record, in microseconds since 1970 (client-go's MicroTime). It is written,
// shown and tested for equality, but never decides whether a lease has run out.
struct WallTime {
    std::int64_t microseconds = 0;
    friend auto operator<=>(const WallTime&, const WallTime&) = default;
};

} // namespace le_run

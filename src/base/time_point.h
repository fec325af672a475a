// An instant as le-run knows it: two clocks, and none of them can be asked from here.
//
// BOOTTIME counts suspend but is slewed by NTP (chrony: up to 8.3 %); RAW is MONOTONIC_RAW plus the
// suspended time and is never slewed. Whoever *holds* something must give it up when either clock
// says so; whoever *waits* for another's to run out may believe it only when both do. This type has
// no now(): time is an argument everywhere but in clock.h, and neither steady_clock nor
// system_clock converts to it.
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

    // Later than every deadline; adding a lease to it does not overflow.
    static constexpr TimePoint far_future() {
        return {std::chrono::hours(24 * 365 * 100), std::chrono::hours(24 * 365 * 100)};
    }

    // Earlier than every instant of this boot, by as much as far_future() is later.
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

// What a holder has left until `deadline`: the clock that ran faster decides. Negative when it has
// passed.
constexpr Duration left_for_holder(TimePoint now, TimePoint deadline) {
    return std::min(deadline.boot() - now.boot(), deadline.raw() - now.raw());
}

// What an observer must still wait until `deadline`: the clock that ran slower decides.
constexpr Duration left_for_observer(TimePoint now, TimePoint deadline) {
    return std::max(deadline.boot() - now.boot(), deadline.raw() - now.raw());
}

constexpr bool has_passed_for_holder(TimePoint now, TimePoint deadline) {
    return left_for_holder(now, deadline) <= Duration::zero();
}

constexpr bool has_passed_for_observer(TimePoint now, TimePoint deadline) {
    return left_for_observer(now, deadline) <= Duration::zero();
}

// The stricter of two deadlines of a holder, clock by clock.
constexpr TimePoint earlier(TimePoint a, TimePoint b) {
    return {std::min(a.boot(), b.boot()), std::min(a.raw(), b.raw())};
}

// The laxer of two deadlines, clock by clock: when both have passed.
constexpr TimePoint later(TimePoint a, TimePoint b) {
    return {std::max(a.boot(), b.boot()), std::max(a.raw(), b.raw())};
}

// Whether time did not go backwards on either clock between two readings.
constexpr bool is_not_before(TimePoint later, TimePoint before) {
    return later.boot() >= before.boot() && later.raw() >= before.raw();
}

// A wall-clock time as the record shows it, in microseconds since 1970 (client-go's MicroTime).
// Written, shown, tested for equality; never used to decide whether a lease ran out.
struct WallTime {
    std::int64_t microseconds = 0;
    friend auto operator<=>(const WallTime&, const WallTime&) = default;
};

} // namespace le_run

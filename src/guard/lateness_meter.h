// Measures how late the guard wakes up, and decides what to report to le-run. Pure: the guard loop
// tells it each sleep during a run.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time_point.h"

namespace le_run::guard {

class LatenessMeter {
public:
    // Only lateness above this is reported.
    static constexpr Duration kNotable = std::chrono::milliseconds(100);
    // A stall may have begun at any time during the sleep. The report is too low by at most this.
    static constexpr Duration kUntold = std::chrono::milliseconds(100);
    static constexpr Duration kBetween = std::chrono::seconds(1);

    // The guard woke `late` after the end of a sleep of `slept`.
    void woke(Duration slept, Duration late) {
        if (late > kNotable) {
            worst_ = std::max(worst_, late + std::max(Duration::zero(), slept - kUntold));
        }
    }
    // There is no run, so lateness does no harm.
    void forget() { worst_ = Duration::zero(); }

    // The lateness to report to le-run now: the worst since the last report.
    std::optional<Duration> due(TimePoint now) const {
        if (worst_ == Duration::zero() || now.boot() - told_at_.boot() < kBetween) {
            return std::nullopt;
        }
        return worst_;
    }
    void was_told(TimePoint now) {
        told_at_ = now;
        worst_ = Duration::zero();
    }

private:
    Duration worst_{}; // not reported yet
    TimePoint told_at_{};
};

} // namespace le_run::guard

// How late the guard wakes up, and what of it le-run is to be told: pure. The guard loop tells it
// of each sleep during a run.
#pragma once

#include <algorithm>
#include <optional>

#include "base/time_point.h"

namespace le_run::guard {

class LatenessMeter {
public:
    // More than this is worth telling.
    static constexpr Duration kNotable = std::chrono::milliseconds(100);
    // A stall may have begun at any time during the sleep that it ended. What is told of it lacks
    // at most this much.
    static constexpr Duration kUntold = std::chrono::milliseconds(100);
    static constexpr Duration kBetween = std::chrono::seconds(1);

    // The guard woke `late` after the end of a sleep of `slept`.
    void woke(Duration slept, Duration late) {
        if (late > kNotable) {
            worst_ = std::max(worst_, late + std::max(Duration::zero(), slept - kUntold));
        }
    }
    // No run is under way: lateness harms nobody.
    void forget() { worst_ = Duration::zero(); }

    // What le-run is to be told now: the worst since it was told last.
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
    Duration worst_{}; // not told yet
    TimePoint told_at_{};
};

} // namespace le_run::guard

// Decides whether le-run hangs. Pure: the guard loop tells it when it heard from le-run and when it
// woke up.
//
// le-run pings every few seconds during a run, and every 10 s without one. When the guard itself
// was late or the machine was suspended, that is not le-run's silence: then the counting starts
// again. le-run is never ended while a tree lives.
//
// When a deadline of the child has passed, le-run logs it, unless it is frozen. Then the guard must
// log it. The guard waits for a second of silence before it does.
#pragma once

#include <optional>

#include "base/time_point.h"

namespace le_run::guard {

class HangWatch {
public:
    // The limit after a run that ended because no extension came, if le-run was silent since.
    static constexpr Duration kAfterDeadline = std::chrono::seconds(15);
    static constexpr Duration kWithoutRun = std::chrono::seconds(60);
    // If the guard itself wakes up this late, le-run's silence before proves nothing.
    static constexpr Duration kOwnLateness = std::chrono::seconds(1);
    // After so much silence since a passed deadline, le-run will not log it.
    static constexpr Duration kToTell = std::chrono::seconds(1);

    explicit HangWatch(TimePoint now) : silent_since_(now) {}

    void heard(TimePoint now);
    // The guard woke `late` after the instant it had asked for.
    void woke(TimePoint now, Duration late);
    // The tree was ended because no extension came.
    void run_ended_by_deadline() { limit_ = kAfterDeadline; }
    // le-run was told to end; it gets the same time again.
    void acted(TimePoint now) { silent_since_ = now; }

    void run_begins() {
        passed_at_.reset();
        tells_itself_ = false;
    }
    // No extension came, so the child is being stopped or killed.
    void deadline_passed(TimePoint now) {
        if (!passed_at_) {
            passed_at_ = now;
        }
    }
    // Whether the guard must log it now. True only once.
    bool is_to_be_told(TimePoint now);
    Duration silence(TimePoint now) const { return now.boot() - silent_since_.boot(); }

    bool is_hung(TimePoint now) const {
        return has_passed_for_observer(now, silent_since_ + limit_);
    }

private:
    TimePoint silent_since_;
    Duration limit_ = kWithoutRun;
    std::optional<TimePoint> passed_at_; // the passed deadline of the last run
    bool tells_itself_ = false;          // le-run logs it, or the guard has logged it
};

} // namespace le_run::guard

// Whether le-run hangs: pure; the guard loop tells it what it heard and when it woke.
//
// le-run pings every few seconds during a run and every 10 s without one. A guard that was late
// itself, or a machine that was suspended, is no silence of le-run's: then the counting starts
// anew. le-run is never ended while a tree lives.
#pragma once

#include "time_point.h"

namespace le_run {

class HangWatch {
public:
    // After a run that ended because no extension came, and nothing was heard since.
    static constexpr Duration kAfterDeadline = std::chrono::seconds(15);
    static constexpr Duration kWithoutRun = std::chrono::seconds(60);
    // Own lateness from which silence proves nothing.
    static constexpr Duration kOwnLateness = std::chrono::seconds(1);

    explicit HangWatch(TimePoint now) : silent_since_(now) {}

    void heard(TimePoint now) {
        silent_since_ = now;
        limit_ = kWithoutRun;
    }
    // The guard woke `late` after the instant it had asked for.
    void woke(TimePoint now, Duration late) {
        if (late > kOwnLateness)
            silent_since_ = now;
    }
    // A tree is gone because no extension came.
    void run_ended_by_deadline() { limit_ = kAfterDeadline; }
    // le-run was told to end; it is given as long again.
    void acted(TimePoint now) { silent_since_ = now; }

    bool is_hung(TimePoint now) const {
        return has_passed_for_observer(now, silent_since_ + limit_);
    }

private:
    TimePoint silent_since_;
    Duration limit_ = kWithoutRun;
};

} // namespace le_run

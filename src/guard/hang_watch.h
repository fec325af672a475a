// Whether le-run hangs: pure; the guard loop tells it what it heard and when it woke.
//
// le-run pings every few seconds during a run and every 10 s without one. A guard that was late
// itself, or a machine that was suspended, is no silence of le-run's: then the counting starts
// anew. le-run is never ended while a tree lives.
//
// When a deadline of the child has passed, le-run says so itself, unless it is frozen: then the
// guard has to say it. One of the two is right, and a second of silence tells which.
#pragma once

#include <optional>

#include "base/time_point.h"

namespace le_run::guard {

class HangWatch {
public:
    // After a run that ended because no extension came, and nothing was heard since.
    static constexpr Duration kAfterDeadline = std::chrono::seconds(15);
    static constexpr Duration kWithoutRun = std::chrono::seconds(60);
    // Own lateness from which silence proves nothing.
    static constexpr Duration kOwnLateness = std::chrono::seconds(1);
    // Silence after a passed deadline that shows that le-run does not tell of it.
    static constexpr Duration kToTell = std::chrono::seconds(1);

    explicit HangWatch(TimePoint now) : silent_since_(now) {}

    void heard(TimePoint now);
    // The guard woke `late` after the instant it had asked for.
    void woke(TimePoint now, Duration late);
    // A tree is gone because no extension came.
    void run_ended_by_deadline() { limit_ = kAfterDeadline; }
    // le-run was told to end; it is given as long again.
    void acted(TimePoint now) { silent_since_ = now; }

    void run_begins() {
        passed_at_.reset();
        tells_itself_ = false;
    }
    // No extension came: the child is asked to stop, or killed.
    void deadline_passed(TimePoint now) {
        if (!passed_at_) {
            passed_at_ = now;
        }
    }
    // Whether the guard has to tell of it; once.
    bool is_to_be_told(TimePoint now);
    Duration silence(TimePoint now) const { return now.boot() - silent_since_.boot(); }

    bool is_hung(TimePoint now) const {
        return has_passed_for_observer(now, silent_since_ + limit_);
    }

private:
    TimePoint silent_since_;
    Duration limit_ = kWithoutRun;
    std::optional<TimePoint> passed_at_; // of the last run
    bool tells_itself_ = false;          // or it has been told
};

} // namespace le_run::guard

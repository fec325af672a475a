// Whether the guard hangs, and when to ask it: pure; the guard link tells it what was asked and what
// was answered.
//
// Silence is what counts, and only as long as le-run asked for it: le-run's own lateness, on a
// loaded machine or after a pause, is no silence of the guard's. While the lease is far from its
// end, a silent guard is continued once after kContinueAfter (it may have been stopped) and ended
// after kEndAfter; renewals do not depend on it. Once the lease may end (`urgent_at`) half a lambda
// must do.
//
// A guard that says that it is killing has begun in time, and has much to do: it may be silent for a
// lambda. But where it hangs in the middle, le-run must go on with the killing in time: from a
// lambda after urgent_at on a quarter of a lambda must do. Whatever half a lambda late the guard
// began, the tree is gone within lambda and kappa: the time that it killed is not lost.
#pragma once

#include <cstdint>

#include "base/time_point.h"

namespace le_run::leader {

class GuardWatch {
public:
    enum class Verdict { kFine, kContinue, kEnd };

    static constexpr Duration kContinueAfter = std::chrono::seconds(3);
    static constexpr Duration kEndAfter = std::chrono::seconds(6);
    // Own lateness from which the silence before it proves nothing.
    static constexpr Duration kOwnLateness = std::chrono::seconds(1);
    // Pings, where no message tells more: during a run, without one, while one is unanswered.
    static constexpr Duration kPingDuringRun = std::chrono::seconds(3);
    static constexpr Duration kPingWithoutRun = std::chrono::seconds(10);
    static constexpr Duration kPingUnanswered = std::chrono::seconds(1);
    // From kAskOftenBefore before urgent_at on.
    static constexpr Duration kPingNearTheEnd = std::chrono::milliseconds(125);
    static constexpr Duration kAskOftenBefore = std::chrono::seconds(1);

    // A run is under way; from `urgent_at` on nothing may be waited for that the guard should do.
    // After a start or a stop the guard is asked soon.
    void run_until(TimePoint now, TimePoint urgent_at);
    // Both processes wake up for an extension, so the guard is asked along where it can be.
    void extended(TimePoint now, TimePoint urgent_at);
    void run_is_over();
    // How late the guard may wake by what the election reckons with.
    void set_lambda(Duration lambda) { lambda_ = lambda; }

    // When the next ping is due; another instant perhaps after each call of the others.
    TimePoint due() const { return due_; }
    // To be called when it is due, before it is sent.
    Verdict look(TimePoint now);
    // Ping `number` was due. `was_asked`: the guard can see it; or it would if it read anything.
    void asked(TimePoint now, bool was_asked);
    std::uint64_t next_number() const { return asked_ + 1; }
    void answered(TimePoint now, std::uint64_t number, bool is_killing);

private:
    Duration until_next(TimePoint now) const;
    void ask_soon(TimePoint now);
    bool is_answered() const { return answered_ == asked_; }
    bool is_waiting() const { return !is_answered() || was_refused_; }
    bool is_over(TimePoint now) const;

    bool runs_ = false;
    bool was_refused_ = false; // the last ping
    bool is_killing_ = false;
    TimePoint urgent_at_ = TimePoint::far_future();
    Duration lambda_ = std::chrono::seconds(1);
    std::uint64_t asked_ = 0;
    std::uint64_t answered_ = 0;
    TimePoint asked_at_{};
    TimePoint due_{};
    Duration due_in_{};        // after asked_at_, if nothing changes
    TimePoint silent_since_{}; // the oldest ping without an answer was due then
    Duration silent_{};        // of the time since, what was asked for
    int silent_asks_ = 0;
};

} // namespace le_run::leader

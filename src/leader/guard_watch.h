// Decides when to ping the guard, and whether the guard hangs. Pure: GuardLink tells it which pings
// were sent and answered.
//
// Only silence between pings counts. When le-run itself wakes up late (a loaded machine, a pause),
// that time is not the guard's silence. While the lease is far from its end, a silent guard gets
// SIGCONT after kContinueAfter (it may have been stopped), and is ended after kEndAfter. Renewals
// do not depend on the guard. After `urgent_at`, half a lambda of silence is enough to end it.
//
// A guard that says that it is killing began in time and is busy, so it may be silent for a lambda.
// But if it hangs in the middle, le-run must finish the killing in time. So from urgent_at + lambda
// on, a quarter of a lambda of silence is enough. Even when the guard began half a lambda late, the
// tree is gone within lambda and kappa, because the guard's kills before it hung count too.
#pragma once

#include <cstdint>

#include "base/time_point.h"

namespace le_run::leader {

class GuardWatch {
public:
    enum class Verdict { kFine, kContinue, kEnd };

    static constexpr Duration kContinueAfter = std::chrono::seconds(3);
    static constexpr Duration kEndAfter = std::chrono::seconds(6);
    // If le-run itself looks this late, the guard's silence before proves nothing.
    static constexpr Duration kOwnLateness = std::chrono::seconds(1);
    // Time between pings: during a run, without a run, and while a ping is unanswered.
    static constexpr Duration kPingDuringRun = std::chrono::seconds(3);
    static constexpr Duration kPingWithoutRun = std::chrono::seconds(10);
    static constexpr Duration kPingUnanswered = std::chrono::seconds(1);
    // Time between pings from urgent_at() - kAskOftenBefore on.
    static constexpr Duration kPingNearTheEnd = std::chrono::milliseconds(125);
    static constexpr Duration kAskOftenBefore = std::chrono::seconds(1);

    // What the guard is told of the run. A ping comes soon after a start and a stop. It comes along
    // with an extension, if the last ping is not too recent: both processes wake up for the
    // extension anyway.
    void started(TimePoint now, TimePoint term_at, TimePoint kill_at);
    void extended(TimePoint now, TimePoint term_at, TimePoint kill_at);
    // kHeld: the lease lasts longer than the last kill_at. kLost: it is lost, so there is no time
    // to wait for the guard.
    enum class Lease { kHeld, kLost };
    void stopped(TimePoint now, TimePoint kill_at, Lease lease);
    void run_is_over();
    // How late the guard may wake up, as the election assumes.
    void set_lambda(Duration lambda) { lambda_ = lambda; }

    // When the next ping is due. Each call of another function may change it.
    TimePoint due() const { return due_; }
    // Call it when a ping is due, before sending the ping.
    Verdict look(TimePoint now);
    // A ping was due. `was_asked`: it lies in the channel; false: the kernel refused it.
    void asked(TimePoint now, bool was_asked);
    std::uint64_t next_number() const { return asked_ + 1; }
    void answered(TimePoint now, std::uint64_t number, bool is_killing);

private:
    // From then on le-run has no time to wait for the guard.
    TimePoint urgent_at() const;
    Duration until_next(TimePoint now) const;
    void ask_soon(TimePoint now);
    bool is_answered() const { return answered_ == asked_; }
    bool is_waiting() const { return !is_answered() || was_refused_; }
    bool is_over(TimePoint now) const;

    bool runs_ = false;
    bool was_refused_ = false; // the kernel refused the last ping
    bool is_killing_ = false;
    TimePoint term_at_ = TimePoint::far_future(); // of the run
    TimePoint kill_at_ = TimePoint::far_future(); // of the run, or of its stop
    Lease lease_ = Lease::kHeld;
    Duration lambda_ = std::chrono::seconds(1);
    std::uint64_t asked_ = 0;
    std::uint64_t answered_ = 0;
    TimePoint asked_at_{};
    TimePoint due_{};
    Duration due_in_{};        // after asked_at_, if nothing changes
    TimePoint silent_since_{}; // when the oldest unanswered ping was due
    Duration silent_{};        // the guard's silence since then, without le-run's own lateness
    int silent_asks_ = 0;
};

} // namespace le_run::leader

// The time that this host needs between KILL_AT and the lease's end, as measured. lambda comes from
// how late processes woke up in the last minute, kappa from the process tree to be killed.
//
// One late wake-up in a minute was a pause (suspend, SIGSTOP, a frozen container), and predicts
// nothing. Two may come again, at most twice as bad, so lambda is twice the second worst. lambda
// covers all pauses from KILL_AT to the empty tree, so kappa needs no share for them.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "election/timing.h"

namespace le_run::election {

class Margin {
public:
    static constexpr Duration kRemembered = std::chrono::seconds(60);
    static constexpr int kSafety = 2;

    // `configured` has the least lambda and kappa.
    explicit Margin(const Timing& configured) : configured_(configured), measured_(configured) {}

    // Forgets lateness older than kRemembered. Call it first in each step.
    void forget(TimePoint now);
    // A process on this machine woke up `by` after the instant it had asked for.
    void woke_late(TimePoint now, Duration by);
    // Killing the `processes` of the work takes up to `kappa`.
    void tree_needs(Duration kappa, std::uint32_t processes);
    void tree_is_gone();

    // The configured timing with lambda and kappa as measured.
    const Timing& measured() const { return measured_; }
    // lambda as it was measured when a request was sent at `anchor`.
    Duration lambda_at(TimePoint anchor) const;
    // Whether a lease can be kept safe with the measured margins.
    bool fits() const { return measured_.tries_fit(); }
    // When the oldest lateness will be forgotten. Only then does time alone change an answer.
    std::optional<TimePoint> forgets_at() const;
    // When fits() becomes true, if nothing more happens. Only while !fits() and no tree exists.
    TimePoint fits_at() const;
    // When to kill a tree whose killing takes too long for the lease: while the present renewal
    // lasts, even in a drain. `held`: the timing for the present anchor `s`.
    TimePoint tree_limit(const Timing& held, TimePoint s) const;
    // The reason for the measured margins: "this host paused twice in 60s (3.7s, 3.9s)".
    std::string cause() const;
    // Whether the margins are above the configured ones and a quarter above the last report. If so,
    // they count as reported.
    bool has_grown();

private:
    struct Seen {
        TimePoint at;
        Duration lateness;
    };
    struct Worst { // in order of time
        Duration first{}, second{};
    };

    Worst worst_two(std::size_t from) const;
    Duration lambda(std::size_t from) const;
    void update(TimePoint since);
    void forget_told();
    Duration total() const { return measured_.lambda + measured_.kappa; }

    Timing configured_;
    Timing measured_;
    std::deque<Seen> seen_; // oldest first
    struct Change {
        TimePoint since;
        Duration lambda;
    };
    std::deque<Change> changes_; // of lambda, oldest first
    std::uint32_t processes_ = 0;
    Duration told_{}; // total() at the last report; zero: none since the margins were as configured
};

} // namespace le_run::election

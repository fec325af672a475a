// The timing rule: until when may protected work run after the last successful renewal?
//
// Everything is measured from s, the clock's reading just before that renewal was sent. The store
// cannot have seen it earlier, so nobody may take over before s + lease duration on their own
// clock. Hence
//
//   KILL_AT = s + D (1 - rho) / (1 + rho) - lambda - kappa
//   TERM_AT = s + renew deadline
//
// rho: how far clock rates may be off. lambda: how late the guard may wake up, and all pauses after
// that. kappa: the time from the first SIGKILL to an empty process tree, without pauses. The
// assumptions of the proof are in tests/README.md ("What the proof assumes").
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/time_point.h"

namespace le_run::election {

struct Timing {
    // D; whole seconds, because the record has no fractions.
    Duration lease_duration = std::chrono::seconds(15);
    // After this time without a successful renewal, the work is asked to stop.
    Duration renew_deadline = std::chrono::seconds(10);
    // Between renewals, and between reads on standby.
    Duration retry_period = std::chrono::seconds(2);
    // From TERM_AT to SIGKILL; none: all the time that the lease leaves.
    std::optional<Duration> lost_grace;
    Duration lambda = kLeastMargin;
    Duration kappa = kLeastMargin;

    static constexpr Duration kLeastMargin = std::chrono::seconds(1);
    static constexpr Duration kLeastRequestTimeout = std::chrono::milliseconds(100);
    // So many renewals must fit between retry period and renew deadline.
    static constexpr int kTries = 3;

    // KILL_AT - s, without the lost grace. May be negative for a hopeless combination.
    Duration usable() const;
    // TERM_AT - s: the renew deadline, or less if margins above the least ones leave less.
    Duration effective_renew_deadline() const;
    // How long one request may take, so that kTries of them fit; at least kLeastRequestTimeout.
    Duration request_timeout() const;
    // How long a holder waits for an answer before it sends another request beside it; the first
    // one's answer still counts when it comes. It is short, so that several tries fit.
    Duration try_period() const;
    // The request timeout for the store. It is a little shorter, so that the store reports a
    // request that hangs before the election gives it up.
    Duration answer_timeout() const;
    // Whether kTries requests of at least kLeastRequestTimeout fit.
    bool tries_fit() const;

    // When a holder without an answer warns, so that the warning comes before the loss.
    TimePoint warns_at(TimePoint s) const;
    TimePoint term_at(TimePoint s) const { return s + effective_renew_deadline(); }
    // When SIGKILL to the whole tree begins. The lost grace may make it earlier.
    TimePoint kill_at(TimePoint s) const;
    // The same without the lost grace: the limit for a requested stop.
    TimePoint latest_kill_at(TimePoint s) const { return s + usable(); }

private:
    Duration time_for_a_try() const;
};

// Every relation that `timing` breaks: one sentence each, with the options and the numbers. Empty:
// `timing` is sound. A margin above the least one (small CPU limit) breaks none but the last: the
// tries must fit.
std::vector<std::string> broken_relations(const Timing& timing);

// The shortest lease duration, in whole seconds, that allows the configured renew deadline with
// these margins.
Duration lease_duration_for(const Timing& timing);

// lambda and kappa with a limit of `cpus` CPUs: max(1 s, 0.5 s / cpus). Measured in tests/bench.
Duration margin_for(std::optional<double> cpus);

} // namespace le_run::election

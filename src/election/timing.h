// The timing rule: until when may protected work run, given the last renewal whose success is
// known?
//
// Everything is measured from s, the clock's reading just before that renewal was sent. The store
// cannot have seen it earlier, so nobody may take over before s + lease duration on their own
// clock. Hence
//
//   KILL_AT = s + D (1 - rho) / (1 + rho) - lambda - kappa
//   TERM_AT = s + renew deadline
//
// rho: how far clock rates may be off; lambda: how late the guard may wake, and be kept
// from its work after that; kappa: from the first SIGKILL to an empty process tree where nothing
// keeps it. The assumptions of the proof are in tests/README.md ("What
// the proof assumes").
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/time_point.h"

namespace le_run::election {

struct Timing {
    Duration lease_duration =
        std::chrono::seconds(15); // D; whole seconds, as the record can carry no less
    Duration renew_deadline =
        std::chrono::seconds(10); // without a renewal for so long, the work is asked to stop
    Duration retry_period =
        std::chrono::seconds(2); // between renewals, and between looks on standby
    std::optional<Duration>
        lost_grace; // from TERM_AT to SIGKILL; without: all that the lease leaves
    Duration lambda = kLeastMargin;
    Duration kappa = kLeastMargin;

    static constexpr Duration kLeastMargin = std::chrono::seconds(1);
    static constexpr Duration kLeastRequestTimeout = std::chrono::milliseconds(100);
    static constexpr int kTries =
        3; // renewals that must fit between retry period and renew deadline

    // KILL_AT - s. May be negative for a hopeless combination.
    Duration usable() const;
    // TERM_AT - s: the renew deadline, or less where margins above the least ones leave less.
    Duration effective_renew_deadline() const;
    // How long one request may take, so that kTries of them fit; at least kLeastRequestTimeout.
    Duration request_timeout() const;
    // How long a holder waits for an answer before it sends another request beside it; the first
    // one's answer still counts when it comes.
    Duration try_period() const { return std::max(kLeastRequestTimeout, request_timeout() / 2); }
    // The request timeout for the store: a little less, so that what the store says of a request
    // that hangs comes before the election gives it up.
    Duration answer_timeout() const;
    // Whether kTries requests of at least kLeastRequestTimeout fit.
    bool tries_fit() const;

    TimePoint term_at(TimePoint s) const { return s + effective_renew_deadline(); }
    // Where SIGKILL to the whole tree begins; the lost grace bounds it as well.
    TimePoint kill_at(TimePoint s) const;
    // The same without the lost grace: what bounds a drain that was asked for.
    TimePoint latest_kill_at(TimePoint s) const { return s + usable(); }

private:
    Duration time_for_a_try() const;
};

// Every relation that `timing` breaks, one sentence each, in the user's words and with the numbers;
// empty: it is sound. A margin above the least one (a small CPU limit) never breaks a relation of
// its own, except that the tries must fit.
std::vector<std::string> broken_relations(const Timing& timing);

// The shortest lease duration, in whole seconds, that keeps the asked renew deadline under these
// margins.
Duration lease_duration_for(const Timing& timing);

// lambda and kappa under a limit of that many CPUs: max(1 s, 0.5 s / CPUs). Measured: tests/bench.
Duration margin_for(std::optional<double> cpus);

} // namespace le_run::election

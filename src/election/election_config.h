// The settings of an election.
#pragma once

#include <cstdint>
#include <optional>

#include "election/lease.h"
#include "election/timing.h"

namespace le_run::election {

struct ElectionConfig {
    HolderIdentity id;
    Timing timing; // broken_relations(timing) must be empty
    std::optional<Duration>
        stop_grace; // from a requested stop to SIGKILL; none: no limit but the lease
    bool standby_after_loss = true;
    bool standby_after_work_ended = false;
    // Give up if leadership was not won in this time and the holder was seen to renew. A silent
    // holder gets its whole lease duration, and then le-run takes its lease. None: never give up.
    std::optional<Duration> wait;
    // After work that ended by itself, keep the lease until so long after it was won; none: release
    // it at once.
    std::optional<Duration> hold;
    // Differs in each process: for jitter, and to tell processes with the same identity apart.
    std::uint64_t seed = 0;
};

// The lease of a dead process whose work is proven gone. ElectionConfig::id is its identity.
struct LeftBehind {
    WallTime acquire_time; // of the write that won the lease
    TimePoint until;       // tries to release end here; the lease does not run out earlier
};

} // namespace le_run::election

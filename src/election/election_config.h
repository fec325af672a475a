// What an election is told at its start.
#pragma once

#include <cstdint>
#include <optional>

#include "election/lease.h"
#include "election/timing.h"

namespace le_run::election {

struct ElectionConfig {
    HolderIdentity id;
    Timing timing; // sound: broken_relations() is empty
    std::optional<Duration>
        stop_grace; // after a step-down that was asked for; none: no limit but the lease
    bool standby_after_loss = true;
    bool standby_after_work_ended = false;
    // Give up when leadership was not won in that time and the holder was seen to renew meanwhile.
    // A holder that is silent gets its lease duration: then its lease is taken. None: never.
    std::optional<Duration> wait;
    // Work that ended by itself leaves the lease held until so long after it was won; none:
    // released at once.
    std::optional<Duration> hold;
    // For jitter, and to tell processes with one identity apart; differs from process to process.
    std::uint64_t seed = 0;
};

// What a process that has died left held, its work proven gone: `config`'s identity names it.
struct LeftBehind {
    WallTime acquire_time; // of the write that won the lease
    TimePoint until;       // not after the lease may run out: a release is tried no longer
};

} // namespace le_run::election

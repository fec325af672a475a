// What the election tells people. The words of the log lines are chosen in run/, the facts here.
#pragma once

#include <string>

#include "base/time_point.h"
#include "election/lease.h"

namespace le_run::election {

struct Report {
    enum class Event {
        kContending,     // takes part (again)
        kNewLeader,      // `holder` leads by the record seen last; empty: nobody
        kHeld,           // by `holder`, which has not been seen renewing: it may be dead
        kAcquired,       // `token`; `left` until the lease runs out, from the send on
        kRenewalFailing, // `left` until the work is asked to stop; `text`: what failed
        kRenewalWorks,   // again
        kStopBegins,     // `text`: why; `left` until SIGKILL
        kSteppingDown, // `text`: why the lease cannot be kept safe; it is held and will be released
        kLost,         // `text`: why
        kReleased,     //
        kNotReleased,  // `text`: why; it runs out by itself in `left`, where that is above zero
        kStoreTrouble, // on standby, or in a hold: `text`; le-run ends in `left`, if above zero
        kStoreWorks,   // again
        // The record promises `left` to its `holder`, far more than this configuration.
        kLongDuration,
        // The record promises `left` to its `holder`, not what this configuration does.
        kOtherDuration,
        kVanished,    // on standby: `text` (deleted, emptied) without release; waits for `left`
        kHolding,     // the work has ended; the lease is kept for `left`
        kHoldingBack, // stays behind for `left` after a lost lease or a child that ended
        kWatchFails,  // `text`; looks at the lease every `left` until it works again
        kWatchWorks,  // again
        // `text`: why; without a renewal work is asked to stop `left` after the last one, and
        // killed `killed_after` it.
        kMarginGrown,
        kNotContending, // for `left`; `text`: why
    };
    Event event;
    Duration left{};
    std::string text{};
    HolderIdentity holder{};
    FencingToken token{};
    Duration killed_after{};
};

} // namespace le_run::election

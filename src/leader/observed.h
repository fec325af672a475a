// What a replica tells people: the election's reports, and what happens to the child.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "election/facts.h"
#include "election/report.h"
#include "guard/channel.h"
#include "leader/events.h"

namespace le_run::leader {

// How a run of the child ended, as the guard said.
struct ChildEnd {
    guard::Gone gone;
    std::optional<guard::Failed> failed; // set if the child could not be started
};

struct LeaseWatched {}; // the watch works: each change of the lease is an event
struct ChildStarted {
    std::int32_t pid = 0;
};
struct OthersLeft { // the child has ended; the rest of its tree is now asked to stop
    std::int32_t wait_status = 0;
    bool was_unasked = false; // the child exited with 0, and nothing had asked it to end
};
struct TreeGone {
    ChildEnd child;
};
struct StopAsked {
    SignalCame signal;
};
struct SignalUnused { // a signal that le-run ignores on standby
    SignalCame signal;
};

using Observed =
    std::variant<election::Report, LeaseWatched, ChildStarted, OthersLeft, TreeGone,
                 election::TreeMeasured, GuardLost, TreeSwept, StopAsked, SignalUnused>;

} // namespace le_run::leader

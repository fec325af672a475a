// What a replica tells people: what the election reports, and what became of the child.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "election/facts.h"
#include "election/report.h"
#include "guard/channel.h"
#include "leader/events.h"

namespace le_run::leader {

// How a run of the child ended; what the guard said of it.
struct ChildEnd {
    guard::Gone gone;
    std::optional<guard::Failed> failed; // the child could not be started
};

struct LeaseWatched {}; // its changes are told from now on
struct ChildStarted {
    std::int32_t pid = 0;
};
struct OthersLeft { // the child has ended, others of its tree are left and are asked to stop
    std::int32_t wait_status = 0;
    bool was_unasked = false; // it exited with 0 though nothing had asked it to end
};
struct TreeGone {
    ChildEnd child;
};
struct StopAsked {
    SignalCame signal;
};
struct SignalUnused { // it means nothing on standby
    SignalCame signal;
};

using Observed =
    std::variant<election::Report, LeaseWatched, ChildStarted, OthersLeft, TreeGone,
                 election::TreeMeasured, GuardLost, TreeSwept, StopAsked, SignalUnused>;

} // namespace le_run::leader

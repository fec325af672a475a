// What can happen to a child machine, and what it wants done, as values. Of le-run's messages
// Until, Stop, Signal and Settled are facts as they are.
#pragma once

#include <cstdint>
#include <variant>

#include "base/time_point.h"
#include "guard/channel.h"

namespace le_run::guard {

namespace child_fact {
struct Tick {};
struct StartAsked { // of Start, what the machine needs
    RunNumber run = 0;
    TimePoint term_at;
    TimePoint kill_at;
    std::int64_t acquire_time = 0;
};
struct Executed { // the child has been exec'ed
    std::int32_t pid = 0;
};
struct ExecFailed { // (stage, errno); the child, if there is one, is about to end
    std::int32_t stage = 0;
    std::int32_t error = 0;
};
struct TooLate {}; // the child found term_at passed just before its exec, and is about to end
struct ChildEnded {
    std::int32_t wait_status = 0;
    enum class Others {
        kNone,
        kLeft
    } others = Others::kNone; // whether others of the tree are alive
};
struct OtherEnded { // another process of the tree was reaped
    std::int32_t wait_status = 0;
};
struct TreeGone {};  // waitid said ECHILD
struct LeRunDied {}; // all that it said before has been told
} // namespace child_fact

using ChildFact = std::variant<child_fact::Tick, child_fact::StartAsked, Until, Stop, Signal,
                               Settled, child_fact::Executed, child_fact::ExecFailed,
                               child_fact::TooLate, child_fact::ChildEnded, child_fact::OtherEnded,
                               child_fact::TreeGone, child_fact::LeRunDied>;

namespace child_action {
struct Spawn {};     // fork and exec the child of the Start just given
struct SignalChild { // to the child alone
    std::int32_t number = 0;
};
struct SignalOthers { // to all that is left of the tree, with SIGCONT
    std::int32_t number = 0;
};
struct Tell {
    FromGuard message;
};
struct Release { // le-run is dead, its tree is gone, and its lease is still held
    std::int64_t acquire_time = 0;
    TimePoint kill_at; // the last one the lease gave
};
struct Leave {}; // le-run is dead and no tree is left: the guard ends
} // namespace child_action

using ChildAction =
    std::variant<child_action::Spawn, child_action::SignalChild, child_action::SignalOthers,
                 child_action::Tell, child_action::Release, child_action::Leave>;

} // namespace le_run::guard

// Facts for ChildMachine (what happened) and its actions (what to do), as values. le-run's messages
// Until, Stop, Signal and Settled are facts without a change.
#pragma once

#include <cstdint>
#include <variant>

#include "base/time_point.h"
#include "guard/channel.h"

namespace le_run::guard {

namespace child_fact {
struct Tick {};
struct StartAsked { // the part of a Start message that the machine needs
    RunNumber run = 0;
    TimePoint term_at;
    TimePoint kill_at;
    WallTime acquire_time{};
};
struct Executed { // the child has been exec'ed
    std::int32_t pid = 0;
};
struct ExecFailed { // (stage, errno); the forked child, if there is one, ends now
    std::int32_t stage = 0;
    std::int32_t error = 0;
};
struct TooLate {}; // just before its exec the child saw that term_at had passed; it ends now
struct ChildEnded {
    std::int32_t wait_status = 0;
    enum class Others {
        kNone,
        kLeft
    } others = Others::kNone; // whether other processes of the tree are alive
};
struct OtherEnded { // another process of the tree was reaped
    std::int32_t wait_status = 0;
};
struct TreeGone {};  // waitid said ECHILD
struct LeRunDied {}; // all messages that le-run sent before have been read
} // namespace child_fact

using ChildFact = std::variant<child_fact::Tick, child_fact::StartAsked, Until, Stop, Signal,
                               Settled, child_fact::Executed, child_fact::ExecFailed,
                               child_fact::TooLate, child_fact::ChildEnded, child_fact::OtherEnded,
                               child_fact::TreeGone, child_fact::LeRunDied>;

namespace child_action {
struct Spawn {};     // fork and exec the child of the last StartAsked
struct SignalChild { // send a signal to the child only
    std::int32_t number = 0;
};
struct SignalOthers { // send a signal and SIGCONT to every process left in the tree
    std::int32_t number = 0;
};
struct Tell {
    FromGuard message;
};
struct Release { // release the lease: le-run is dead, its tree is gone, the lease is still held
    WallTime acquire_time{};
    TimePoint kill_at; // from le-run's last Start or Until
};
struct Leave {}; // end the guard: le-run is dead and no tree is left
} // namespace child_action

using ChildAction =
    std::variant<child_action::Spawn, child_action::SignalChild, child_action::SignalOthers,
                 child_action::Tell, child_action::Release, child_action::Leave>;

} // namespace le_run::guard

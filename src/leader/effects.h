// What the Leader wants done. Its owner does it in this order, before the next step.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "election/actions.h"
#include "guard/channel.h"
#include "leader/observed.h"

namespace le_run::leader {

// --- to the store, beside ReadLease and WriteLease ---
struct WatchLease {}; // sent once; from then on each change of the lease is an event

// --- to the guard ---
struct StartRun {
    guard::RunNumber run = 0;
    TimePoint term_at;
    TimePoint kill_at;
    WallTime acquire_time;
    election::FencingToken token;
};
struct ExtendRun {
    guard::RunNumber run = 0;
    TimePoint term_at;
    TimePoint kill_at;
};
struct StopRun {
    guard::RunNumber run = 0;
    election::StopCause cause = election::StopCause::kStepDown;
    int signal = 0; // to the child, now; 0: none
    TimePoint kill_at;
};
struct PassOn { // a signal for the child
    guard::RunNumber run = 0;
    int signal = 0;
};
struct SettleRun { // the run is over; if le-run dies now, the guard has nothing to release
    guard::RunNumber run = 0;
};

// --- the end ---
struct Ends {
    election::Ending ending;
    std::string text;              // why, where it is not obvious
    std::optional<ChildEnd> child; // how the child of the last leadership ended
    int stop_signal = 0;           // what a requested stop sent to the child; 0: no stop requested
};

using Effect = std::variant<election::ReadLease, election::WriteLease, WatchLease, StartRun,
                            ExtendRun, StopRun, PassOn, SettleRun, Observed, Ends>;

} // namespace le_run::leader

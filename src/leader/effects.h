// What a replica wants done, in this order, before its next step.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "election/actions.h"
#include "guard/channel.h"
#include "leader/observed.h"

namespace le_run::leader {

// --- to the store, beside ReadLease and WriteLease ---
struct WatchLease {}; // from now on each change is an event; once

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
    int signal = 0; // now; 0: none
    TimePoint kill_at;
};
struct PassOn { // to the child
    guard::RunNumber run = 0;
    int signal = 0;
};
struct SettleRun { // it is over, and nothing is left to release in this process's place
    guard::RunNumber run = 0;
};

// --- the end ---
struct Ends {
    election::Ending ending;
    std::string text;              // why, where it is not obvious
    std::optional<ChildEnd> child; // of the leadership that the ending speaks of
    int stop_signal = 0; // that a stop that was asked for sends to the child; 0: none was asked for
};

using Effect = std::variant<election::ReadLease, election::WriteLease, WatchLease, StartRun,
                            ExtendRun, StopRun, PassOn, SettleRun, Observed, Ends>;

} // namespace le_run::leader

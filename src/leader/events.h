// What can happen to a replica, as values; the time comes beside them.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "election/facts.h"
#include "guard/channel.h"

namespace le_run::leader {

struct GuardLost { // the guard has died, or was ended because it did not answer
    std::string how;
};
struct TreeSwept { // after GuardLost, when a run was under way: no process of its tree is left
    std::uint32_t killed = 0; // how many died by SIGKILL
};
struct SignalCame { // to le-run
    int number = 0;
    std::int64_t pid = 0;        // who sent it
    bool is_from_kernel = false; // a terminal, not a process
    bool was_ignored = false;    // since before le-run was started (nohup)
};

// A message from the guard counts for the run under way only.
using Event = std::variant<election::Tick, election::ReadAnswered, election::WriteAnswered,
                           election::Watched, guard::FromGuard, GuardLost, TreeSwept, SignalCame>;

} // namespace le_run::leader

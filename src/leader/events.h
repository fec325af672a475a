// What can happen to a replica, as values. The time is passed beside them.
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
struct TreeSwept {            // after GuardLost during a run: le-run has ended the whole tree
    std::uint32_t killed = 0; // processes that SIGKILL ended
};
struct SignalCame { // le-run got a signal
    int number = 0;
    std::int64_t pid = 0;        // of the sender
    bool is_from_kernel = false; // from a terminal, not from a process
    bool was_ignored = false;    // le-run was started with this signal ignored (nohup)
};

// A message from the guard counts only if it is about the current run.
using Event = std::variant<election::Tick, election::ReadAnswered, election::WriteAnswered,
                           election::Watched, guard::FromGuard, GuardLost, TreeSwept, SignalCame>;

} // namespace le_run::leader

// Releases a dead le-run's lease in a separate process below the guard, because the release needs
// threads and the network.
//
// It forks and does not exec. The guard was forked from le-run before any thread, socket or library
// existed, so it has le-run's memory as it was at the start, with the options. So nothing must be
// handed over, no loader runs, and it does not matter if the binary was replaced since.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/time_point.h"
#include "guard/process_tree.h"

namespace le_run::guard {

// Runs `task` in such a process. Returns when that process, and all that it started, has ended; at
// `end_at` they get SIGKILL. If the fork fails, nothing runs. Call it in the guard, with SIGCHLD
// blocked, when its tree is gone: `tree` is that empty tree.
void run_below(const std::function<void()>& task, TimePoint end_at, ProcessTree& tree,
               Clock& clock);

} // namespace le_run::guard

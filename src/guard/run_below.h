// Runs the release of a dead le-run's lease, which needs threads and the network, in a process of
// its own below the guard.
//
// A fork and no exec: the guard was forked from le-run before any thread, socket or library
// existed, so its image is what le-run's own was at its start, options included. Nothing has to be
// handed over, no loader has to run, and a binary that was replaced since is no matter.
#pragma once

#include <functional>

#include "base/clock.h"
#include "base/time_point.h"
#include "guard/process_tree.h"

namespace le_run::guard {

// Runs `task` in such a process and returns when it has ended, and whatever it started. What is
// left at `end_at` gets SIGKILL. When no process can be had nothing is run. To be called by a
// guard whose tree is gone: `tree` is that tree, empty; SIGCHLD is blocked.
void run_below(const std::function<void()>& task, TimePoint end_at, ProcessTree& tree,
               Clock& clock);

} // namespace le_run::guard

// le-run's only loop: runs the election, the store and the guard together.
#pragma once

#include "guard/guard.h"
#include "options/options.h"

namespace le_run::app {

// Returns le-run's exit code, after all log lines are written. Call it with every signal blocked
// (signal_source.h); `guard` must have been forked before any thread existed. Leave with _exit
// after it, because library threads may still wait for the network.
int run(const options::Options& options, guard::GuardProcess guard);

} // namespace le_run::app

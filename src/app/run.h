// Runs the election, the store and the guard together until the end: le-run's only loop.
#pragma once

#include "guard/guard.h"
#include "options/options.h"

namespace le_run::app {

// Returns le-run's exit code; the log has been written. Every signal is blocked (signal_source.h)
// and `guard` was forked before any thread existed. After it returns leave with _exit: library
// threads may still be waiting for the network.
int run(const options::Options& options, guard::GuardProcess guard);

} // namespace le_run::app

// Releases the lease of a dead le-run.
#pragma once

#include "election/election_config.h"
#include "options/options.h"

namespace le_run::app {

// `options` are the dead le-run's. Call it in a separate process with all signals blocked, and
// leave that with _exit, because library threads may still wait for the network. All log lines are
// written when it returns. Throws only if it cannot make a log.
void release(const options::Options& options, const election::LeftBehind& left);

} // namespace le_run::app

// Releases the lease of a le-run that has died, in its place.
#pragma once

#include "election/election_config.h"
#include "options/options.h"

namespace le_run::app {

// `options`: of the dead le-run. For a process of its own, whose signals are all blocked; leave it
// with _exit, because library threads may still wait for the network. The log has been written
// when it returns. Throws when not even a log is to be had.
void release(const options::Options& options, const election::LeftBehind& left);

} // namespace le_run::app

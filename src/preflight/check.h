// `le-run check`: whether a lease can be won with these options, here.
#pragma once

#include "options/options.h"

namespace le_run::preflight {

// Says line by line on standard output what works and what does not; changes nothing, neither here
// nor in the cluster. Returns 0, or 125 when no lease could be won. Leave the process with _exit
// afterwards: library threads may still wait for the network.
int check(const options::Options& options);

} // namespace le_run::preflight

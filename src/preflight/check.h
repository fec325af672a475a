// `le-run check`: whether a lease can be won with these options on this machine.
#pragma once

#include "options/options.h"

namespace le_run::preflight {

// Prints line by line what works and what does not. Changes nothing, neither here nor in the
// cluster. Returns 0, or 125 if no lease could be won. Leave the process with _exit afterwards,
// because library threads may still wait for the network.
int check(const options::Options& options);

} // namespace le_run::preflight

// `le-run status` and `le-run wait`. Both read a lease and change nothing.
#pragma once

#include "options/options.h"

namespace le_run::app {

// Exit codes of `status`.
inline constexpr int kExitSomebodyLeads = 0;
inline constexpr int kExitNobodyLeads = 1;
inline constexpr int kExitStaleLeader = 2;

// Prints who leads. Ends as soon as that is certain enough: at once, or after one lease duration if
// the holder looks dead. With --watch it never ends, and prints each change. Returns an exit code;
// 125, with a line on standard error, if the lease cannot be read.
int print_status(const options::Options& options);

// Returns 0 when somebody leads, or the candidate of --leader; 75 after --wait; 125 as above.
int wait_for_leader(const options::Options& options);

} // namespace le_run::app

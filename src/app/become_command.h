// No election: the command replaces le-run, as if the command had been started instead.
#pragma once

#include <csignal>

#include "options/options.h"

namespace le_run::app {

// Logs one line, restores the signal mask and SIGCHLD as they were at le-run's start, and execs. If
// the exec fails, logs why and returns the exit code.
int become_command(const options::Options& options, const sigset_t& signal_mask,
                   bool sigchld_ignored);

} // namespace le_run::app

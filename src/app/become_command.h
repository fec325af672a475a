// Without an election: le-run is replaced by the command, as if the command had been started
// instead.
#pragma once

#include <csignal>

#include "options/options.h"

namespace le_run::app {

// Logs one line, gives back the signal mask and the disposition of SIGCHLD that le-run was started
// with, and execs. Returns only when that failed, with the exit code, having logged why.
int become_command(const options::Options& options, const sigset_t& signal_mask,
                   bool sigchld_ignored);

} // namespace le_run::app

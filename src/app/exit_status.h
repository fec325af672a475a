// le-run's exit code. The first cause decides.
#pragma once

#include "leader/effects.h"

namespace le_run::app {

int exit_status(const leader::Ends& ends);

// The exit code after execve failed with this errno: kExitNotFound or kExitNotExecutable.
int exit_status_of_exec(int error);

} // namespace le_run::app

// Which exit code le-run ends with: the first cause decides.
#pragma once

#include "leader/effects.h"

namespace le_run::app {

int exit_status(const leader::Ends& ends);

// When execve of the command failed with that errno: kExitNotFound or kExitNotExecutable.
int exit_status_of_exec(int error);

} // namespace le_run::app

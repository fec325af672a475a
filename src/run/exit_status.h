// Which exit code le-run ends with: the first cause decides.
#pragma once

#include <string>

#include "leader/effects.h"

namespace le_run {

int exit_status(const leader::Ends& ends);

// When execve of the command failed with that errno: kExitNotFound or kExitNotExecutable.
int exit_status_of_exec(int error);

// "exited with 7", "was ended by SIGTERM", "could not be started: /bin/x: Permission denied"
std::string describe(const leader::ChildEnd& child, const std::string& program);

} // namespace le_run

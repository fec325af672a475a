// Which exit code le-run ends with: the first cause decides.
#pragma once

#include <optional>
#include <string>

#include "election/actions.h"
#include "guard/channel.h"

namespace le_run {

// How the last run of the child ended; what the guard said of it.
struct ChildEnd {
    Gone gone;
    std::optional<Failed> failed; // the child could not be started
};

// `child`: of the leadership that the ending speaks of; none when no child ran in it. `asked_by`:
// the signal that a requested stop sends to the child; 0 when none was requested.
int exit_status(Ending ending, const std::optional<ChildEnd>& child, int asked_by);

// When execve of the command failed with that errno: kExitNotFound or kExitNotExecutable.
int exit_status_of_exec(int error);

// "exited with 7", "was ended by SIGTERM", "could not be started: /bin/x: Permission denied"
std::string describe(const ChildEnd& child, const std::string& program);

} // namespace le_run

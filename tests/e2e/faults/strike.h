// Finds the processes of a replica and does to them what the matrix says.
#pragma once

#include <sys/types.h>

#include "faults/dimensions.h"
#include "helpers/arena.h"

namespace le_run::test::faults {

struct Victims { // as this PID namespace numbers them; 0 where there is none (yet)
    pid_t le_run = 0;
    pid_t guard = 0;
    pid_t child = 0;
};

// `work_pid`: as the worker's own record has it; 0 when it has written nothing.
Victims find_victims(pid_t le_run, pid_t work_pid);

// False when the target was not there.
bool strike(Hit hit, Target target, const Victims& victims);

} // namespace le_run::test::faults

// A PID namespace in which the guard is PID 1. So when the guard ends for any reason, the kernel
// ends everything below it before anybody learns of the guard's end.
#pragma once

#include <string>

#include <sys/types.h>

namespace le_run::guard {

// Like fork(2), but the child is PID 1 of a new PID namespace and has its own /proc, with the same
// hidden and read-only parts as the old one. Returns in the parent when all is set up. Writes
// to *warning which part could not be set up; the child works without it. Empty: all works.
//
// Without CAP_SYS_ADMIN the child also gets a user namespace, in which only the caller's uid and
// gid are mapped. Programs that it execs have no more capabilities there than the caller's bounding
// set allows.
//
// Throws std::runtime_error, a sentence for the user, if the kernel refuses; then no child is left.
// Call it from a process with one thread and with all signals blocked.
pid_t fork_as_pid_1(std::string* warning);

} // namespace le_run::guard

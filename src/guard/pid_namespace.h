// A PID namespace for the guard: it is PID 1 there, so that whatever ends the guard, the kernel
// ends everything below it before anybody is told of the guard's end.
#pragma once

#include <string>

#include <sys/types.h>

namespace le_run::guard {

// fork(2), but the child is PID 1 of a new PID namespace and has a /proc of its own, in which all
// is hidden or read-only that was so before. Returns in the parent when all is set up; *warning
// says what could not be had and the child does without, or is empty.
//
// Without CAP_SYS_ADMIN the child also gets a user namespace, in which only the caller's uid and
// gid have a number; what it execs has no more capabilities there than the caller's bounding set
// allows.
//
// Throws std::runtime_error, a sentence for the user, when the kernel refuses; then no child is
// left. To be called by a process with one thread and with all signals blocked.
pid_t fork_as_pid_1(std::string* warning);

} // namespace le_run::guard

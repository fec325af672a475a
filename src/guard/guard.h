// The guard: the process between le-run and the child. It lets the child live only until the
// instants it was last given and reports Gone only when the kernel says that the whole tree is
// gone. See README, "What is guaranteed".
#pragma once

#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/time_point.h"

namespace le_run::guard {

// How lines of the guard's own look on standard error: as le-run's do.
enum class LogForm { kNone, kText, kJson };

struct GuardSetup {
    std::string program;           // path for execve, already searched in PATH
    std::vector<std::string> argv; // the command as the user wrote it
    std::vector<std::string>
        environment; // inherited "NAME=value", without le-run's option variables
    int stop_signal =
        SIGTERM; // what asks the child to stop when nobody says another (deadline, le-run lost)
    bool allow_new_privileges = false; // do not set no_new_privs although CAP_KILL is missing
    bool pid_namespace = false;        // the guard is PID 1 of a new PID namespace
    sigset_t signal_mask{};            // as le-run received it, for the child
    bool sigchld_ignored = false;      // le-run received SIGCHLD ignored, and so shall the child
    Duration held_after_kill_at{};     // so long, at least, the lease outlasts a kill_at
    LogForm log = LogForm::kNone;      // of warnings
    // Releases the lease that was won by a record with this acquireTime (microseconds), trying
    // until `until`. Called in a process of its own, when le-run is known to be dead and its tree
    // to be gone, and le-run has not settled the lease itself.
    std::function<void(std::int64_t acquire_time, TimePoint until)> release;
};

struct GuardProcess {
    pid_t pid = -1;
    int channel = -1;    // le-run's end, close-on-exec, non-blocking
    std::string warning; // for the user: what could not be had; empty: none
};

// Makes the caller a subreaper and forks the guard. Call it while the process has one thread and
// with all signals blocked. In the guard it does not return. Throws std::runtime_error when the
// kernel refuses; then nothing was started.
GuardProcess fork_guard(const GuardSetup& setup);

} // namespace le_run::guard

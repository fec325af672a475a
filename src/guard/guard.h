// The guard: the process between le-run and the child. It lets the child live only until the last
// deadlines that le-run sent. It reports Gone only when the kernel says that the whole tree is
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

// The format of the guard's own log lines on standard error: the same as le-run's.
enum class LogForm { kNone, kText, kJson };

struct GuardSetup {
    std::string program;           // path for execve, already found in PATH
    std::vector<std::string> argv; // the command as the user wrote it
    std::vector<std::string>
        environment;                   // inherited "NAME=value", without le-run's option variables
    int stop_signal = SIGTERM;         // asks the child to stop after a deadline or le-run's death
    bool allow_new_privileges = false; // do not set no_new_privs, even without CAP_KILL
    bool pid_namespace = false;        // the guard is PID 1 of a new PID namespace
    sigset_t signal_mask{};            // as le-run received it, for the child
    bool sigchld_ignored = false;      // le-run was started with SIGCHLD ignored; so is the child
    Duration held_after_kill_at{};     // the lease lasts at least so long after kill_at
    LogForm log = LogForm::kNone;      // of warnings
    // Releases the lease that a record with this acquireTime won; tries until
    // `until`. Runs in its own process, only when le-run is dead, its tree is gone, and le-run has
    // not settled the lease.
    std::function<void(WallTime acquire_time, TimePoint until)> release;
};

struct GuardProcess {
    pid_t pid = -1;
    int channel = -1;    // le-run's end, close-on-exec, non-blocking
    std::string warning; // for the user: an option that works only in part; empty: none
};

// Makes the caller a subreaper and forks the guard. Call it while the process has one thread and
// all signals are blocked. It does not return in the guard. If the kernel refuses, it starts
// nothing and throws std::runtime_error.
GuardProcess fork_guard(const GuardSetup& setup);

} // namespace le_run::guard

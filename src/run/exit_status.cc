#include "run/exit_status.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/wait.h>

#include "exit_code.h"
#include "guard/spawn.h"
#include "signal_names.h"

namespace le_run {
namespace {

int status_of_failed(const Failed& failed) {
    if (failed.stage != static_cast<std::int32_t>(SpawnStage::kExec)) {
        return kExitCannot; // no descriptor, no process: the machine refused, not the program
    }
    return exit_status_of_exec(failed.error);
}

int status_by_itself(const leader::ChildEnd& child) {
    if (child.failed) {
        return status_of_failed(*child.failed);
    }
    const int status = child.gone.wait_status;
    return WIFEXITED(status) ? WEXITSTATUS(status) : kExitSignalBase + WTERMSIG(status);
}

int status_after_stop(const leader::ChildEnd& child) {
    const int status = child.gone.wait_status;
    if (child.failed || child.gone.cause == EndCause::kNotStarted) {
        return kExitStopped;
    }
    if (child.gone.killed != 0) {
        return kExitSignalBase + SIGKILL;
    }
    const bool by_stop_signal = WIFSIGNALED(status) && WTERMSIG(status) == child.gone.signal_sent;
    return by_stop_signal ? kExitStopped : status_by_itself(child);
}

// With the object that the errno is about.
std::string why_not_started(const Failed& failed, const std::string& program) {
    const std::string reason = std::strerror(failed.error);
    switch (static_cast<SpawnStage>(failed.stage)) {
    case SpawnStage::kPipe:
        return "a pipe to its start: " + reason;
    case SpawnStage::kFork:
        return "a new process: " + reason;
    case SpawnStage::kFolder:
        return "the folder that le-run was started in: " + reason;
    case SpawnStage::kExec:
        break;
    }
    // A name in PATH was found a moment ago.
    return program + ": " + reason +
           (failed.error == ENOENT ? " (the file, or the interpreter that it names)" : "");
}

} // namespace

int exit_status_of_exec(int error) {
    return error == ENOENT || error == ENOTDIR ? kExitNotFound : kExitNotExecutable;
}

int exit_status(const leader::Ends& ends) {
    const auto& child = ends.child;
    switch (ends.ending) {
    case Ending::kStopped:
        return child ? status_after_stop(*child) : kExitStopped;
    case Ending::kWorkEnded:
        if (child && ends.stop_signal != 0 && !child->failed &&
            WIFSIGNALED(child->gone.wait_status) &&
            WTERMSIG(child->gone.wait_status) == ends.stop_signal) {
            // The same signal reached the child from elsewhere first (a process group, a cgroup).
            return kExitStopped;
        }
        return child ? status_by_itself(*child) : kExitCannot;
    case Ending::kLost:
    case Ending::kNotWon:
        return kExitNotLeading;
    case Ending::kDenied:
    case Ending::kUnusable:
    case Ending::kGuardLost:
        return kExitCannot;
    }
    return kExitCannot;
}

std::string describe(const leader::ChildEnd& child, const std::string& program) {
    const int status = child.gone.wait_status;
    if (child.failed) {
        return "could not be started: " + why_not_started(*child.failed, program);
    }
    if (child.gone.cause == EndCause::kNotStarted) {
        return "was not started";
    }
    if (child.gone.killed != 0) {
        return "had to be killed";
    }
    return WIFEXITED(status) ? "exited with " + std::to_string(WEXITSTATUS(status))
                             : "was ended by " + signal_name(WTERMSIG(status));
}

} // namespace le_run

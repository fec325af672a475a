#include "app/exit_status.h"

#include <cerrno>
#include <csignal>

#include <sys/wait.h>

#include "base/exit_code.h"
#include "guard/channel.h"

namespace le_run::app {
namespace {

int status_of_failed(const guard::Failed& failed) {
    if (failed.stage != static_cast<std::int32_t>(guard::SpawnStage::kExec)) {
        return kExitCannot; // the kernel refused a descriptor or a process; not the program's fault
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
    if (child.failed || child.gone.cause == guard::EndCause::kNotStarted) {
        return kExitStopped;
    }
    if (child.gone.killed != 0) {
        return kExitSignalBase + SIGKILL;
    }
    const bool by_stop_signal = WIFSIGNALED(status) && WTERMSIG(status) == child.gone.signal_sent;
    return by_stop_signal ? kExitStopped : status_by_itself(child);
}

} // namespace

int exit_status_of_exec(int error) {
    return error == ENOENT || error == ENOTDIR ? kExitNotFound : kExitNotExecutable;
}

int exit_status(const leader::Ends& ends) {
    const auto& child = ends.child;
    switch (ends.ending) {
    case election::Ending::kStopped:
        return child ? status_after_stop(*child) : kExitStopped;
    case election::Ending::kWorkEnded:
        if (child && ends.stop_signal != 0 && !child->failed &&
            WIFSIGNALED(child->gone.wait_status) &&
            WTERMSIG(child->gone.wait_status) == ends.stop_signal) {
            // The child got the same signal earlier from somebody else (process group, cgroup).
            return kExitStopped;
        }
        return child ? status_by_itself(*child) : kExitCannot;
    case election::Ending::kLost:
    case election::Ending::kNotWon:
        return kExitNotLeading;
    case election::Ending::kDenied:
    case election::Ending::kUnusable:
    case election::Ending::kGuardLost:
        return kExitCannot;
    }
    return kExitCannot;
}

} // namespace le_run::app

#include "observe/child_text.h"

#include <cerrno>
#include <cstring>

#include <sys/wait.h>

#include "guard/channel.h"
#include "process/signal_names.h"

namespace le_run::observe {
namespace {

// Names the object that the errno is about.
std::string why_not_started(const guard::Failed& failed, const std::string& program) {
    const std::string reason = std::strerror(failed.error);
    switch (static_cast<guard::SpawnStage>(failed.stage)) {
    case guard::SpawnStage::kPipe:
        return "cannot create a pipe: " + reason;
    case guard::SpawnStage::kFork:
        return "cannot create a process: " + reason;
    case guard::SpawnStage::kFolder:
        return "cannot enter the folder that le-run was started in: " + reason;
    case guard::SpawnStage::kExec:
        break;
    }
    // le-run found a name from PATH just before, so ENOENT may mean a missing interpreter.
    return program + ": " + reason +
           (failed.error == ENOENT ? " (the file, or the interpreter that it names)" : "");
}

} // namespace

std::string describe(const leader::ChildEnd& child, const std::string& program) {
    const int status = child.gone.wait_status;
    if (child.failed) {
        return "could not be started: " + why_not_started(*child.failed, program);
    }
    if (child.gone.cause == guard::EndCause::kNotStarted) {
        return "was not started";
    }
    if (child.gone.killed != 0) {
        return "had to be killed";
    }
    return WIFEXITED(status) ? "exited with " + std::to_string(WEXITSTATUS(status))
                             : "was ended by " + process::signal_name(WTERMSIG(status));
}

} // namespace le_run::observe

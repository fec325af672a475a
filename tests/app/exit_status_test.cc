// Exit codes: the first cause decides. le-run(1) says the same.
#include "helpers/catch.h"

#include <cerrno>
#include <csignal>

#include "app/exit_status.h"
#include "guard/channel.h"
#include "observe/child_text.h"

namespace le_run::test {

using namespace le_run::app;
using namespace le_run::election;
using namespace le_run::guard;
using namespace le_run::leader;
namespace {

using leader::ChildEnd;

int exit_status(Ending ending, const std::optional<ChildEnd>& child, int stop_signal) {
    return le_run::app::exit_status({ending, "", child, stop_signal});
}

constexpr int exited(int code) { return code << 8; }

ChildEnd child(EndCause cause, int wait_status, int signal_sent = 0, bool killed = false) {
    Gone gone;
    gone.cause = cause;
    gone.wait_status = wait_status;
    gone.signal_sent = signal_sent;
    gone.killed = killed ? 1 : 0;
    return {gone, {}};
}

ChildEnd failed(int error) {
    ChildEnd end = child(EndCause::kNotStarted, 0);
    end.failed = Failed{1, static_cast<std::int32_t>(SpawnStage::kExec), error};
    return end;
}

} // namespace

TEST_CASE("the child ended by itself: its own code", "[run]") {
    for (const int code : {0, 1, 7, 75, 255}) {
        CHECK(exit_status(Ending::kWorkEnded, child(EndCause::kByItself, exited(code)), 0) == code);
    }
    CHECK(exit_status(Ending::kWorkEnded, child(EndCause::kByItself, SIGKILL), 0) == 137);
    CHECK(exit_status(Ending::kWorkEnded, child(EndCause::kByItself, SIGTERM), 0) == 143);
    CHECK(exit_status(Ending::kWorkEnded, failed(ENOENT), 0) == 127);
    CHECK(exit_status(Ending::kWorkEnded, failed(ENOTDIR), 0) == 127);
    CHECK(exit_status(Ending::kWorkEnded, failed(EACCES), 0) == 126);
    CHECK(exit_status(Ending::kWorkEnded, failed(ENOEXEC), 0) == 126);
    ChildEnd refused = failed(EMFILE); // by the machine
    refused.failed->stage = static_cast<std::int32_t>(SpawnStage::kPipe);
    CHECK(exit_status(Ending::kWorkEnded, refused, 0) == 125);
    // A stop was asked for, and the child had the same signal from elsewhere first.
    CHECK(exit_status(Ending::kWorkEnded, child(EndCause::kByItself, SIGTERM), SIGTERM) == 0);
    CHECK(exit_status(Ending::kWorkEnded, child(EndCause::kByItself, SIGSEGV), SIGTERM) == 139);
    CHECK(exit_status(Ending::kWorkEnded, child(EndCause::kByItself, exited(7)), SIGTERM) == 7);
}

TEST_CASE("a requested stop", "[run]") {
    CHECK(exit_status(Ending::kStopped, {}, 0) == 0);
    CHECK(exit_status(Ending::kStopped, child(EndCause::kStopAsked, exited(3), SIGTERM), 0) == 3);
    CHECK(exit_status(Ending::kStopped, child(EndCause::kStopAsked, SIGTERM, SIGTERM), 0) == 0);
    CHECK(exit_status(Ending::kStopped, child(EndCause::kStopAsked, SIGINT, SIGINT), 0) == 0);
    CHECK(exit_status(Ending::kStopped, child(EndCause::kStopAsked, SIGSEGV, SIGTERM), 0) == 139);
    CHECK(exit_status(Ending::kStopped, child(EndCause::kStopAsked, SIGKILL, SIGTERM, true), 0) ==
          137);
    CHECK(exit_status(Ending::kStopped, child(EndCause::kNotStarted, SIGTERM, SIGTERM), 0) == 0);
}

TEST_CASE("what is not the child's", "[run]") {
    const auto end = child(EndCause::kDeadline, exited(3), SIGTERM);
    CHECK(exit_status(Ending::kLost, end, 0) == 75);
    CHECK(exit_status(Ending::kNotWon, {}, 0) == 75);
    CHECK(exit_status(Ending::kDenied, {}, 0) == 125);
    CHECK(exit_status(Ending::kUnusable, {}, 0) == 125);
    CHECK(exit_status(Ending::kGuardLost, end, 0) == 125);
}

TEST_CASE("a child that could not be started: the errno comes with what it is about", "[run]") {
    const auto failed = [](SpawnStage stage, int error) {
        return observe::describe({{}, Failed{1, static_cast<std::int32_t>(stage), error}},
                                 "/bin/worker");
    };
    const std::string says = "could not be started: ";
    CHECK(failed(SpawnStage::kExec, EACCES) == says + "/bin/worker: Permission denied");
    CHECK(failed(SpawnStage::kExec, ENOENT) ==
          says + "/bin/worker: No such file or directory (the file, or the interpreter that it "
                 "names)");
    CHECK(failed(SpawnStage::kFolder, ENOENT) ==
          says + "cannot enter the folder that le-run was started in: No such file or directory");
    CHECK(failed(SpawnStage::kFork, EAGAIN) ==
          says + "cannot create a process: Resource temporarily unavailable");
    CHECK(failed(SpawnStage::kPipe, EMFILE) == says + "cannot create a pipe: Too many open files");
}

} // namespace le_run::test

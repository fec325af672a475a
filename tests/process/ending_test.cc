// How a run ends: by itself, asked to, at its deadline. Every test starts real processes under a
// real guard.
#include <cerrno>
#include <csignal>

#include <sys/stat.h>
#include <sys/wait.h>

#include "guard/spawn.h"
#include "helpers/catch.h"
#include "process/stand_in.h"

using namespace le_run;
using namespace le_run::guard;
using namespace le_run::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

std::vector<std::string> shell(const std::string& script) { return {"/bin/sh", "-c", script}; }

// A shell that holds the FIFO open, says "ready" and obeys nobody.
const char* const kStubborn =
    "exec 9>$TEST_AWKWARD_FIFO; trap 'echo got-term >&9' TERM; trap 'echo got-int >&9' INT; "
    "echo ready >&9; while :; do sleep 0.05 9>&-; done";

} // namespace

TEST_CASE("a child that ends by itself: its own status") {
    StandIn le_run(shell("exit 7"));
    le_run.start();
    const auto started = le_run.expect<Started>();
    CHECK(started.run == 1);
    CHECK(started.pid > 0);
    const auto gone = le_run.expect<Gone>();
    CHECK(gone.run == 1);
    CHECK(gone.cause == EndCause::kByItself);
    REQUIRE(WIFEXITED(gone.wait_status));
    CHECK(WEXITSTATUS(gone.wait_status) == 7);
    CHECK(gone.signal_sent == 0);
    CHECK(gone.killed == 0);
    CHECK(gone.left_behind == 0);
}

TEST_CASE("one run after the other, each with one Gone") {
    StandIn le_run(std::vector<std::string>{"/bin/true"});
    for (RunNumber run = 1; run <= 20; ++run) {
        le_run.start();
        CHECK(le_run.expect<Started>().run == run);
        CHECK(le_run.expect<Gone>().run == run);
    }
    CHECK(le_run.answers_ping());
    CHECK(le_run.is_silent_for(milliseconds(50)));
}

TEST_CASE("a child killed by a signal: the signal in its status") {
    StandIn le_run(shell("kill -9 $$"));
    le_run.start();
    le_run.expect<Started>();
    const auto gone = le_run.expect<Gone>();
    CHECK(gone.cause == EndCause::kByItself);
    REQUIRE(WIFSIGNALED(gone.wait_status));
    CHECK(WTERMSIG(gone.wait_status) == SIGKILL);
    CHECK(gone.killed == 0);
}

TEST_CASE("a program that cannot be exec'ed: stage and errno, then Gone") {
    ScratchFolder folder;
    const std::string not_executable = folder.write("text", "text");
    const std::string no_format = folder.write("zeros", std::string(8, '\0'));
    ::chmod(no_format.c_str(), 0755);
    const std::vector<std::pair<std::string, int>> cases = {
        {folder.file("missing"), ENOENT}, {not_executable, EACCES},
        {not_executable + "/x", ENOTDIR}, {no_format, ENOEXEC},
        {folder.path(), EACCES},
    };
    const auto& [program, error] = cases[GENERATE(range(std::size_t{0}, std::size_t{5}))];
    INFO(program);
    StandIn le_run(std::vector<std::string>{program});
    for (int i = 0; i < 2; ++i) {
        le_run.start();
        const auto failed = le_run.expect<Failed>();
        CHECK(failed.run == le_run.run());
        CHECK(static_cast<SpawnStage>(failed.stage) == SpawnStage::kExec);
        CHECK(failed.error == error);
        CHECK(le_run.expect<Gone>().cause == EndCause::kNotStarted);
    }
}

TEST_CASE("a stop: the signal reaches the child, which ends of it") {
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "plain"}, watched_by(watch));
    const int signal = GENERATE(SIGTERM, SIGINT);
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    le_run.stop(signal);
    const auto gone = le_run.expect<Gone>();
    CHECK(watch.is_at_end());
    CHECK(gone.cause == EndCause::kStopAsked);
    REQUIRE(WIFSIGNALED(gone.wait_status));
    CHECK(WTERMSIG(gone.wait_status) == signal);
    CHECK(gone.signal_sent == signal);
    CHECK(gone.killed == 0);
}

TEST_CASE("a stopped child is continued, so that it can end") {
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "plain"}, watched_by(watch));
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    le_run.pass(SIGSTOP);
    le_run.stop(SIGTERM);
    CHECK(WTERMSIG(le_run.expect<Gone>().wait_status) == SIGTERM);
}

TEST_CASE(
    "a stop without limit waits, a second one passes its signal on and brings the end forward") {
    TreeWatch watch;
    StandIn le_run(shell(kStubborn), watched_by(watch));
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    le_run.stop(SIGTERM);
    watch.wait_for_line("got-term");
    CHECK(le_run.is_silent_for(milliseconds(300)));
    le_run.stop(SIGINT);
    watch.wait_for_line("got-int");
    CHECK(le_run.is_silent_for(milliseconds(100)));
    le_run.stop(0, le_run.now());
    const auto gone = le_run.expect<Gone>();
    CHECK(watch.is_at_end());
    CHECK(gone.cause == EndCause::kStopAsked);
    CHECK(gone.signal_sent == SIGINT);
    CHECK(WTERMSIG(gone.wait_status) == SIGKILL);
    CHECK(gone.killed == 1);
}

TEST_CASE("a signal goes to the child as it is, and stops nothing") {
    TreeWatch watch;
    StandIn le_run(
        shell("exec 9>$TEST_AWKWARD_FIFO; trap 'echo got-usr1 >&9' USR1; echo ready >&9; "
              "while :; do sleep 0.05 9>&-; done"),
        watched_by(watch));
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    le_run.send(Signal{le_run.run() + 1, SIGKILL}); // of another run: no force
    le_run.pass(SIGUSR1);
    watch.wait_for_line("got-usr1");
    CHECK(le_run.is_silent_for(milliseconds(50)));
}

TEST_CASE("no extension: the stop signal at term_at, SIGKILL at kill_at") {
    TreeWatch watch;
    StandIn le_run(shell(kStubborn), watched_by(watch));
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    const TimePoint term_at = le_run.now() + milliseconds(300);
    const TimePoint kill_at = le_run.now() + seconds(2);
    le_run.until(term_at, kill_at);
    watch.wait_for_line("got-term");
    CHECK(has_passed_for_holder(le_run.now(), term_at));
    const auto gone = le_run.expect<Gone>();
    CHECK(has_passed_for_holder(le_run.now(), kill_at));
    CHECK(watch.is_at_end());
    CHECK(gone.cause == EndCause::kDeadline);
    CHECK(gone.killed == 1);
    CHECK(gone.signal_sent == SIGTERM);
}

TEST_CASE("extensions keep the child alive, and one that comes too late does not cancel the stop") {
    TreeWatch watch;
    StandIn le_run(shell(kStubborn), watched_by(watch));
    le_run.start(le_run.now() + seconds(20), le_run.now() + seconds(30));
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    const TimePoint first = le_run.now() + seconds(2);
    for (int i = 0; i < 20; ++i) {
        le_run.until(le_run.now() + seconds(2), le_run.now() + seconds(60));
        REQUIRE(le_run.is_silent_for(milliseconds(150)));
    }
    CHECK(has_passed_for_holder(le_run.now(), first));
    CHECK(watch.text().find("got-term") == std::string::npos);

    watch.wait_for_line("got-term"); // no more extensions
    le_run.until(TimePoint::far_future(), le_run.now() + milliseconds(300));
    const auto gone = le_run.expect<Gone>();
    CHECK(gone.cause == EndCause::kDeadline);
    CHECK(gone.killed == 1);
}

TEST_CASE("a start that comes too late starts nothing") {
    StandIn le_run(std::vector<std::string>{"/bin/true"});
    le_run.start(le_run.now(), TimePoint::far_future());
    CHECK(le_run.expect<Gone>().cause == EndCause::kDeadline);
    le_run.start();
    CHECK(le_run.expect<Started>().run == 2);
    CHECK(le_run.expect<Gone>().cause == EndCause::kByItself);
}

TEST_CASE("a stop with kill_at passed kills at once") {
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "plain", "daemonizing"}, watched_by(watch));
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    le_run.stop(SIGTERM, le_run.now());
    const auto gone = le_run.expect<Gone>();
    CHECK(watch.is_at_end());
    CHECK(gone.signal_sent == 0);
    CHECK(gone.killed == 1);
    CHECK(gone.left_behind == 1);
}

TEST_CASE("a stop right behind the start: one Gone, and nothing of the tree is left") {
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "plain", "daemonizing"}, watched_by(watch));
    for (int i = 0; i < 30; ++i) {
        le_run.start();
        le_run.stop(SIGTERM, le_run.now() + seconds(30));
        FromGuard message;
        bool gone = false;
        REQUIRE(wait_until([&] {
            while (!gone && le_run.channel().receive(&message) == LeRunEnd::Receive::kMessage) {
                if (const Gone* g = std::get_if<Gone>(&message)) {
                    gone = g->run == le_run.run();
                    REQUIRE(
                        (g->cause == EndCause::kStopAsked || g->cause == EndCause::kNotStarted));
                }
            }
            return gone;
        }));
        REQUIRE(watch.is_at_end());
    }
}

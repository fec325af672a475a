// The whole tree: whatever shape it has, it is gone before Gone is told.
#include <algorithm>
#include <csignal>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/killing.h"
#include "helpers/start_forest.h"
#include "process/stand_in.h"

using namespace le_run;
using namespace le_run::guard;
using namespace le_run::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Some shapes need root, as the tests have it; elsewhere the rest is still worth running.
std::vector<std::string> all_shapes() {
    std::vector<std::string> shapes = {"daemonizing",   "stopped-grandchild", "thread-forked",
                                       "vfork-blocked", "clone-parent",       "no-exit-signal",
                                       "fork-storm"};
    if (::geteuid() == 0) {
        shapes.insert(shapes.begin(), "other-uid");
        shapes.insert(shapes.begin(), "nested-pidns");
    }
    return shapes;
}

std::vector<std::string> awkward(std::vector<std::string> shapes) {
    shapes.insert(shapes.begin(), TEST_AWKWARD);
    return shapes;
}

void run_shape(const std::vector<std::string>& shapes, const StandInOptions& options,
               TreeWatch& watch) {
    StandIn le_run(awkward(shapes), options);
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    le_run.stop(SIGTERM, le_run.now());
    const auto gone = le_run.expect<Gone>();
    CHECK(watch.is_at_end());
    CHECK(gone.killed == 1);
    CHECK((shapes.size() == 1 || gone.left_behind > 0));
    le_run.kill();
}

// Whether it takes, for each process, about as long to kill ten times as many. A stall of the
// machine can only make it look worse, so the best of a few tries tells.
bool is_linear(const std::string& shape) {
    constexpr int kTries = 4;
    constexpr double kFactor = 4; // a sweep that is quadratic has ten
    double few = 1e9, many = 1e9;
    for (int i = 0; i < kTries; ++i) {
        few = std::min(few, seconds_to_kill(shape + "-300", Killer::kProcessTree).value() / 300);
        many =
            std::min(many, seconds_to_kill(shape + "-3000", Killer::kProcessTree).value() / 3000);
        if (many < kFactor * few) {
            return true;
        }
    }
    UNSCOPED_INFO(shape << ": " << few * 1e6 << " us each of 300, " << many * 1e6 << " of 3000");
    return false;
}

} // namespace

TEST_CASE("to kill one process costs the same in a tree of 300 and of 3,000, whatever its shape") {
    for (const char* shape : {"chain", "star", "mix"}) {
        CHECK(is_linear(shape));
    }
}

TEST_CASE("ten thousand processes die about as soon as in a loop of kill -9") {
    constexpr const char* kShape = "mix-10000-stopped";
    if (!can_have_processes(10'000)) {
        WARN("this machine allows too few processes");
        return;
    }
    constexpr int kTries = 3;
    constexpr double kFactor = 5; // two readings of /proc besides the loop
    double loop = 1e9, rounds = 1e12;
    for (int i = 0; i < kTries && rounds > kFactor * loop; ++i) {
        rounds = std::min(rounds, seconds_to_kill(kShape, Killer::kProcessTree).value());
        loop = std::min(loop, seconds_to_kill(kShape, Killer::kLoop).value());
    }
    INFO("loop " << loop << " s, rounds " << rounds << " s");
    CHECK(rounds <= kFactor * loop);
}

TEST_CASE("every awkward tree is gone at Gone") {
    const auto shapes = all_shapes();
    const std::string& shape = shapes[GENERATE_REF(range(std::size_t{0}, all_shapes().size()))];
    const StandInOptions mode = with_and_without_pid_namespace();
    INFO(shape << (mode.guards_pid_namespace ? " in a PID namespace" : ""));
    TreeWatch watch;
    run_shape({"stubborn", shape}, watched_by(watch, mode), watch);
}

TEST_CASE("all awkward shapes in one tree are gone at Gone") {
    const StandInOptions mode = with_and_without_pid_namespace();
    TreeWatch watch;
    run_shape(all_shapes(), watched_by(watch, mode), watch);
}

TEST_CASE("no descriptor is needed to kill: the guard has none left") {
    const StandInOptions mode = with_and_without_pid_namespace();
    TreeWatch watch;
    StandIn le_run(awkward({"stubborn", "daemonizing", "thread-forked", "stopped-grandchild"}),
                   watched_by(watch, mode));
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    const rlimit none{0, 0};
    REQUIRE(::prlimit(le_run.guard(), RLIMIT_NOFILE, &none, nullptr) == 0);
    le_run.stop(SIGTERM, le_run.now());
    const auto gone = le_run.expect<Gone>();
    CHECK(watch.is_at_end());
    CHECK(gone.left_behind >= 4);
}

TEST_CASE("in a PID namespace whose /proc is another's, PID 1's guard ends everything") {
    if (::geteuid() != 0) {
        WARN("needs root");
        return;
    }
    TreeWatch watch;
    StandInOptions options = watched_by(watch, with_and_without_pid_namespace());
    options.own_pid_namespace = true;
    run_shape(
        {"stubborn", "daemonizing", "thread-forked", "no-exit-signal", "nested-pidns", "other-uid"},
        options, watch);
}

TEST_CASE("the child ends first: the rest gets the signal and its grace") {
    TreeWatch watch;
    // The shell dies of SIGTERM; the worker, which nobody has told, takes a while to end.
    StandIn le_run({"/bin/sh", "-c",
                    "(exec 9>$TEST_AWKWARD_FIFO; trap 'echo got-term >&9; sleep 1; echo drained "
                    ">&9; exit' TERM; "
                    "echo ready >&9; while :; do sleep 0.05 9>&-; done); true"},
                   watched_by(watch));
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    le_run.stop(SIGTERM);
    const auto ended = le_run.expect<Ended>();
    REQUIRE(WIFSIGNALED(ended.wait_status));
    CHECK(WTERMSIG(ended.wait_status) == SIGTERM);
    const auto gone = le_run.expect<Gone>();
    CHECK(watch.is_at_end());
    CHECK(watch.text().find("got-term") != std::string::npos);
    CHECK(watch.text().find("drained") != std::string::npos);
    CHECK(gone.cause == EndCause::kStopAsked);
    CHECK(WTERMSIG(gone.wait_status) == SIGTERM);
    CHECK(gone.killed == 0);
    CHECK(gone.left_behind == 0);
}

TEST_CASE("the child ends by itself and leaves a daemon that ignores everything: five seconds, "
          "then SIGKILL") {
    TreeWatch watch;
    StandIn le_run(awkward({"daemonizing", "quick-exit"}), watched_by(watch));
    le_run.start();
    le_run.expect<Started>();
    const auto ended = le_run.expect<Ended>();
    const TimePoint then = le_run.now();
    CHECK(WEXITSTATUS(ended.wait_status) == 7);
    const auto gone = le_run.expect<Gone>();
    CHECK(watch.is_at_end());
    CHECK(has_passed_for_holder(le_run.now(), then + milliseconds(4500)));
    CHECK(gone.cause == EndCause::kByItself);
    CHECK(WEXITSTATUS(gone.wait_status) == 7);
    CHECK(gone.killed == 0);
    CHECK(gone.left_behind == 1);
}

TEST_CASE("what is left gets no more time than the lease has") {
    TreeWatch watch;
    StandIn le_run(awkward({"daemonizing", "quick-exit"}), watched_by(watch));
    const TimePoint begin = le_run.now();
    le_run.start(begin + seconds(30), begin + seconds(60));
    le_run.expect<Started>();
    le_run.expect<Ended>();
    le_run.until(le_run.now(), le_run.now());
    const auto gone = le_run.expect<Gone>();
    CHECK(watch.is_at_end());
    CHECK(gone.cause == EndCause::kByItself);
    CHECK(gone.left_behind == 1);
}

TEST_CASE("a tree that grows big is told, with what killing it may take") {
    StandIn le_run(awkward({"star-4000"}));
    le_run.start();
    le_run.expect<Started>();
    const auto size = le_run.wait_for_size([](const TreeSize& told) {
        CHECK(Duration(told.kill_nanoseconds) >= milliseconds(500));
        return told.processes >= 4000;
    });
    REQUIRE(size);
    CHECK(size->run == 1);
    CHECK(size->processes <= 4010);
    const TimePoint begin = le_run.now();
    le_run.stop(SIGTERM, begin);
    const bool answers = le_run.answers_ping(); // while it kills
    CHECK(answers);
    const auto gone = le_run.expect<Gone>();
    CHECK(gone.left_behind >= 4000);
    // The estimate is no less than the truth, on a machine with other work too.
    CHECK(le_run.now().boot() - begin.boot() <= 3 * Duration(size->kill_nanoseconds));
}

// le-run or the guard dies, hangs or is frozen; the program's file system is slow.
#include <csignal>
#include <filesystem>
#include <list>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/process.h"
#include "process/stand_in.h"

using namespace le_run;
using namespace le_run::guard;
using namespace le_run::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// A program whose exec hangs until release(): the open waits for a write lease on the file to be
// given back.
class SlowProgram {
public:
    explicit SlowProgram(const std::string& program = "/bin/sleep") : path_(folder_.file("slow")) {
        ::signal(SIGIO, SIG_IGN); // tells the lease's holder that somebody waits
        std::filesystem::copy_file(program, path_);
        fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
        REQUIRE(fd_ >= 0);
    }
    ~SlowProgram() { ::close(fd_); }
    SlowProgram(const SlowProgram&) = delete;
    SlowProgram& operator=(const SlowProgram&) = delete;

    const std::string& path() const { return path_; }
    void hold() { REQUIRE(::fcntl(fd_, F_SETLEASE, F_WRLCK) == 0); }
    // Somebody waits for the file: the kernel shows what the lease is to become.
    bool is_wanted() {
        return wait_until([&] { return ::fcntl(fd_, F_GETLEASE) != F_WRLCK; });
    }
    void release() { ::fcntl(fd_, F_SETLEASE, F_UNLCK); }

private:
    ScratchFolder folder_;
    std::string path_;
    int fd_ = -1;
};

} // namespace

TEST_CASE(
    "le-run is killed: the tree gets the stop signal, SIGKILL at kill_at, and the guard ends too") {
    const StandInOptions mode = with_and_without_pid_namespace();
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "stubborn", "daemonizing", "stopped-grandchild"},
                   watched_by(watch, mode));
    le_run.start(le_run.now() + seconds(60), le_run.now() + seconds(90));
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    const TimePoint kill_at = le_run.now() + seconds(2);
    le_run.until(le_run.now() + seconds(60), kill_at);
    REQUIRE(le_run.answers_ping());
    le_run.kill();
    CHECK_FALSE(watch.is_at_end()); // it has until kill_at
    const auto gone = le_run.expect<Gone>();
    CHECK(has_passed_for_holder(le_run.now(), kill_at));
    CHECK(watch.is_at_end());
    CHECK(gone.cause == EndCause::kLeRunLost);
    CHECK(gone.signal_sent == SIGTERM);
    CHECK(gone.killed == 1);
    CHECK(is_gone(le_run.guard()));
}

TEST_CASE("le-run is killed: a tree that obeys is gone long before kill_at") {
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "plain"}, watched_by(watch));
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    le_run.kill();
    CHECK(WTERMSIG(le_run.expect<Gone>().wait_status) == SIGTERM);
    CHECK(watch.is_at_end());
    CHECK(is_gone(le_run.guard()));
}

TEST_CASE("le-run is killed without a run: the guard ends") {
    StandIn le_run(std::vector<std::string>{"/bin/true"});
    REQUIRE(le_run.answers_ping());
    le_run.kill();
    CHECK(is_gone(le_run.guard()));
}

TEST_CASE("le-run is killed right behind its Start: no process is left") {
    const StandInOptions mode = with_and_without_pid_namespace();
    for (int i = 0; i < 40; ++i) {
        TreeWatch watch;
        StandIn le_run({TEST_AWKWARD, "plain", "daemonizing"}, watched_by(watch, mode));
        le_run.start(TimePoint::far_future(), le_run.now() + milliseconds(100));
        ::usleep(
            static_cast<useconds_t>(i * 250)); // falls into another moment of the start each time
        le_run.kill();
        REQUIRE(is_gone(le_run.guard()));
        REQUIRE(watch.is_at_end());
    }
}

TEST_CASE("le-run is frozen: its tree is gone by the last kill_at") {
    const StandInOptions mode = with_and_without_pid_namespace();
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "stubborn", "daemonizing"}, watched_by(watch, mode));
    le_run.start(le_run.now() + seconds(5), le_run.now() + seconds(6));
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    REQUIRE(::kill(le_run.pid(), SIGSTOP) == 0);
    const auto gone = le_run.expect<Gone>();
    CHECK(watch.is_at_end());
    CHECK(gone.cause == EndCause::kDeadline);
}

TEST_CASE("le-run hangs or is stopped, and its tree is gone: the guard ends it") {
    struct Variant {
        bool is_pid_1, guard_is_pid_1, is_stopped;
    };
    std::vector<Variant> variants{
        {false, false, false}, {false, false, true}, {false, true, false}, {false, true, true}};
    if (::geteuid() == 0) {
        variants.insert(variants.end(), {{true, false, false}, {true, true, false}});
    }
    std::list<StandIn> all; // side by side: each takes 15 s
    for (const Variant& variant : variants) {
        StandInOptions options;
        options.own_pid_namespace = variant.is_pid_1;
        options.guards_pid_namespace = variant.guard_is_pid_1;
        StandIn& le_run = all.emplace_back(std::vector<std::string>{"/bin/sleep", "100"}, options);
        le_run.start(le_run.now() + seconds(3), le_run.now() + seconds(4));
        le_run.expect<Started>();
        if (variant.is_stopped) {
            REQUIRE(::kill(le_run.pid(), SIGSTOP) == 0);
        }
    }
    const TimePoint last_heard = all.back().now();
    auto le_run = all.begin();
    for (const Variant& variant : variants) {
        CAPTURE(variant.is_pid_1, variant.guard_is_pid_1, variant.is_stopped);
        CHECK(le_run->expect<Gone>().cause == EndCause::kDeadline);
        const auto end = le_run->wait_for_end();
        REQUIRE(end);
        CHECK(has_passed_for_holder(le_run->now(), last_heard + seconds(12)));
        if (variant.is_pid_1) {
            CHECK((WIFEXITED(*end) && WEXITSTATUS(*end) == 125));
        } else {
            CHECK((WIFSIGNALED(*end) && WTERMSIG(*end) == SIGKILL && is_gone(le_run->guard())));
        }
        ++le_run;
    }
}

TEST_CASE("the guard is killed: the child dies with it, and le-run ends the rest") {
    const StandInOptions mode = with_and_without_pid_namespace();
    TreeWatch watch;
    StandIn le_run(
        {TEST_AWKWARD, "stubborn", "daemonizing", "thread-forked", "vfork-blocked", "fork-storm"},
        watched_by(watch, mode));
    le_run.start();
    const auto started = le_run.expect<Started>();
    watch.wait_for_line("ready");
    REQUIRE(::kill(le_run.guard(), SIGKILL) == 0);
    // Dead before anybody sweeps: the child a zombie until le-run, its new parent, reaps it; in a
    // PID namespace everything, and the guard, the last, a zombie.
    const pid_t zombie = mode.guards_pid_namespace ? le_run.guard() : started.pid;
    CHECK(wait_until([&] { return state_of(zombie) == 'Z'; }));
    CHECK(watch.is_at_end() == mode.guards_pid_namespace);
    REQUIRE(le_run.sweep());
    CHECK(watch.is_at_end());
}

TEST_CASE("the guard is killed right behind a Start: le-run's sweep leaves no process") {
    const StandInOptions mode = with_and_without_pid_namespace();
    for (int i = 0; i < 40; ++i) {
        TreeWatch watch;
        StandIn le_run({TEST_AWKWARD, "plain", "daemonizing"}, watched_by(watch, mode));
        le_run.start();
        ::usleep(
            static_cast<useconds_t>(i * 250)); // falls into another moment of the start each time
        REQUIRE(::kill(le_run.guard(), SIGKILL) == 0);
        REQUIRE(le_run.sweep());
        REQUIRE(watch.is_at_end());
    }
}

TEST_CASE("a message of a dead le-run is no reason to start: its guard leaves") {
    for (int i = 0; i < 10; ++i) {
        TreeWatch watch;
        StandIn le_run({TEST_AWKWARD, "plain"}, watched_by(watch));
        le_run.kill();
        le_run.channel().send(Start{1, TimePoint::far_future(), TimePoint::far_future(), {}});
        REQUIRE(is_gone(le_run.guard()));
        REQUIRE(watch.text().empty());
    }
}

TEST_CASE("a slow exec blinds nobody: the guard answers, and the child comes when it can") {
    SlowProgram program;
    StandIn le_run({program.path(), "0"});
    program.hold();
    le_run.start();
    REQUIRE(program.is_wanted());
    CHECK(le_run.answers_ping());
    CHECK(le_run.is_silent_for(milliseconds(200)));
    program.release();
    CHECK(le_run.expect<Started>().run == 1);
    CHECK(le_run.expect<Gone>().cause == EndCause::kByItself);
}

TEST_CASE("a deadline ends a child that hangs in its exec") {
    SlowProgram program;
    StandIn le_run({program.path(), "100"});
    program.hold();
    le_run.start(le_run.now() + seconds(1), le_run.now() + seconds(30));
    REQUIRE(program.is_wanted());
    CHECK(le_run.expect<Gone>().cause == EndCause::kDeadline);
    program.release();
}

TEST_CASE("a stop ends a child that hangs in its exec: it was never started") {
    SlowProgram program;
    StandIn le_run({program.path(), "100"});
    program.hold();
    le_run.start();
    REQUIRE(program.is_wanted());
    le_run.stop(SIGTERM);
    const auto gone = le_run.expect<Gone>();
    CHECK(gone.cause == EndCause::kNotStarted);
    CHECK(gone.killed == 0);
    program.release();
}

TEST_CASE("a spawn that takes 3 s to exec while the deadline passes: the program never runs") {
    const StandInOptions mode = with_and_without_pid_namespace();
    TreeWatch watch;
    SlowProgram program(TEST_AWKWARD);
    StandInOptions options = watched_by(watch, mode);
    options.prepare = [] { ::signal(SIGTERM, SIG_IGN); }; // as inherited: only SIGKILL helps
    StandIn le_run({program.path(), "plain"}, options);
    program.hold();
    const TimePoint begin = le_run.now();
    const TimePoint kill_at = begin + seconds(2);
    le_run.start(begin + seconds(1), kill_at);
    REQUIRE(program.is_wanted());
    const auto gone = le_run.expect<Gone>();
    CHECK(has_passed_for_holder(le_run.now(), kill_at));
    CHECK(gone.cause == EndCause::kDeadline);
    CHECK(gone.killed == 1);
    REQUIRE(wait_until([&] { return has_passed_for_holder(le_run.now(), begin + seconds(3)); }));
    program.release();
    CHECK(le_run.is_silent_for(milliseconds(300)));
    CHECK(watch.text().empty());
    // The next run is one like any other.
    le_run.start();
    CHECK(le_run.expect<Started>().run == 2);
    watch.wait_for_line("ready");
}

TEST_CASE("a spawn that takes 3 s to exec is extended meanwhile, and runs") {
    TreeWatch watch;
    SlowProgram program(TEST_AWKWARD);
    StandIn le_run({program.path(), "plain"}, watched_by(watch));
    program.hold();
    const TimePoint begin = le_run.now();
    le_run.start(begin + seconds(2), begin + seconds(2));
    REQUIRE(program.is_wanted());
    le_run.until(begin + seconds(60), begin + seconds(60));
    REQUIRE(wait_until([&] { return has_passed_for_holder(le_run.now(), begin + seconds(3)); }));
    program.release();
    CHECK(le_run.expect<Started>().run == 1);
    watch.wait_for_line("ready");
}

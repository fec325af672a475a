// le-run dies and its guard releases the lease in its place: when, with what, and above all when
// not.
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/process.h"
#include "process/stand_in.h"

using namespace le_run;
using namespace le_run::guard;
using namespace le_run::test;
using std::chrono::seconds;

namespace {

// What stands in for the release: it says who it is, on a FIFO of its own that is at its end when
// no process of it is left.
class Releases {
public:
    explicit Releases(std::function<void()> then = [] {}) : then_(std::move(then)) {}

    StandInOptions with(StandInOptions options) {
        options.release = [this](WallTime acquire_time, TimePoint until) {
            const int fd = ::open(fifo_.path().c_str(), O_WRONLY); // until its end
            const std::string line = "released " + std::to_string(acquire_time.microseconds) + ' ' +
                                     std::to_string(until.boot().count()) + '\n';
            if (::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size())) {
                then_();
            }
        };
        options.held_after_kill_at = seconds(3);
        return options;
    }

    void wait_for_one() { fifo_.wait_for_line("released"); }
    // The acquireTime of the only one; 0: none has begun.
    std::int64_t acquire_time() { return word(0); }
    // Until when it may try, by BOOTTIME.
    Duration until() { return Duration(word(1)); }
    bool none() { return fifo_.text().empty(); }
    bool is_over() { return fifo_.is_at_end(); }

private:
    std::int64_t word(int number) {
        std::int64_t words[2] = {};
        std::sscanf(fifo_.text().c_str(), "released %ld %ld", &words[0], &words[1]);
        return words[number];
    }

    TreeWatch fifo_;
    std::function<void()> then_;
};

void run_once(StandIn& le_run) {
    le_run.start();
    le_run.expect<Started>();
    le_run.expect<Gone>();
}

} // namespace

TEST_CASE("release: le-run is killed, and its lease is released when the tree is gone") {
    const StandInOptions mode = with_and_without_pid_namespace();
    TreeWatch watch;
    Releases releases;
    StandIn le_run({TEST_AWKWARD, "stubborn", "daemonizing", "stopped-grandchild"},
                   releases.with(watched_by(watch, mode)));
    le_run.start(le_run.now() + seconds(60), le_run.now() + seconds(90));
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    const TimePoint kill_at = le_run.now() + seconds(2);
    le_run.until(le_run.now() + seconds(60), kill_at);
    REQUIRE(le_run.answers_ping());
    le_run.kill();
    REQUIRE(wait_until([&] {
        const bool is_released = !releases.none(); // looked at before the tree is
        REQUIRE((!is_released || watch.is_at_end()));
        return is_released;
    }));
    CHECK(has_passed_for_holder(le_run.now(), kill_at)); // a stubborn tree has until then
    CHECK(releases.acquire_time() == 1);
    CHECK(releases.until() > kill_at.boot());
    CHECK(releases.until() < kill_at.boot() + seconds(3));
    CHECK(is_gone(le_run.guard()));
    CHECK(releases.is_over());
}

TEST_CASE("release: le-run is killed in the middle of a requested stop") {
    TreeWatch watch;
    Releases releases;
    StandIn le_run({TEST_AWKWARD, "stubborn"}, releases.with(watched_by(watch)));
    le_run.start(le_run.now() + seconds(60), le_run.now() + seconds(60));
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    le_run.stop(SIGTERM, le_run.now() + seconds(2));
    le_run.kill();
    releases.wait_for_one();
    CHECK(watch.is_at_end());
    CHECK(le_run.expect<Gone>().cause == EndCause::kStopAsked);
    CHECK(is_gone(le_run.guard()));
}

TEST_CASE("release: le-run is killed after Gone, before it has settled the lease") {
    Releases releases;
    StandIn le_run({"/bin/true"}, releases.with({}));
    for (int run = 1; run <= 2; ++run) { // that of the last run
        run_once(le_run);
        if (run == 1) {
            le_run.settled();
        }
    }
    le_run.kill();
    releases.wait_for_one();
    CHECK(releases.acquire_time() == 2);
    CHECK(is_gone(le_run.guard()));
}

TEST_CASE("release: none without a run, none of a settled lease") {
    const StandInOptions mode = with_and_without_pid_namespace();
    for (int i = 0; i < 20; ++i) {
        Releases releases;
        StandIn le_run({"/bin/true"}, releases.with(mode));
        if (i > 0) {
            run_once(le_run);
            le_run.settled(); // its last word, right before its end
        }
        le_run.kill();
        REQUIRE(is_gone(le_run.guard())); // it would have waited for the release
        REQUIRE(releases.none());
    }
}

TEST_CASE("release: none for a Start that came from a dead le-run") {
    Releases releases;
    StandIn le_run({"/bin/true"}, releases.with({}));
    ::kill(le_run.guard(), SIGSTOP); // it sees both at once
    REQUIRE(wait_until([&] { return state_of(le_run.guard()) == 'T'; }));
    le_run.start();
    le_run.kill();
    ::kill(le_run.guard(), SIGCONT);
    CHECK(is_gone(le_run.guard()));
    CHECK(releases.none());
}

TEST_CASE("release: none for a frozen le-run, though its channel is closed") {
    const StandInOptions mode = with_and_without_pid_namespace();
    TreeWatch watch;
    Releases releases;
    StandIn le_run({TEST_AWKWARD, "daemonizing"}, releases.with(watched_by(watch, mode)));
    le_run.start(le_run.now() + seconds(2), le_run.now() + seconds(4));
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    REQUIRE(::kill(le_run.pid(), SIGSTOP) == 0);
    le_run.hang_up();
    const TimePoint hung_up = le_run.now();
    REQUIRE(wait_until([&] { return watch.is_at_end(); }));
    CHECK(has_passed_for_holder(le_run.now(), hung_up + seconds(1))); // by term_at, not at once
    // Nothing more happens, until the kernel says that le-run cannot come back.
    ::usleep(500'000);
    CHECK(releases.none());
    CHECK(state_of(le_run.guard()) == 'S');
    le_run.kill();
    releases.wait_for_one();
    CHECK(is_gone(le_run.guard()));
}

TEST_CASE("release: none while a process of the tree lives that the guard cannot end") {
    if (::geteuid() != 0) {
        WARN("needs root");
        return;
    }
    TreeWatch watch;
    Releases releases;
    StandInOptions options = releases.with(watched_by(watch));
    options.prepare = [] { // uid 0, but its signals reach no other uid
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
        ::syscall(SYS_capget, &header, data);
        data[0].effective &= ~(1U << CAP_KILL);
        data[0].permitted &= ~(1U << CAP_KILL);
        if (::prctl(PR_CAPBSET_DROP, CAP_KILL) != 0 || ::syscall(SYS_capset, &header, data) != 0) {
            ::_exit(1);
        }
    };
    StandIn le_run({TEST_AWKWARD, "other-uid"}, options);
    le_run.start(le_run.now() + seconds(60), le_run.now() + seconds(1));
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    const pid_t guard = le_run.guard();
    le_run.kill();
    // The rest is adopted by the guard, which tries what it can.
    REQUIRE(wait_until([&] {
        const auto left = children_of(guard);
        return left.size() == 1 && state_of(left[0]) != 'Z' && descendants_of(guard).size() == 1;
    }));
    ::usleep(500'000);
    CHECK(releases.none());
    CHECK_FALSE(watch.is_at_end());
    ::kill(children_of(guard).at(0), SIGKILL);
    releases.wait_for_one();
    CHECK(is_gone(guard));
}

TEST_CASE("release: one that hangs is ended in time, and whatever it has started") {
    const StandInOptions mode = with_and_without_pid_namespace();
    TreeWatch watch;
    Releases releases([] {
        ::fork(); // such as a credentials helper
        for (;;) {
            ::pause();
        }
    });
    StandIn le_run({TEST_AWKWARD, "plain"}, releases.with(watched_by(watch, mode)));
    const TimePoint kill_at = le_run.now() + seconds(2);
    le_run.start(kill_at, kill_at);
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    le_run.kill();
    releases.wait_for_one();
    CHECK_FALSE(releases.is_over());
    CHECK(is_gone(le_run.guard()));
    CHECK(releases.is_over());
    CHECK(has_passed_for_holder(le_run.now(), kill_at + seconds(3)));
}

TEST_CASE("release: what one leaves running when it ends is ended at once") {
    Releases releases([] {
        if (::fork() == 0) {
            for (;;) {
                ::pause();
            }
        }
    });
    StandIn le_run({"/bin/true"}, releases.with({}));
    run_once(le_run);
    le_run.kill();
    releases.wait_for_one();
    CHECK(is_gone(le_run.guard()));
    CHECK(releases.is_over());
}

TEST_CASE("release: it dies with the guard") {
    const StandInOptions mode = with_and_without_pid_namespace();
    Releases releases([] {
        for (;;) {
            ::pause();
        }
    });
    StandIn le_run({"/bin/true"}, releases.with(mode));
    run_once(le_run);
    le_run.kill();
    releases.wait_for_one();
    CHECK_FALSE(releases.is_over());
    ::kill(le_run.guard(), SIGKILL);
    CHECK(wait_until([&] { return releases.is_over(); }));
}

TEST_CASE("release: one that throws is one that did not happen") {
    Releases releases([] { throw std::runtime_error("no memory"); });
    StandIn le_run({"/bin/true"}, releases.with({}));
    run_once(le_run);
    le_run.kill();
    releases.wait_for_one();
    CHECK(is_gone(le_run.guard()));
}

TEST_CASE("release: none where no process can be had, and the guard ends all the same") {
    if (::geteuid() != 0) {
        WARN("needs root");
        return;
    }
    Releases releases;
    StandInOptions options = releases.with({});
    options.prepare = become_nobody;
    StandIn le_run({"/bin/sh", "-c", "prlimit --pid $PPID --nproc=0:0"}, options);
    le_run.start();
    le_run.expect<Started>();
    REQUIRE(le_run.expect<Gone>().wait_status == 0);
    le_run.kill();
    CHECK(is_gone(le_run.guard()));
    CHECK(releases.none());
}

TEST_CASE("release: none where le-run is PID 1, because the kernel ends everything with it") {
    if (::geteuid() != 0) {
        WARN("needs root");
        return;
    }
    TreeWatch watch;
    Releases releases;
    StandInOptions options = releases.with(watched_by(watch));
    options.own_pid_namespace = true;
    options.guards_pid_namespace = GENERATE(false, true);
    StandIn le_run({TEST_AWKWARD, "stubborn", "daemonizing"}, options);
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    le_run.kill(); // reaped: by then everything in its namespace is dead
    CHECK(watch.is_at_end());
    CHECK(releases.none());
}

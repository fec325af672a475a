// The guard is stopped for a while, or le-run reads nothing, or the kernel takes no message: what
// the guard is told and tells meanwhile.
#include <cerrno>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/process.h"
#include "helpers/refused_sends.h"
#include "process/stand_in.h"

using namespace le_run;
using namespace le_run::guard;
using namespace le_run::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

void freeze(pid_t process) {
    REQUIRE(::kill(process, SIGSTOP) == 0);
    REQUIRE(wait_until([&] { return state_of(process) == 'T'; }));
}

void thaw(pid_t process) { REQUIRE(::kill(process, SIGCONT) == 0); }

bool has_come(StandIn& le_run, TimePoint instant) {
    return wait_until([&] { return has_passed_for_holder(le_run.now(), instant); });
}

} // namespace

TEST_CASE(
    "a frozen guard is thawed with queued extensions: before its deadline the last one counts") {
    const StandInOptions mode = with_and_without_pid_namespace();
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "stubborn", "daemonizing"}, watched_by(watch, mode));
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    const TimePoint first = le_run.now() + seconds(20);
    const TimePoint last = le_run.now() + seconds(3);
    le_run.until(first, first);
    REQUIRE(le_run.answers_ping());
    freeze(le_run.guard());
    le_run.until(first + seconds(100), first + seconds(100));
    le_run.until(first + seconds(200), first + seconds(200));
    le_run.until(TimePoint::far_future(), last); // what was said before it is not mixed into it
    REQUIRE_FALSE(has_passed_for_holder(le_run.now(), last));
    thaw(le_run.guard());
    const auto gone = le_run.expect<Gone>();
    CHECK(has_passed_for_holder(le_run.now(), last));
    CHECK_FALSE(has_passed_for_holder(le_run.now(), first));
    CHECK(watch.is_at_end());
    CHECK(gone.cause == EndCause::kDeadline);
}

TEST_CASE(
    "a frozen guard is thawed with queued extensions: past its deadline none revives the child") {
    const StandInOptions mode = with_and_without_pid_namespace();
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "stubborn", "daemonizing"}, watched_by(watch, mode));
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    const TimePoint kill_at = le_run.now() + seconds(4);
    le_run.until(kill_at, kill_at);
    REQUIRE(le_run.answers_ping());
    freeze(le_run.guard());
    REQUIRE_FALSE(has_passed_for_holder(le_run.now(), kill_at));
    le_run.until(kill_at + seconds(100), kill_at + seconds(100)); // in time, but nobody reads it
    REQUIRE(has_come(le_run, kill_at));
    le_run.until(TimePoint::far_future(), TimePoint::far_future());
    thaw(le_run.guard());
    const auto gone = le_run.expect<Gone>();
    CHECK(watch.is_at_end());
    CHECK(gone.cause == EndCause::kDeadline);
    CHECK(gone.killed == 1);
    CHECK(gone.signal_sent == 0);
}

TEST_CASE("messages of run 1 that arrive during run 2 have no force") {
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "plain"}, watched_by(watch));
    le_run.start();
    le_run.expect<Started>();
    le_run.stop(SIGTERM);
    CHECK(le_run.expect<Gone>().run == 1);
    watch.forget();
    le_run.start();
    CHECK(le_run.expect<Started>().run == 2);
    watch.wait_for_line("ready");
    le_run.send(Until{1, le_run.now(), le_run.now()});
    le_run.send(Signal{1, SIGTERM});
    le_run.send(Stop{1, SIGTERM, le_run.now()});
    REQUIRE(le_run.answers_ping());
    CHECK(le_run.is_silent_for(milliseconds(300)));
    le_run.stop(SIGTERM);
    CHECK(le_run.expect<Gone>().run == 2);
}

TEST_CASE("a guard that woke late says by how much, and only during a run") {
    const StandInOptions mode = with_and_without_pid_namespace();
    StandIn le_run({"/bin/sleep", "100"}, mode);
    le_run.start();
    le_run.expect<Started>();
    for (int round = 0; round < 2; ++round) {
        // Not within a second of the last Late.
        REQUIRE(has_come(le_run, le_run.now() + milliseconds(1200)));
        REQUIRE(le_run.answers_ping());
        const TimePoint before = le_run.now();
        freeze(le_run.guard());
        REQUIRE(has_come(le_run, le_run.now() + seconds(1)));
        thaw(le_run.guard());
        Duration late{};
        while (late < milliseconds(800)) { // of the second, 100 ms it slept anyway
            late = Duration(le_run.expect_late().nanoseconds);
        }
        CHECK(late <= le_run.now().boot() - before.boot());
    }
    le_run.stop(SIGTERM);
    le_run.expect<Gone>();
    freeze(le_run.guard());
    REQUIRE(has_come(le_run, le_run.now() + milliseconds(500)));
    thaw(le_run.guard());
    REQUIRE(le_run.answers_ping());
    FromGuard message;
    CHECK(le_run.channel().receive(&message) == LeRunEnd::Receive::kNothing);
}

TEST_CASE("a Gone that finds the channel full is told once there is room, once") {
    const StandInOptions mode = with_and_without_pid_namespace();
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "plain", "daemonizing"}, watched_by(watch, mode));
    le_run.start();
    const auto started = le_run.expect<Started>();
    watch.wait_for_line("ready");
    // Each is answered; nobody reads the answers.
    constexpr std::uint64_t kPings = 3000;
    for (std::uint64_t number = 1; number <= kPings; ++number) {
        REQUIRE(wait_until([&] { return le_run.channel().send(Ping{le_run.run(), number}); }));
    }
    REQUIRE(wait_until(
        [&] { return le_run.channel().send(Stop{le_run.run(), SIGTERM, le_run.now()}); }));
    REQUIRE(wait_until([&] { return watch.is_at_end(); }));
    const pid_t guard = le_run.guard();
    if (!mode.guards_pid_namespace) {
        REQUIRE(wait_until([&] { return state_of(started.pid) == '\0'; })); // reaped
    }
    REQUIRE(wait_until([&] { return children_of(guard).empty() && state_of(guard) == 'S'; }));

    std::uint64_t pongs = 0;
    std::uint64_t others = 0;
    std::optional<Gone> gone;
    REQUIRE(wait_until([&] {
        FromGuard message;
        while (le_run.channel().receive(&message) == LeRunEnd::Receive::kMessage) {
            if (const auto* end = std::get_if<Gone>(&message)) {
                gone = *end;
            } else if (std::holds_alternative<Pong>(message)) {
                ++pongs;
            } else if (!std::holds_alternative<Late>(message)) {
                ++others;
            }
        }
        return gone.has_value();
    }));
    CHECK(pongs < kPings); // it was full, and what is of the moment was dropped
    CHECK(others == 0);
    CHECK(gone->run == 1);
    CHECK(gone->killed == 1);
    CHECK(le_run.is_silent_for(milliseconds(300)));
    le_run.start(); // and the guard is as ready as ever
    CHECK(le_run.expect<Started>().run == 2);
}

TEST_CASE("what the kernel has no memory for the guard tells later, without asking all the time") {
    RefusedSends sends;
    StandInOptions options;
    options.prepare = [&] { sends.afflict(); };
    StandIn le_run({"/bin/sleep", "100"}, options);
    const auto is_refused_for_a_while = [&] {
        const TimePoint then = le_run.now() + milliseconds(200);
        const bool is_asked_again = wait_until([&] { return sends.refused() > 3; });
        UNSCOPED_INFO(sends.refused() << " were refused");
        return is_asked_again && has_come(le_run, then);
    };
    sends.refuse(ENOBUFS, le_run.guard());
    le_run.start();
    REQUIRE(is_refused_for_a_while());
    CHECK(sends.refused() < 500); // each 20 ms: it would need 10 s for that
    sends.allow();
    le_run.expect<Started>();

    sends.refuse(ENOBUFS, le_run.guard());
    le_run.send(Ping{le_run.run(), 4711});
    REQUIRE(is_refused_for_a_while());
    sends.allow();
    FromGuard message;
    REQUIRE(wait_until([&] {
        return le_run.channel().receive(&message) == LeRunEnd::Receive::kMessage &&
               std::holds_alternative<Pong>(message);
    }));
    CHECK(std::get<Pong>(message).number == 4711);

    sends.refuse(ENOMEM, le_run.guard());
    le_run.stop(SIGTERM);
    REQUIRE(is_refused_for_a_while());
    CHECK(sends.refused() < 500);
    sends.allow();
    CHECK(le_run.expect<Gone>().cause == EndCause::kStopAsked);
}

// What is measured while running: pauses of the host and trees that take long to kill.
#include "helpers/catch.h"

#include "base/duration_text.h"
#include "election/driver.h"

namespace le_run::test {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;
using State = Election::State;

const TimePoint kStart(1000s, 2000s);

void paused_twice(Driver& d, Duration length) {
    d.step(WokeLate{length});
    d.step(WokeLate{length});
}

// Lets time pass as a loop would: it wakes up when next_wakeup() says so, and only then.
Lines sleep(Driver& d, Duration length) {
    Lines all;
    Duration left = length;
    while (left > Duration::zero()) {
        const Duration nap = std::min(left, std::max<Duration>(d.wakeup(), 1ms));
        d.pass(nap);
        left -= nap;
        const Lines now = d.tick();
        all.insert(all.end(), now.begin(), now.end());
    }
    return all;
}

bool contains_line(const Lines& lines, const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
}

// On standby with its own lease released, which is returned, after two long pauses; a watch works.
StoredLease step_down(Driver& d) {
    d.become_leading();
    d.watched(WatchWorks{});
    d.read(d.last_record());
    d.step(WokeLate{6s});
    REQUIRE(d.step(WokeLate{7s}).front() == "report stepping-down");
    d.step(WorkGone{WorkEnd::kStopped});
    d.read(d.last_record());
    const Lines after = d.written();
    CHECK(after == Lines{"report released", "report not-contending", "read"});
    const StoredLease free = d.lease_of("", 1);
    d.read(free);
    REQUIRE(d.election().state() == State::kStandby);
    return free;
}

} // namespace

TEST_CASE("a pause seen twice in a minute may come again, twice as bad", "[margin]") {
    Margin margin{Timing()};
    margin.woke_late(kStart, 3700ms);
    CHECK(margin.measured().lambda == 1s); // once says nothing of the next one
    margin.woke_late(kStart + 10s, 3900ms);
    CHECK(margin.measured().lambda == 7400ms);
    CHECK(margin.measured().kappa == 1s);
    CHECK(margin.cause() == "this host paused twice in 60s (3.7s, 3.9s)");
    margin.woke_late(kStart + 20s, 300ms);
    CHECK(margin.measured().lambda == 7400ms);
    CHECK(margin.fits());
    CHECK(margin.forgets_at() == kStart + 60s);
    margin.forget(kStart + 59s);
    CHECK(margin.measured().lambda == 7400ms);
    margin.forget(kStart + 60s);
    CHECK(margin.measured().lambda == 1s);
    CHECK(margin.lambda_at(kStart + 9s) == 1s);
    CHECK(margin.lambda_at(kStart + 59s) == 7400ms);
    CHECK(margin.lambda_at(kStart + 60s) == 1s);
    margin.forget(kStart + 2min);
    CHECK_FALSE(margin.forgets_at());
}

TEST_CASE("a pause that a slow clock still remembers is forgotten all the same", "[margin]") {
    Margin margin{Timing()};
    margin.woke_late(kStart, 3700ms);
    margin.woke_late(kStart, 3700ms);
    const TimePoint later(kStart.boot() + 58s, kStart.raw() + 60s);
    margin.forget(later);
    CHECK(margin.measured().lambda == 1s);
    CHECK(margin.lambda_at(later) == 1s); // what is sent now is promised with it
}

TEST_CASE("it fits again when enough of it is forgotten, and says when that will be", "[margin]") {
    Margin margin{Timing()};
    margin.woke_late(kStart, 8s);
    margin.woke_late(kStart + 10s, 3s);
    margin.woke_late(kStart + 20s, 9s);
    CHECK_FALSE(margin.fits());
    CHECK(margin.cause() == "this host paused twice in 60s (8s, 9s)");
    CHECK(margin.fits_at() == kStart + 60s);
    margin.woke_late(kStart + 30s, 10s);
    CHECK(margin.fits_at() == kStart + 80s);
    margin.forget(margin.fits_at());
    CHECK(margin.fits());
}

TEST_CASE("growth is told by a quarter, not by each millisecond", "[margin]") {
    Margin margin{Timing()};
    margin.tree_needs(1s, 100);
    CHECK_FALSE(margin.has_grown());
    margin.tree_needs(2s, 4000);
    CHECK(margin.has_grown());
    CHECK(margin.cause() == "killing the 4000 processes of the work takes up to 2s");
    margin.tree_needs(2500ms, 5000);
    CHECK_FALSE(margin.has_grown());
    margin.tree_needs(3s, 6000);
    CHECK(margin.has_grown());
    margin.tree_is_gone();
    margin.tree_needs(2s, 4000);
    CHECK(margin.has_grown());
}

TEST_CASE("two pauses of 3.7 s at 15/10/2 cost nothing but earlier instants", "[margin]") {
    Driver d;
    d.become_leading();
    CHECK(d.step(WokeLate{3700ms}).empty());
    CHECK(d.step(WokeLate{3700ms}) == Lines{"report margin-grown"});
    CHECK(d.election().state() == State::kLeading);
    d.pass(2s);
    CHECK(d.tick() == Lines{"renew over v101"});
    CHECK(d.written() == Lines{"extend term 5.57s kill 6.57s"});
    // A minute later they are forgotten.
    for (int i = 0; i < 30; ++i) {
        d.pass(2s);
        d.tick();
        d.written();
    }
    d.pass(2s);
    d.tick();
    CHECK(d.written() == Lines{"extend term 10s kill 12.97s"});
}

TEST_CASE("a lease that cannot be kept safe is stepped down from: still held, then released",
          "[margin]") {
    Driver d;
    d.become_leading();
    d.step(WokeLate{6s});
    CHECK(d.step(WokeLate{7s}) == Lines{"report stepping-down", "extend term 10s kill 12.97s",
                                        "report stop-begins", "stop margin kill 12.97s"});
    // The lease is renewed until the tree is gone. But what is renewed now leaves the work less
    // than the present lease does, so SIGKILL comes no later for that.
    for (int i = 1; i < 7; ++i) {
        d.pass(2s);
        CHECK(d.tick().front().rfind("renew over", 0) == 0);
        CHECK(d.written().front() == "extend term 10s kill " + format_duration(12970ms - i * 2s));
    }
    CHECK(d.step(WorkGone{WorkEnd::kStopped}) == Lines{"read"});
    d.read(d.last_record());
    CHECK(d.written() == Lines{"report released", "report not-contending", "read"});
}

TEST_CASE("a standby that does not contend says until when, once, and contends again then",
          "[margin]") {
    Driver d;
    const StoredLease free = step_down(d);
    d.pass_in_silence(59s, free); // nothing but looks
    const Lines then = sleep(d, 2s);
    CHECK(then == Lines{"report contending", "acquire over v105"});
    CHECK(d.election().state() == State::kAcquiring);
}

TEST_CASE("a standby that contends again, but stays behind for a while, says so", "[margin]") {
    Driver d;
    d.become_leading();
    d.step(WokeLate{6s});
    d.step(WokeLate{7s});
    for (int i = 0; i < 29; ++i) { // a long drain
        d.pass(2s);
        d.tick();
        d.written();
    }
    d.pass(1s);
    d.step(WorkGone{WorkEnd::kStopped});
    d.read(d.last_record());
    REQUIRE(d.written() == Lines{"report released", "report not-contending", "read"});
    d.read(d.last_record());
    d.pass(1s); // the pauses are forgotten
    CHECK(d.tick() == Lines{"report holding-back"});
    d.pass(1s);
    CHECK(d.tick().back().rfind("acquire", 0) == 0);
}

TEST_CASE("a stop asked for just when it may contend again: it ends, and acquires nothing",
          "[margin]") {
    Driver d;
    step_down(d);
    d.pass(70s); // its loop was late: the stop is the first that it hears
    CHECK(d.step(StepDownAsked{StepDownReason::kAsked}) == Lines{"finish stopped"});
}

TEST_CASE("a late answer, which has no force, does not keep it from contending again", "[margin]") {
    Driver d;
    step_down(d);
    d.pass(61s);
    CHECK(d.step(ReadAnswered{Attempt{9999}, Absent{}}).empty());
    CHECK(d.wakeup() == 0s);
    CHECK(d.tick() == Lines{"report contending", "acquire over v105"});
}

TEST_CASE("a lease won while the host paused is given back, and no work starts", "[margin]") {
    Driver d;
    d.become_acquiring();
    paused_twice(d, 7s);
    CHECK(d.written() == Lines{"read"});
    CHECK(d.election().state() == State::kReleasing);
    d.read(d.last_record());
    CHECK(contains_line(d.written(), "report not-contending"));
}

TEST_CASE("a renewal is promised with the pauses that were known when it was sent", "[margin]") {
    Driver d;
    d.become_leading();
    paused_twice(d, 3s);
    d.pass(2s);
    CHECK(d.tick() == Lines{"renew over v101"});
    d.pass(1s);
    paused_twice(d, 3500ms); // before its answer
    CHECK(d.written() == Lines{"extend term 5.97s kill 6.97s"});
}

TEST_CASE("a larger tree moves the instants of the present anchor, too", "[margin]") {
    Driver d;
    d.become_leading();
    d.pass(1s);
    CHECK(d.step(TreeMeasured{3s, 12'000}) ==
          Lines{"extend term 8.97s kill 9.97s", "report margin-grown"});
    d.pass(1s);
    d.tick();
    CHECK(d.written() == Lines{"extend term 9.97s kill 10.97s"});
    CHECK(d.step(TreeMeasured{500ms, 20}) == Lines{"extend term 10s kill 12.97s"});
    CHECK(d.step(TreeMeasured{500ms, 20}).empty());
}

TEST_CASE("a pause forgotten since the anchor leaves room for a larger tree", "[margin]") {
    Driver d;
    d.become_leading();
    paused_twice(d, 4s);
    for (int i = 0; i < 29; ++i) {
        d.pass(2s);
        d.tick();
        d.written();
    }
    d.pass(2s); // the pauses are forgotten, and the present anchor was sent before
    CHECK(d.step(TreeMeasured{6s, 24'000}) ==
          Lines{"extend term 4.97s kill 5.97s", "report margin-grown", "renew over v130"});
}

TEST_CASE("a tree too large for its lease is killed while that lasts, whatever its grace",
          "[margin]") {
    Driver d;
    d.become_leading();
    CHECK(d.step(TreeMeasured{12s, 60'000}) ==
          Lines{"report stepping-down", "extend term 10s kill 1.97s", "report stop-begins",
                "stop margin kill 1.97s"});
    CHECK(d.step(TreeMeasured{13s, 70'000}) == Lines{"extend term 10s kill 970ms"});
    d.step(WorkGone{WorkEnd::kStopped});
    d.read(d.last_record());
    CHECK(contains_line(d.written(), "report holding-back")); // the next work may be smaller
}

TEST_CASE("what is told of a tree that is gone has no force", "[margin]") {
    Driver d;
    d.become_releasing();
    CHECK(d.step(TreeMeasured{12s, 60'000}).empty());
}

} // namespace le_run::test

// --hold: a lease that is kept after its work has ended.
#include "election/driver.h"
#include "helpers/catch.h"

namespace le_run::test {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

ElectionConfig with_hold(Duration hold) {
    ElectionConfig config = usual_config();
    config.hold = hold;
    return config;
}

// Its work ended `after` it began.
Driver holding(ElectionConfig config, Duration after) {
    Driver d(std::move(config));
    d.become_leading();
    d.pass(after);
    d.step(WorkGone{WorkEnd::kByItself});
    return d;
}

} // namespace

TEST_CASE("hold: the lease is renewed until then, and released at that instant", "[election]") {
    Driver d(with_hold(5s));
    const TimePoint begin = d.now();
    const auto passed = [&] { return d.now().boot() - begin.boot(); };
    d.become_leading();
    d.pass(500ms);
    CHECK(d.step(WorkGone{WorkEnd::kByItself}) == Lines{"report holding"});
    CHECK(d.election().state() == Election::State::kHolding);
    d.pass(d.wakeup());
    CHECK(passed() == 2s); // the next renewal is due
    CHECK(d.tick() == Lines{"renew over v101"});
    CHECK(d.written().empty()); // no work is left to extend
    d.pass(d.wakeup());
    CHECK(d.tick() == Lines{"renew over v102"});
    d.written();
    d.pass(d.wakeup());
    CHECK(d.tick() == Lines{"read"}); // the release begins
    CHECK(passed() >= 5s);
    CHECK(passed() <= 5100ms); // an observer's clock may be slower
    CHECK(d.read(d.last_record()) == Lines{"release over v104"});
    CHECK(d.written() == Lines{"report released", "finish work-ended"});
}

TEST_CASE("hold: work that lasted longer is released at once", "[election]") {
    Driver d = holding(with_hold(1s), 1500ms);
    CHECK(d.election().state() == Election::State::kReleasing);
}

TEST_CASE("hold: --on-exit standby contends again after it", "[election]") {
    ElectionConfig config = with_hold(1s);
    config.standby_after_work_ended = true;
    Driver d = holding(config, 100ms);
    d.pass(1s);
    d.tick();
    d.read(d.last_record());
    CHECK(d.written() == Lines{"report released", "report holding-back", "read"});
}

TEST_CASE("hold: work that was stopped, or told to end, is not held", "[election]") {
    const auto end = GENERATE(WorkEnd::kStopped, WorkEnd::kToldToEnd);
    Driver d(with_hold(1min));
    d.become_leading();
    if (end == WorkEnd::kStopped) {
        d.step(StepDownAsked{StepDownReason::kAsked});
    }
    d.step(WorkGone{end});
    CHECK(d.election().state() == Election::State::kReleasing);
}

TEST_CASE("hold: a stop ends le-run at once, and the lease runs out by itself", "[election]") {
    Driver d = holding(with_hold(1min), 100ms);
    CHECK(d.step(StepDownAsked{StepDownReason::kAsked}) ==
          Lines{"report not-released", "finish work-ended"});
}

TEST_CASE("hold: another holder, or a lease that ran out, ends it without a release",
          "[election]") {
    SECTION("another holder") {
        Driver d = holding(with_hold(1min), 100ms);
        d.pass(d.wakeup());
        CHECK(d.tick() == Lines{"renew over v101"});
        CHECK(d.write(Conflict{}) == Lines{"read"});
        CHECK(d.read(d.lease_of("other")) == Lines{"report not-released", "finish work-ended"});
    }
    SECTION("no renewal succeeds") {
        Driver d = holding(with_hold(1min), 100ms);
        const TimePoint begin = d.now();
        Lines last;
        for (int i = 0; i < 100 && d.election().state() == Election::State::kHolding; ++i) {
            d.pass(d.wakeup());
            last = d.tick();
        }
        CHECK(last == Lines{"report not-released", "finish work-ended"});
        CHECK(d.now().boot() - begin.boot() <= 15s);
    }
}

} // namespace le_run::test

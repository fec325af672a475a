// Whole stories with their times, in order.
#include "helpers/catch.h"

#include "base/duration_text.h"
#include "election/driver.h"

namespace le_run::test {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;
using State = Election::State;
using Lines = std::vector<std::string>;

const Failure kUnreachable{Failure::Kind::kUnreachable, "no answer", {}};

} // namespace

TEST_CASE("a life: create, renew, step down, drain beyond the lease, release", "[election]") {
    Driver d;
    CHECK(d.tick() == Lines{"report contending", "read"});
    CHECK(d.read(Absent{}) == Lines{"acquire anew"});
    CHECK(d.written() == Lines{"report acquired", "start token 101 term 10s kill 12.97s"});
    CHECK(d.wakeup() == 2s); // retry period, from the send
    d.pass(2s);
    CHECK(d.tick() == Lines{"renew over v101"});
    CHECK(d.written() == Lines{"extend term 10s kill 12.97s"});
    CHECK(d.step(StepDownAsked{StepDownReason::kAsked}) ==
          Lines{"extend term 10s kill 12.97s", "report stop-begins", "stop step-down kill never"});
    for (int i = 0; i < 15;
         ++i) { // the drain takes twice the lease duration, and the lease is renewed all the while
        d.pass(2s);
        CHECK(d.tick() == Lines{"renew over v" + std::to_string(102 + i)});
        CHECK(d.written() == Lines{"extend term 10s kill 12.97s"});
    }
    CHECK(d.step(WorkGone{WorkEnd::kStopped}) == Lines{"read"});
    CHECK(d.read(d.last_record()) == Lines{"release over v118"});
    CHECK(d.written() == Lines{"report released", "finish stopped"});
    CHECK_FALSE(d.election().next_wakeup(d.now()));
}

TEST_CASE("a hanging store: tries beside each other, stop at the renew deadline, no release, "
          "contending again",
          "[election]") {
    Driver d;
    d.become_leading();
    d.pass(2s);
    CHECK(d.tick() == Lines{"renew over v101"});
    const Attempt renewal = d.last_attempt();
    for (int tries = 1; tries < 16; ++tries) {
        d.pass(500ms);
        const bool is_look = tries % 5 == 2 || tries % 5 == 4;
        const std::string next = is_look ? "read" : "renew over v101";
        // From 8 s on it is told that nothing is answered.
        CHECK(d.tick() == (tries == 12 ? Lines{"report renewal-failing", next} : Lines{next}));
    }
    // What the store says of a request that hangs is told, also when others are under way.
    CHECK(d.step(WriteAnswered{renewal, kUnreachable}) == Lines{"report renewal-failing"});
    d.pass(500ms); // 10 s
    CHECK(d.tick() == Lines{"report lost", "extend term 0s kill 2.97s", "report stop-begins",
                            "stop renew-deadline kill never", "renew over v101"});
    d.pass(2s);
    CHECK(d.tick() == Lines{"read"});
    CHECK(d.step(WorkGone{WorkEnd::kStopped}) == Lines{"read"}); // perhaps it can be released
    d.pass(2s);
    CHECK(d.tick() == Lines{"read"});
    d.pass(1s); // the lease has run out
    CHECK(d.tick() == Lines{"report not-released", "report holding-back", "read"});
    CHECK(d.election().state() == State::kStandby);
}

TEST_CASE("a store that answers looks and no renewal: that is told before the lease is lost",
          "[election]") {
    Driver d;
    d.become_leading();
    StoredLease mine = d.last_record();
    mine.version = {"v101"};
    bool is_told = false;
    while (d.election().state() == State::kLeading) {
        d.pass(d.wakeup());
        for (Lines lines = d.tick(); !lines.empty();) {
            is_told = is_told || lines.front() == "report renewal-failing";
            lines = lines.back() == "read" ? d.read(mine) : Lines();
        }
    }
    CHECK(is_told);
}

TEST_CASE("a success in the drain after a loss moves SIGKILL and does not cancel the stop",
          "[election]") {
    Driver d;
    d.become_leading();
    d.pass(10s);
    d.tick();
    CHECK(d.election().state() == State::kStopping);
    CHECK(d.written() == Lines{"extend term 10s kill 12.97s"});
    CHECK(d.election().state() == State::kStopping);
    CHECK(d.step(WorkGone{WorkEnd::kStopped}) == Lines{"read"});
    CHECK(d.read(d.last_record()) == Lines{"release over v103"});
}

TEST_CASE("the lost grace bounds the drain, also when renewals work again", "[election]") {
    ElectionConfig config = usual_config();
    config.timing.lost_grace = 1s;
    Driver d(config);
    d.become_acquiring();
    CHECK(d.written() == Lines{"report acquired", "start token 101 term 10s kill 11s"});
    d.pass(10s);
    CHECK(d.tick() == Lines{"report lost", "extend term 0s kill 1s", "report stop-begins",
                            "stop renew-deadline kill 1s", "renew over v101"});
    CHECK(d.written() == Lines{"extend term 10s kill 1s"});
}

TEST_CASE("the stop grace bounds a requested drain, the lost grace does not", "[election]") {
    ElectionConfig config = usual_config();
    config.timing.lost_grace = 0s;
    config.stop_grace = 30s;
    Driver d(config);
    d.become_leading();
    CHECK(d.step(StepDownAsked{StepDownReason::kAsked}) ==
          Lines{"extend term 10s kill 12.97s", "report stop-begins", "stop step-down kill 30s"});
}

TEST_CASE("a process that slept notices its deadline before it believes good news", "[election]") {
    Driver d;
    d.become_leading();
    d.pass(2s);
    d.tick();
    d.pass(60s); // frozen; the answer had come long ago
    const Lines wanted = d.written();
    REQUIRE(wanted.size() >= 3);
    CHECK(wanted[0] == "report lost");
    CHECK(d.election().state() == State::kStopping);
}

TEST_CASE("either clock ends a leadership, both must pass for a takeover", "[election]") {
    SECTION("the holder obeys the faster clock") {
        const bool boot_is_fast = GENERATE(true, false);
        Driver d;
        d.become_leading();
        boot_is_fast ? d.pass(10s, 9s) : d.pass(9s, 10s);
        d.tick();
        CHECK(d.election().state() == State::kStopping);
    }
    SECTION("the observer obeys the slower clock") {
        const bool boot_is_fast = GENERATE(true, false);
        Driver d;
        d.become_standby();
        boot_is_fast ? d.pass(15s, 14s) : d.pass(14s, 15s);
        CHECK(d.tick() == Lines{"read"});
        CHECK(d.election().state() == State::kStandby);
        d.pass(1s);
        d.read(d.lease_of("other"));
        CHECK(d.election().state() == State::kStandby);
    }
}

TEST_CASE(
    "two unknown renewals and a stuck wall clock: the one that landed is named by its renewTime",
    "[election]") {
    Driver d;
    d.become_leading();
    d.pass(2s);
    d.tick(); // the renewal that will have landed, sent at 2 s
    const StoredLease first = d.last_record();
    d.write(kUnreachable);
    d.pass(500ms);
    d.tick();
    // The read shows the old version still: neither has landed yet, so another write is sent.
    StoredLease before = d.last_record();
    before.version = {"v101"};
    before.record.renew_time = WallTime{1'800'000'000'000'000};
    CHECK(d.read(before) == Lines{"renew over v101"});
    d.write(kUnreachable);
    d.pass(500ms);
    d.tick();
    CHECK(d.read(first) == // the wall clock stood still, and yet it is the first one
          Lines{"report renewal-works", "extend term 9s kill 11.97s"});
}

TEST_CASE("each renewTime is of a later second, whatever the wall clock does", "[election]") {
    Driver d;
    d.become_leading();
    std::int64_t last = d.last_record().record.renew_time->microseconds;
    for (int i = 0; i < 5; ++i) {
        d.wall.microseconds -= 3'600'000'000; // an hour back each time
        d.pass(2s);
        d.tick();
        const std::int64_t renewed = d.last_record().record.renew_time->microseconds;
        CHECK(renewed >= last + 1'000'000);
        last = renewed;
        d.written();
    }
}

TEST_CASE("renewals every 250 ms: renewTime stays within a second of the wall clock",
          "[election]") {
    ElectionConfig config = usual_config();
    config.timing.retry_period = 250ms;
    Driver d(config);
    d.become_leading();
    TimePoint seen_since = d.now(); // an observer that compares whole seconds
    std::int64_t seen = d.last_written().renew_time->microseconds / 1'000'000;
    for (int i = 0; i < 160; ++i) {
        d.pass(250ms);
        d.wall.microseconds += 250'000;
        CHECK(d.tick().size() == 1);
        const std::int64_t renewed = d.last_written().renew_time->microseconds;
        CHECK(renewed >= d.wall.microseconds);
        CHECK(renewed - d.wall.microseconds <= 1'000'000);
        if (renewed / 1'000'000 != seen) {
            seen = renewed / 1'000'000;
            seen_since = d.now();
        }
        // Nothing counts from later than what such an observer can see.
        const Duration term = left_for_holder(d.now(), seen_since + 10s);
        CHECK(term >= 8750ms);
        CHECK(d.written().front().starts_with("extend term " + format_duration(term) + " kill"));
    }
}

TEST_CASE(
    "a wall clock that stands still: renewTime goes on, and never slower than the renewals need",
    "[election]") {
    ElectionConfig config = usual_config();
    config.timing.retry_period = 250ms;
    Driver d(config);
    d.become_leading();
    for (int i = 0; i < 40; ++i) {
        d.pass(250ms);
        d.tick();
        d.written();
    }
    const std::int64_t ahead = d.last_written().renew_time->microseconds - d.wall.microseconds;
    CHECK(ahead >= 5'000'000); // a new second every two seconds at the latest
    CHECK(ahead <= 10'000'000);
    CHECK(d.election().state() == State::kLeading);
}

TEST_CASE("a renewal of the same second whose answer was lost counts as landed", "[election]") {
    ElectionConfig config = usual_config();
    config.timing.retry_period = 250ms;
    Driver d(config);
    d.wall.microseconds += 900'000; // so that the next second is near, and the one after it is not
    d.become_leading();
    d.pass(250ms);
    d.tick();
    d.written();
    d.pass(250ms);
    REQUIRE(d.tick() == Lines{"renew over v102"});
    const StoredLease landed = d.last_record();
    d.write(kUnreachable);
    d.pass(250ms);
    REQUIRE(d.tick() == Lines{"read"});
    // It counts from the send that began its second; the next renewal is due after its own.
    CHECK(d.read(landed) ==
          Lines{"report renewal-works", "extend term 9.5s kill 12.47s", "renew over v103"});
}

TEST_CASE("after a deletion a standby waits for the observed expiry, a fresh starter does not",
          "[election]") {
    Driver d;
    d.become_standby();
    d.pass(3s);
    d.tick();
    CHECK(d.read(Absent{}) == Lines{"report vanished other"});
    d.pass(11s);
    d.tick();
    CHECK(d.read(Absent{}).empty());
    d.pass(1s);
    CHECK(d.tick() == Lines{"acquire anew"});

    Driver fresh;
    fresh.tick();
    CHECK(fresh.read(Absent{}) == Lines{"acquire anew"});
}

TEST_CASE(
    "a lease that somebody emptied is waited out by a standby that saw its holder, a released one "
    "is not",
    "[election]") {
    Driver d;
    d.become_standby(); // another's record, seen just now
    d.pass(2400ms);
    CHECK(d.tick() == Lines{"read"});
    const auto duration = GENERATE(15, 2, 0);
    const StoredLease emptied = d.lease_of("", duration);
    SECTION("emptied") {
        CHECK(d.read(emptied) == Lines{"report vanished other"});
        d.pass(12599ms);
        CHECK(d.tick() == Lines{"read"});
        CHECK(d.read(emptied).empty());
        d.pass(1ms);
        CHECK(d.tick() == Lines{"acquire over " + emptied.version.text});
    }
    SECTION("emptied, then released") {
        d.read(emptied);
        d.pass(2400ms);
        d.tick();
        const StoredLease released = d.lease_of("", 1);
        CHECK(d.read(released) == Lines{"acquire over " + released.version.text});
    }
    SECTION("deleted, then made anew without a holder") {
        d.read(Absent{});
        d.pass(2400ms);
        d.tick();
        CHECK(d.read(emptied) == Lines{"report vanished other"});
    }
}

TEST_CASE("a release whose outcome is unknown is repeated until the lease has run out",
          "[election]") {
    Driver d;
    d.become_releasing();
    const StoredLease mine = d.last_record();
    CHECK(d.read(mine) == Lines{"release over v102"});
    for (int i = 0; i < 5; ++i) {
        d.write(kUnreachable);
        d.pass(1s);
        CHECK(d.tick() == Lines{"read"});
        CHECK(d.read(mine) == Lines{"release over v102"});
    }
    d.write(kUnreachable);
    d.pass(15s);
    CHECK(d.tick() == Lines{"report not-released", "finish stopped"});
}

TEST_CASE("an acquisition whose answer was lost is won by a write of its own", "[election]") {
    Driver d;
    d.become_acquiring();
    const StoredLease landed = d.last_record();
    CHECK(d.write(kUnreachable) == Lines{"report store-trouble"});
    d.pass(2s);
    CHECK(d.tick() == Lines{"read"});
    CHECK(d.read(landed) == Lines{"acquire over v101"});
    CHECK(d.last_record().record.acquire_time != landed.record.acquire_time);
    CHECK(d.written() == Lines{"report acquired", "start token 103 term 10s kill 12.97s"});
}

TEST_CASE("denied at start: said at once, waited for one renew deadline, then the end, later never",
          "[election]") {
    const Failure denied{Failure::Kind::kDenied, "denied", {}};
    SECTION("at start") {
        Driver d;
        d.tick();
        CHECK(d.read(denied) == Lines{"report store-trouble"});
        for (int i = 0; i < 4; ++i) {
            d.pass(2s);
            CHECK(d.tick() == Lines{"read"});
            CHECK(d.read(denied).empty());
        }
        d.pass(2s);
        CHECK(d.tick() == Lines{"finish denied"});
    }
    SECTION("only the write is denied") {
        Driver d;
        d.tick();
        d.read(Absent{});
        d.write(denied);
        for (int i = 0; i < 4; ++i) {
            d.pass(2s);
            CHECK(d.tick() == Lines{"read"});
            CHECK(d.read(Absent{}) == Lines{"acquire anew"});
            d.write(denied);
        }
        d.pass(2s);
        CHECK(d.tick() == Lines{"finish denied"});
    }
    SECTION("rights that lag") {
        Driver d;
        d.tick();
        d.read(denied);
        d.pass(2s);
        d.tick();
        CHECK(d.read(Absent{}) == Lines{"acquire anew"});
        CHECK(d.written().back() == "start token 101 term 10s kill 12.97s");
    }
    SECTION("later") {
        Driver d;
        d.become_standby();
        for (int i = 0; i < 40; ++i) {
            d.pass(3s);
            d.tick();
            if (d.election().state() == State::kAcquiring) {
                d.write(denied);
            } else {
                d.read(denied);
            }
            CHECK(d.election().state() == State::kStandby);
        }
    }
}

TEST_CASE("a stranger's or unusable answer at start ends the program at once", "[election]") {
    const auto kind = GENERATE(Failure::Kind::kMalformed, Failure::Kind::kUntrusted);
    Driver d;
    d.tick();
    CHECK(d.read(Failure{kind, "no", {}}) == Lines{"finish unusable"});
}

TEST_CASE("an unreachable store is waited for, and told once", "[election]") {
    Driver d;
    d.tick();
    int lines = 0;
    for (int i = 0; i < 90; ++i) {
        lines += static_cast<int>(d.read(kUnreachable).size());
        d.pass(2s);
        REQUIRE(d.tick() == Lines{"read"});
    }
    CHECK(lines == 1);
}

TEST_CASE("numbers that change from try to try do not make the same trouble a new one",
          "[election]") {
    Driver d;
    d.tick();
    const auto fail = [&](const std::string& text) {
        const auto lines = d.read(Failure{Failure::Kind::kUnreachable, text, {}}).size();
        d.pass(2s);
        REQUIRE(d.tick() == Lines{"read"});
        return lines;
    };
    CHECK(fail("expired; the clock says 9:59:58") == 1);
    CHECK(fail("expired; the clock says 10:00:00") == 0);
    CHECK(fail("expired; the clock says 10:00:02, and more") == 1);
    CHECK(fail("refused") == 1);
    CHECK(fail("expired; the clock says 10:00:06") == 0); // they take turns
    for (int i = 0; i < 30; ++i) {
        CHECK(fail("refused") == 0);
    }
    CHECK(fail("expired; the clock says 10:01:10") == 1);
    CHECK(fail("expired; the clock says 10:01:12") == 0);
}

TEST_CASE("a leader tells of failing renewals once, and again when they fail in another way",
          "[election]") {
    Driver d;
    d.become_leading();
    Lines told;
    for (int i = 0; d.election().state() == Election::State::kLeading; ++i) {
        d.pass(d.wakeup());
        const Lines lines = d.tick();
        if (lines == Lines{"read"} || lines == Lines{"renew over v101"}) {
            const Failure failure{Failure::Kind::kDenied, i < 10 ? "denied" : "refused", {}};
            const Lines answer = lines == Lines{"read"} ? d.read(failure) : d.write(failure);
            told.insert(told.end(), answer.begin(), answer.end());
        }
    }
    CHECK(told == Lines{"report renewal-failing", "report renewal-failing"});
}

TEST_CASE("a holder that was not seen renewing is told as such until it is", "[election]") {
    Driver d;
    d.tick();
    const StoredLease lease = d.lease_of("other");
    CHECK(d.read(lease) == Lines{"report held other"});
    d.pass(3s);
    REQUIRE(d.tick() == Lines{"read"});
    CHECK(d.read(lease).empty());
    d.pass(3s);
    REQUIRE(d.tick() == Lines{"read"});
    CHECK(d.read(d.lease_of("other")) == Lines{"report new-leader other"});
    CHECK(d.watched(d.lease_of("other")).empty());
    CHECK(d.watched(d.lease_of("third")) == Lines{"report new-leader third"});
}

TEST_CASE("a holder's other lease duration is told once", "[election]") {
    Driver d;
    d.tick();
    CHECK(d.read(d.lease_of("other", 20)) ==
          Lines{"report held other", "report other-duration other"});
    CHECK(d.watched(d.lease_of("other", 20)) == Lines{"report new-leader other"});
    CHECK(d.watched(d.lease_of("third", 20)) == Lines{"report new-leader third"});
    CHECK(d.watched(d.lease_of("third", 0)).empty()); // none that makes sense
    CHECK(d.watched(d.lease_of("third", 15)).empty());
    CHECK(d.watched(d.lease_of("third", 3600)) == Lines{"report long-duration third"});
}

TEST_CASE("the option --wait", "[election]") {
    ElectionConfig config = usual_config();
    SECTION("0: gives up when the holder releases: it did the work, and lived") {
        config.wait = 0s;
        Driver d(config);
        d.tick();
        d.read(d.lease_of("other"));
        d.pass(500ms);
        CHECK(d.watched(d.lease_of("", 1)).empty()); // and does not take it
        CHECK(d.wakeup() == 0s);
        CHECK(d.tick() == Lines{"finish not-won"});
    }
    SECTION("in time: a release is answered by an acquisition") {
        config.wait = 5s;
        Driver d(config);
        d.tick();
        d.read(d.lease_of("other"));
        d.pass(500ms);
        CHECK(d.watched(d.lease_of("", 1)).back().starts_with("acquire"));
    }
    SECTION("0: gives up as soon as the holder is seen to renew") {
        config.wait = 0s;
        Driver d(config);
        CHECK(d.tick() == Lines{"report contending", "read"});
        CHECK(d.tick().empty()); // the first look is under way
        StoredLease lease = d.lease_of("other");
        d.read(lease);
        CHECK(d.wakeup() >= 2s);
        CHECK(d.tick().empty());
        d.pass(d.wakeup());
        CHECK(d.tick() == Lines{"read"});
        d.read(lease); // not yet
        CHECK(d.wakeup() >= 2s);
        d.pass(d.wakeup());
        d.tick();
        d.read(d.lease_of("other"));
        CHECK(d.wakeup() == 0s);
        CHECK(d.tick() == Lines{"finish not-won"});
    }
    SECTION("0: the same when a watch tells of the renewal, or of another holder") {
        config.wait = 0s;
        const std::string holder = GENERATE("other", "third");
        Driver d(config);
        d.become_standby();
        CHECK(d.watched(WatchWorks{.is_seamless = true}).empty());
        d.watched(d.lease_of(holder));
        CHECK(d.wakeup() == 0s);
        CHECK(d.tick() == Lines{"finish not-won"});
    }
    SECTION("0: a dead holder's lease is taken when it expires") {
        config.wait = 0s;
        Driver d(config);
        const StoredLease lease = d.lease_of("other");
        d.tick();
        d.read(lease);
        d.watched(WatchWorks{.is_seamless = true});
        d.pass_in_silence(15s, lease);
        CHECK(d.tick() == Lines{"acquire over v101"});
        d.written();
        CHECK(d.election().state() == State::kLeading);
    }
    SECTION("0: a look that is under way at the expiry is waited for") {
        config.wait = 0s;
        Driver d(config);
        const StoredLease lease = d.lease_of("other");
        d.tick();
        d.read(lease);
        d.pass(14s);
        CHECK(d.tick() == Lines{"read"});
        d.pass(1s);
        CHECK(d.tick().empty());
        CHECK(d.read(lease) == Lines{"acquire over v101"});
        SECTION("another was faster: that one lives") {
            CHECK(d.write(Conflict{}) == Lines{"read"});
            CHECK(d.tick().empty());
            d.read(d.lease_of("third"));
            CHECK(d.tick() == Lines{"finish not-won"});
        }
        SECTION("the store does not answer any more: no further try") {
            d.write(Failure{Failure::Kind::kDenied, "no", {}});
            CHECK(d.tick() == Lines{"finish not-won"});
        }
    }
    SECTION("0: a store that does not answer is tried once") {
        config.wait = 0s;
        Driver d(config);
        d.tick();
        CHECK(d.read(kUnreachable) == Lines{"report store-trouble"});
        CHECK(d.wakeup() == 0s);
        CHECK(d.tick() == Lines{"finish not-won"});
    }
    SECTION(
        "0: a process that wakes up too late for a takeover gives up at the expiry, by itself") {
        config.wait = 0s;
        Driver d(config);
        const StoredLease lease = d.lease_of("other");
        d.tick();
        d.read(lease);
        d.watched(WatchWorks{.is_seamless = true});
        d.step(WokeLate{30s});
        d.step(WokeLate{30s});
        d.pass_in_silence(15s, lease);
        CHECK(d.tick() == Lines{"finish not-won"});
    }
    SECTION("0: takes a free lease") {
        config.wait = 0s;
        Driver d(config);
        d.tick();
        CHECK(d.read(Absent{}) == Lines{"acquire anew"});
        CHECK(d.written().size() == 2);
        d.pass(2s);
        CHECK(d.tick() == Lines{"renew over v101"});
    }
    SECTION("5s") {
        config.wait = 5s;
        Driver d(config);
        d.become_standby();
        d.pass(4s);
        d.tick();
        d.read(d.lease_of("other"));
        CHECK(d.tick().empty());
        CHECK(d.election().state() == State::kStandby);
        d.pass(1s);
        CHECK(d.tick() == Lines{"finish not-won"});
    }
    SECTION("once it led, it does not give up any more") {
        config.wait = 5s;
        config.standby_after_work_ended = true;
        Driver d(config);
        d.become_leading();
        d.step(WorkGone{WorkEnd::kByItself});
        d.read(d.last_record());
        d.written();
        d.pass(60s);
        d.tick();
        CHECK(d.election().state() != State::kDone);
    }
}

TEST_CASE("what follows a loss and a child that ended", "[election]") {
    ElectionConfig config = usual_config();
    SECTION("--on-lost exit") {
        config.standby_after_loss = false;
        Driver d(config);
        d.become_leading();
        d.pass(2s);
        d.tick();
        d.write(Absent{});
        CHECK(d.step(WorkGone{WorkEnd::kStopped}) == Lines{"finish lost"});
    }
    SECTION("--on-exit exit") {
        Driver d(config);
        d.become_leading();
        d.step(WorkGone{WorkEnd::kByItself});
        d.read(d.last_record());
        CHECK(d.written() == Lines{"report released", "finish work-ended"});
    }
    SECTION("a child that ended just before the stop it was to get: the first cause counts") {
        Driver d(config);
        d.become_stopping();
        d.step(WorkGone{WorkEnd::kByItself});
        d.read(d.last_record());
        CHECK(d.written() == Lines{"report released", "finish work-ended"});
    }
    SECTION("--on-exit standby: a child that was told to end is not started again") {
        config.standby_after_work_ended = true;
        Driver d(config);
        d.become_leading();
        d.step(WorkGone{WorkEnd::kToldToEnd});
        d.read(d.last_record());
        CHECK(d.written() == Lines{"report released", "finish work-ended"});
    }
    SECTION("--on-exit standby: stays behind, longer each time, up to the lease duration") {
        config.standby_after_work_ended = true;
        Driver d(config);
        d.tick();
        for (const Duration pause : {2s, 4s, 8s, 15s, 15s}) {
            d.read(d.lease_of("", 1));
            if (d.election().state() == State::kStandby) {
                d.pass(d.wakeup());
                d.tick();
            }
            REQUIRE(d.election().state() == State::kAcquiring);
            d.written();
            d.step(WorkGone{WorkEnd::kByItself});
            d.read(d.last_record());
            d.written();
            // Free as it is, it is left to others for so long.
            d.read(d.lease_of("", 1));
            Duration waited{};
            while (d.election().state() == State::kStandby && waited < 1min) {
                const Duration step = std::max<Duration>(d.wakeup(), 1ms);
                d.pass(step);
                waited += step;
                if (d.tick() == Lines{"read"}) {
                    d.read(d.lease_of("", 1));
                }
            }
            CHECK(waited >= pause);
            CHECK(waited < pause + 1s);
            d.write(Conflict{}); // somebody else was faster
        }
    }
}

TEST_CASE("what the record promises is what this process keeps, whatever was edited into it",
          "[election]") {
    Driver d;
    d.become_leading();
    d.pass(2s);
    d.tick();
    StoredLease edited = d.last_record();
    edited.record.lease_duration_seconds = 1;
    d.write(Conflict{});
    CHECK(d.read(edited) == Lines{"extend term 10s kill 12.97s",
                                  "renew over v102"}); // still its own: put right at once
    CHECK(d.last_record().record.lease_duration_seconds == 15);
}

TEST_CASE("conflicts that nobody's write explains do not become a hot loop", "[election]") {
    SECTION("on standby") {
        Driver d;
        d.tick();
        d.read(d.lease_of("", 1));
        CHECK(d.write(Conflict{}) == Lines{"read"});
        d.read(d.lease_of("", 1));
        CHECK(d.write(Conflict{}).empty());
        CHECK(d.wakeup() == 2s);
    }
    SECTION("while leading") {
        Driver d;
        d.become_leading();
        d.pass(2s);
        d.tick();
        StoredLease same = d.lease_of("me");
        CHECK(d.write(Conflict{}) == Lines{"read"});
        same = d.last_record();
        same.record.renew_time = WallTime{1'800'000'000'000'000};
        CHECK(d.read(same).size() == 1);
        CHECK(d.write(Conflict{}).empty());
        CHECK(d.wakeup() == 125ms);
    }
}

TEST_CASE("a pause that was measured changes nothing for the work that it interrupted",
          "[election]") {
    Driver d;
    d.become_leading();
    d.pass(4s); // all of le-run was frozen
    CHECK(d.step(WokeLate{3500ms}) == Lines{"renew over v101"});
    CHECK(d.step(WokeLate{3500ms}) == Lines{"report margin-grown"});
    CHECK(d.election().state() == State::kLeading);
    CHECK(d.written() == Lines{"extend term 5.97s kill 6.97s"});
}

TEST_CASE("an acquisition whose answer came too late for the margin measured before starts no work",
          "[election]") {
    Driver d;
    d.step(WokeLate{3500ms});
    d.step(WokeLate{3500ms});
    d.read(Absent{});
    d.pass(6s); // all of le-run was frozen; with this margin TERM_AT is 5.97 s after the send
    CHECK(d.written() == Lines{"read"});
    CHECK(d.election().state() == State::kStandby);
}

TEST_CASE(
    "a stop asked for while the acquiring write is in flight: nothing starts, a win is released",
    "[election]") {
    const auto asked_in_flight = [](Driver& d) {
        d.become_acquiring();
        d.pass(300ms);
        CHECK(d.step(StepDownAsked{StepDownReason::kAsked}).empty()); // its answer is waited for
    };
    SECTION("the answer comes: won") {
        Driver d;
        asked_in_flight(d);
        d.pass(1s);
        CHECK(d.written() == Lines{"read"});
        CHECK(d.read(d.last_record()) == Lines{"release over v102"});
        CHECK(d.written() == Lines{"report released", "finish stopped"});
    }
    SECTION("the answer is lost, the write landed") {
        Driver d;
        asked_in_flight(d);
        const StoredLease landed = d.last_record();
        d.pass(1700ms); // one request timeout since the send
        CHECK(d.tick() == Lines{"read"});
        CHECK(d.read(landed) == Lines{"release over v101"});
        CHECK(d.written() == Lines{"report released", "finish stopped"});
    }
    SECTION("the answer is lost, somebody else was faster") {
        Driver d;
        asked_in_flight(d);
        d.pass(1700ms);
        CHECK(d.tick() == Lines{"read"});
        CHECK(d.read(d.lease_of("other")).back() == "finish stopped"); // nothing is written
    }
}

TEST_CASE(
    "two processes with one identity that acquire at the same microsecond: the loser does not "
    "take the winner's record for its own",
    "[election]") {
    ElectionConfig config = usual_config();
    config.seed = 1;
    Driver winner(config);
    config.seed = 2;
    Driver loser(config);
    winner.become_acquiring();
    loser.become_acquiring();
    winner.written();
    const StoredLease won = winner.last_record();
    REQUIRE(won.record.holder == loser.last_record().record.holder);
    loser.write(kUnreachable); // it was a conflict, but the answer is lost
    loser.pass(2s);
    loser.tick();
    CHECK(loser.read(won) == Lines{"report new-leader me"}); // waited out like any other
    CHECK(loser.election().state() == State::kStandby);
}

TEST_CASE("giving up while an acquisition is in doubt releases what may have been won",
          "[election]") {
    ElectionConfig config = usual_config();
    config.wait = 3s;
    Driver d(config);
    d.become_acquiring();
    const StoredLease landed = d.last_record();
    d.write(kUnreachable);
    d.pass(3s);
    CHECK(d.tick() == Lines{"read"});
    CHECK(d.read(landed) == Lines{"release over v101"});
    CHECK(d.written() == Lines{"report released", "finish not-won"});
}

TEST_CASE("a server's Retry-After is honoured as far as the deadline allows", "[election]") {
    const auto wakeup_after = [](Duration retry_after) {
        Driver d;
        d.become_leading();
        d.pass(2s);
        d.tick();
        d.write(Failure{Failure::Kind::kUnreachable, "429", retry_after});
        return d.wakeup();
    };
    CHECK(wakeup_after(200ms) == 200ms);
    CHECK(wakeup_after(1s) == 250ms); // 32 tries in the 8 s that are left
    CHECK(wakeup_after(1h) == 250ms);
    CHECK(wakeup_after(0s) == 125ms); // the usual short pause
}

TEST_CASE("the number of transitions begins again after the greatest that a Lease holds",
          "[election]") {
    CHECK(next_transitions(0) == 1);
    CHECK(next_transitions(2147483646) == 2147483647);
    CHECK(next_transitions(2147483647) == 0);
    Driver d;
    d.tick();
    StoredLease lease = d.lease_of("", 1);
    lease.record.transitions = 2147483647;
    d.read(lease);
    CHECK(d.last_record().record.transitions == 0);
}

} // namespace le_run::test

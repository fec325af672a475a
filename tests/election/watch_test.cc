// What the watch tells is a hint: it saves reads and makes haste, and decides nothing by itself.
#include "helpers/catch.h"

#include "election/driver.h"

namespace le_run::test {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;
using State = Election::State;
using Lines = std::vector<std::string>;

const Failure kUnreachable{Failure::Kind::kUnreachable, "no answer", {}};

// On standby behind another holder, with a watch that works.
StoredLease become_watching(Driver& d) {
    d.tick();
    const StoredLease held = d.lease_of("other");
    d.read(held);
    CHECK(d.watched(WatchWorks{.is_seamless = true}).empty());
    return held;
}

StoredLease released(Driver& d) { return d.lease_of("", 1); }

} // namespace

TEST_CASE("watch: a standby that is told of changes does not poll", "[election]") {
    Driver d;
    become_watching(d);
    for (int i = 0; i < 100; ++i) { // the holder renews
        d.pass(2s);
        CHECK(d.tick().empty());
        CHECK(d.watched(d.lease_of("other")) ==
              (i == 0 ? Lines{"report new-leader other"} : Lines{}));
    }
    CHECK(d.wakeup() > 6s);
}

TEST_CASE("watch: a release is answered at once, over the version that was watched", "[election]") {
    Driver d;
    become_watching(d);
    d.pass(1s);
    const StoredLease free = released(d);
    CHECK(d.watched(free) == Lines{"acquire over " + free.version.text});
    CHECK(d.written().front() == "report acquired");
}

TEST_CASE("watch: an expiry is taken when it comes, not at a next poll", "[election]") {
    Driver d;
    become_watching(d);
    d.pass(7s);
    const StoredLease last = d.lease_of("other");
    d.watched(last);
    d.pass_in_silence(14999ms, last);
    CHECK(d.tick().empty());
    CHECK(d.wakeup() == 1ms);
    d.pass(1ms);
    CHECK(d.tick() == Lines{"acquire over " + last.version.text});
}

TEST_CASE("watch: who comes second waits for the watch, and does not read", "[election]") {
    Driver d;
    become_watching(d);
    d.watched(released(d));
    SECTION("the winner's record comes after the conflict") {
        CHECK(d.write(Conflict{}).empty());
        CHECK(d.watched(d.lease_of("third")) == Lines{"report new-leader third"});
        CHECK(d.wakeup() > 6s);
    }
    SECTION("the winner's record comes before the conflict") {
        CHECK(d.watched(d.lease_of("third")).empty());
        CHECK(d.write(Conflict{}) == Lines{"report new-leader third"});
        CHECK(d.wakeup() > 6s);
    }
    SECTION("it does not come: one read, a retry period later") {
        CHECK(d.write(Conflict{}).empty());
        CHECK(d.wakeup() >= 2s);
        CHECK(d.wakeup() <= 2400ms);
        d.pass(d.wakeup());
        CHECK(d.tick() == Lines{"read"});
    }
    SECTION("without a watch it reads at once") {
        d.watched(WatchFails{"broken"});
        CHECK(d.write(Conflict{}) == Lines{"read"});
    }
}

TEST_CASE("watch: an event during a read is not lost", "[election]") {
    Driver d;
    const StoredLease held = become_watching(d);
    d.watched(WatchWorks{.is_seamless = false}); // begun anew: look once
    const StoredLease free = released(d);
    CHECK(d.watched(free).empty());
    SECTION("the read shows what was before") {
        CHECK(d.read(held) == Lines{"read"}); // which of them is newer?
        CHECK(d.read(free) == Lines{"acquire over " + free.version.text});
    }
    SECTION("the read shows it too") {
        CHECK(d.read(free) == Lines{"acquire over " + free.version.text});
    }
    SECTION("the read fails") {
        CHECK(d.read(kUnreachable).back() == "acquire over " + free.version.text);
    }
}

TEST_CASE("watch: a record told of during a read is waited out when the next read finds none",
          "[election]") {
    Driver d;
    const StoredLease held = become_watching(d);
    d.pass(14s);
    d.watched(WatchWorks{.is_seamless = false}); // begun anew: look once
    d.watched(d.lease_of("third"));
    CHECK(d.read(held) == Lines{"read"});
    SECTION("at once") { d.read(Absent{}); }
    SECTION("after one that fails") {
        d.read(kUnreachable);
        d.pass(d.wakeup());
        CHECK(d.tick() == Lines{"read"});
        d.read(Absent{});
    }
    SECTION("as the watch tells, after one that fails") {
        d.read(kUnreachable);
        d.watched(Absent{});
    }
    d.pass_in_silence(14s, Absent{}); // the older record would have run out
    CHECK(d.tick().empty());
    d.pass(1s);
    CHECK(d.tick() == Lines{"acquire anew"});
}

TEST_CASE("watch: a release told of during a read does not shorten a wait", "[election]") {
    Driver d;
    const StoredLease held = become_watching(d);
    d.watched(WatchWorks{.is_seamless = false});
    d.watched(released(d)); // before or after what the read will find?
    d.read(d.lease_of("third"));
    CHECK(d.read(Absent{}) == Lines{"report vanished third"});
    CHECK(d.wakeup() > 6s);
}

TEST_CASE("watch: where something may have been missed, one read, or a renewal", "[election]") {
    Driver d;
    SECTION("on standby") {
        become_watching(d);
        CHECK(d.watched(WatchWorks{.is_seamless = false}) == Lines{"read"});
    }
    SECTION("while leading") {
        d.become_leading();
        CHECK(d.watched(WatchWorks{.is_seamless = false}) == Lines{"renew over v101"});
    }
    SECTION("not while a request is under way") {
        d.become_acquiring();
        CHECK(d.watched(WatchWorks{.is_seamless = false}).empty());
    }
}

TEST_CASE("watch: a watch that fails means polling, one that works again means rest",
          "[election]") {
    Driver d;
    become_watching(d);
    d.pass(1s);
    CHECK(d.watched(WatchFails{"broken"}) == Lines{"report watch-fails"});
    CHECK(d.wakeup() <= 2400ms);
    d.pass(d.wakeup());
    CHECK(d.tick() == Lines{"read"});
    d.read(d.lease_of("other"));
    CHECK(d.watched(WatchWorks{.is_seamless = true}) == Lines{"report watch-works"});
    CHECK(d.wakeup() > 6s);
}

TEST_CASE("watch: one that is silent for three retry periods may be blind: a look tells",
          "[election]") {
    Driver d;
    const StoredLease held = become_watching(d);
    d.pass(d.wakeup());
    CHECK(d.now() == TimePoint(5h, 5h) + 6840ms); // three periods with their jitter
    CHECK(d.tick() == Lines{"read"});
    SECTION("the holder is dead: another look") {
        d.read(held);
        CHECK(d.wakeup() > 6s);
        CHECK(d.wakeup() <= 7200ms);
    }
    SECTION("the lease was released meanwhile") {
        const StoredLease free = released(d);
        CHECK(d.read(free) == Lines{"acquire over " + free.version.text});
    }
}

TEST_CASE("watch: a deletion is no permission", "[election]") {
    Driver d;
    become_watching(d);
    d.pass(5s);
    CHECK(d.watched(Absent{}) == Lines{"report vanished other"});
    d.pass_in_silence(10s, Absent{});
    CHECK(d.tick() == Lines{"acquire anew"});
}

TEST_CASE("watch: no work ends because of an event, but one read is sent at once", "[election]") {
    Driver d;
    d.become_leading();
    d.watched(WatchWorks{.is_seamless = true});
    const StoredLease mine = d.last_record();
    d.pass(500ms);
    const auto event = GENERATE(0, 1, 2);
    CHECK(d.watched(event == 0   ? WatchNews(d.lease_of("thief"))
                    : event == 1 ? WatchNews(d.lease_of(""))
                                 : WatchNews(Absent{})) == Lines{"read"});
    SECTION("which shows that nothing happened: the renewal goes out, the work goes on") {
        CHECK(d.read(mine) == Lines{"renew over " + mine.version.text});
        CHECK(d.election().state() == State::kLeading);
    }
    SECTION("which fails: the work goes on until the deadline") {
        d.read(kUnreachable);
        CHECK(d.election().state() == State::kLeading);
    }
    SECTION("which confirms it: the work is killed") {
        const auto lines = d.read(d.lease_of("thief"));
        CHECK(lines == Lines{"report lost", "report stop-begins", "stop other-holder kill 0s"});
    }
}

TEST_CASE("watch: own records are no news to their writer", "[election]") {
    Driver d;
    d.become_leading();
    CHECK(d.watched(d.last_record()).empty());
    d.pass(2s);
    CHECK(d.tick().size() == 1);               // the renewal
    CHECK(d.watched(d.last_record()).empty()); // told before its answer
    CHECK(d.written() == Lines{"extend term 10s kill 12.97s"});
}

TEST_CASE("watch: an event does not settle a write in doubt, a read does", "[election]") {
    Driver d;
    const StoredLease held = become_watching(d);
    const StoredLease free = released(d);
    d.watched(free);
    const StoredLease landed = d.last_record();
    d.write(kUnreachable); // the acquisition may have happened
    CHECK(d.watched(held) == Lines{"read"});
    CHECK(d.read(landed) == Lines{"acquire over " + landed.version.text});
}

TEST_CASE("watch: an event outlives a late answer to a read that was sent before it",
          "[election]") {
    Driver d;
    const StoredLease held = become_watching(d);
    d.watched(released(d));
    d.write(kUnreachable); // the acquisition may have happened
    d.pass(d.wakeup());
    REQUIRE(d.tick() == Lines{"read"});
    const Attempt first = d.last_attempt();
    CHECK(d.watched(d.lease_of("third")).empty()); // a write in doubt: not weighed yet
    const auto read_again = [&] {
        for (int i = 0; i < 1000 && d.last_attempt() == first; ++i) {
            d.pass(10ms);
            d.tick();
        }
        REQUIRE(d.last_attempt() != first);
    };
    SECTION("while the next read is under way") { read_again(); }
    SECTION("before the next read is sent") {}
    REQUIRE(d.step(ReadAnswered{first, held}).back() == "read");
    d.read(Absent{}); // deleted meanwhile: the third one's lease is waited out
    d.pass_in_silence(12s, Absent{});
    CHECK(d.tick().empty());
    CHECK(d.election().state() == State::kStandby);
}

TEST_CASE("watch: a release told of too late does not make a deletion a permission", "[election]") {
    Driver d;
    const StoredLease old = released(d);
    const StoredLease held = become_watching(d); // newer than the release
    d.watched(old);                              // a slow watch
    SECTION("the write finds none") { d.write(Absent{}); }
    SECTION("the write is not answered") {
        d.write(kUnreachable);
        d.pass(d.wakeup());
        REQUIRE(d.tick() == Lines{"read"});
        CHECK(d.read(Absent{}).back() == "report vanished other");
    }
    for (Duration passed = 3s; passed < 15s; passed += 500ms) {
        CHECK(d.election().state() == State::kStandby);
        d.pass(500ms);
        if (d.tick() == Lines{"read"}) {
            CHECK(d.read(Absent{}).empty());
        }
    }
}

TEST_CASE("watch: nothing that is told matters while releasing or when done", "[election]") {
    Driver d;
    d.become_releasing();
    CHECK(d.watched(d.lease_of("other")).empty());
    CHECK(d.watched(Absent{}).empty());
    CHECK(d.election().state() == State::kReleasing);
}

} // namespace le_run::test

// Slow stores, doubled writes, full servers: which late answers count, and how often is tried.
#include "election/driver.h"
#include "helpers/catch.h"

namespace le_run::test {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;
using State = Election::State;
using Lines = std::vector<std::string>;

Failure too_many(std::optional<Duration> retry_after = {}) {
    return {Failure::Kind::kUnreachable, "429", retry_after};
}

bool sends(const Lines& lines) {
    for (const std::string& line : lines) {
        if (line == "read" || line.rfind("renew", 0) == 0 || line.rfind("acquire", 0) == 0 ||
            line.rfind("release", 0) == 0) {
            return true;
        }
    }
    return false;
}

// A store that answers each request `delay` after it was sent, if at all.
class SlowStore {
public:
    SlowStore(Driver& driver, Duration delay) : d_(driver), delay_(delay) {}

    // Lets `length` pass; false as soon as the state is another than `wanted`.
    bool run(Duration length, State wanted, bool first_hangs = false) {
        note(d_.tick());
        bool hangs = first_hangs;
        for (Duration passed{}; passed < length; passed += 50ms) {
            if (hangs && !under_way_.empty()) {
                under_way_.front().due = TimePoint::far_future();
                hangs = false;
            }
            d_.pass(50ms);
            note(d_.tick());
            for (std::size_t i = 0; i < under_way_.size();) {
                if (!has_passed_for_holder(d_.now(), under_way_[i].due)) {
                    ++i;
                    continue;
                }
                const Request request = under_way_[i];
                under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(i));
                answer(request);
            }
            if (d_.election().state() != wanted) {
                return false;
            }
        }
        return true;
    }

    std::optional<StoredLease> stored;
    int renewals = 0;

private:
    struct Request {
        Attempt number;
        bool is_write;
        LeaseRecord record;
        std::string base;
        TimePoint due;
    };

    void note(const Lines& lines) {
        if (sends(lines)) {
            under_way_.push_back({d_.last_attempt(), lines.back() != "read", d_.last_written(),
                                  lines.back().substr(lines.back().rfind(' ') + 1),
                                  d_.now() + delay_});
        }
    }

    // The store does what it is asked just before it answers: the worst order for late answers.
    void answer(const Request& request) {
        if (!request.is_write) {
            note(d_.step(ReadAnswered{request.number,
                                      stored ? ReadOutcome(*stored) : ReadOutcome(Absent{})}));
            return;
        }
        if (request.base != (stored ? stored->version.text : "anew")) {
            note(d_.step(WriteAnswered{request.number, Conflict{}}));
            return;
        }
        StoredLease lease = d_.lease_of("me");
        lease.record = request.record;
        stored = lease;
        ++renewals;
        note(d_.step(WriteAnswered{request.number, Written{lease, FencingToken{"1"}}}));
    }

    Driver& d_;
    Duration delay_;
    std::vector<Request> under_way_;
};

// A leader whose renewal, the write beside it and then a look have no answer yet.
struct Unanswered {
    StoredLease second_write; // as the store would have it
    Attempt look;
};
Unanswered renew_in_vain(Driver& d) {
    d.become_leading();
    d.pass(2s);
    d.tick();
    d.pass(500ms);
    REQUIRE(d.tick() == Lines{"renew over v101"});
    const StoredLease second_write = d.last_record();
    d.pass(500ms);
    REQUIRE(d.tick() == Lines{"read"});
    return {second_write, d.last_attempt()};
}

} // namespace

TEST_CASE("late: a renewal's answer counts from its own send, and the next is sent at once",
          "[election]") {
    Driver d;
    d.become_leading();
    d.pass(2s);
    REQUIRE(d.tick() == Lines{"renew over v101"});
    const Attempt renewal = d.last_attempt();
    StoredLease landed = d.last_record();
    d.pass(500ms);
    REQUIRE(d.tick() == Lines{"renew over v101"}); // beside it
    d.pass(500ms);
    REQUIRE(d.tick() == Lines{"read"});
    d.pass(3s); // 4 s after the send
    REQUIRE(d.step(WriteAnswered{renewal, Written{landed, FencingToken{"2"}}}) ==
            Lines{"extend term 6s kill 8.97s", "renew over " + landed.version.text});
    CHECK(d.election().state() == State::kLeading);
}

TEST_CASE("late: an answer that comes after the renew deadline revives nothing", "[election]") {
    Driver d;
    d.become_leading();
    d.pass(2s);
    d.tick();
    const Attempt renewal = d.last_attempt();
    const StoredLease landed = d.last_record();
    d.pass(8s);
    d.step(WriteAnswered{renewal, Written{landed, FencingToken{"2"}}});
    CHECK(d.election().state() == State::kStopping);
}

TEST_CASE("late: what was sent before something newer was answered, or before a write, is old",
          "[election]") {
    Driver d;
    const auto [mine, first] = renew_in_vain(d);
    d.pass(500ms);
    REQUIRE(d.tick() == Lines{"renew over v101"});
    d.pass(500ms);
    REQUIRE(d.tick() == Lines{"read"});
    const Attempt second = d.last_attempt();
    SECTION("a newer read has been answered") {
        REQUIRE(d.step(ReadAnswered{second, mine}).size() >= 1);
        CHECK(d.step(ReadAnswered{first, d.lease_of("other")}).empty());
        CHECK(d.step(ReadAnswered{first, Absent{}}).empty());
    }
    SECTION("a write was sent after it") {
        REQUIRE(d.step(ReadAnswered{second, mine}).size() >= 1);
        d.pass(2s);
        d.tick(); // the next renewal
        CHECK(d.step(ReadAnswered{first, Absent{}}).empty());
        CHECK(d.step(ReadAnswered{second, Absent{}}).empty()); // a doubled answer
    }
    SECTION("and one that is the newest counts, whoever holds the lease by it") {
        const Lines lines = d.step(ReadAnswered{first, d.lease_of("other")});
        REQUIRE_FALSE(lines.empty());
        CHECK(lines.front() == "report lost");
    }
    CHECK((d.election().state() == State::kLeading || d.election().state() == State::kStopping));
}

TEST_CASE("late: of writes beside each other any may land, and each counts from its own send",
          "[election]") {
    Driver d;
    d.become_leading();
    d.wall.microseconds = 1'800'000'002'900'000;
    d.pass(2s);
    REQUIRE(d.tick() == Lines{"renew over v101"});
    const Attempt first = d.last_attempt();
    const StoredLease first_landed = d.last_record();
    d.wall.microseconds += 500'000; // another second, so that its anchor is its own
    d.pass(500ms);
    REQUIRE(d.tick() == Lines{"renew over v101"});
    const Attempt second = d.last_attempt();
    const StoredLease second_landed = d.last_record();
    SECTION("the first one, late") {
        d.pass(200ms);
        CHECK(d.step(WriteAnswered{first, Written{first_landed, FencingToken{"2"}}}) ==
              Lines{"extend term 9.3s kill 12.27s"});
        CHECK(d.step(WriteAnswered{second, Conflict{}}).empty());
    }
    SECTION("the second one") {
        d.pass(200ms);
        CHECK(d.step(WriteAnswered{second, Written{second_landed, FencingToken{"2"}}}) ==
              Lines{"extend term 9.8s kill 12.77s"});
        CHECK(d.step(WriteAnswered{first, Conflict{}}).empty());
    }
    SECTION("the first one, and a look tells so after the second one's conflict") {
        CHECK(d.step(WriteAnswered{second, Conflict{}}) == Lines{"read"});
        CHECK(d.read(first_landed) == Lines{"extend term 9.5s kill 12.47s"});
    }
    SECTION("either one, after a look that found neither") {
        d.pass(500ms);
        REQUIRE(d.tick() == Lines{"read"});
        StoredLease before = d.last_record();
        before.version = {"v101"};
        CHECK(d.read(before) == Lines{"renew over v101"});
        CHECK(d.step(WriteAnswered{second, Written{second_landed, FencingToken{"2"}}}) ==
              Lines{"extend term 9.5s kill 12.47s"});
    }
    SECTION("the first one, though the second one is denied") {
        d.step(WriteAnswered{second, Failure{Failure::Kind::kDenied, "denied", {}}});
        CHECK(d.step(WriteAnswered{first, Written{first_landed, FencingToken{"2"}}}).front() ==
              "report renewal-works");
    }
    CHECK(d.election().state() == State::kLeading);
}

TEST_CASE("late: a look that was sent before a write and found nothing new says nothing",
          "[election]") {
    Driver d;
    const Attempt look = renew_in_vain(d).look;
    d.pass(500ms);
    REQUIRE(d.tick() == Lines{"renew over v101"});
    StoredLease before = d.last_record();
    before.version = {"v101"};
    CHECK(d.step(ReadAnswered{look, before}).empty());
    CHECK(d.written().size() == 1);
}

TEST_CASE("late: a server that takes 4 s for each request keeps its leader and gives a standby "
          "its turn",
          "[election]") {
    Driver d;
    SlowStore store(d, 4s);
    CHECK_FALSE(store.run(30s, State::kStandby)); // a write goes out once a read was answered
    store.run(30s, State::kAcquiring);
    store.run(30s, State::kStandby); // without an answer for 2 s it looks, and the answer counts
    REQUIRE(d.election().state() == State::kLeading);
    const int before = store.renewals;
    CHECK(store.run(300s, State::kLeading));
    CHECK(store.renewals >= before + 300 / 5);
}

TEST_CASE("late: one connection that hangs for good does not cost the lease", "[election]") {
    for (const Duration delay : {Duration(50ms), Duration(2s), Duration(2300ms)}) {
        Driver d;
        d.become_leading();
        SlowStore store(d, delay);
        store.stored = d.last_record();
        for (int i = 0; i < 20; ++i) {
            REQUIRE(store.run(15s, State::kLeading, true));
        }
    }
}

TEST_CASE("late: a server that is slow to deny ends the start, too", "[election]") {
    const Failure denied{Failure::Kind::kDenied, "denied", {}};
    const Failure timed_out{Failure::Kind::kUnreachable, "timed out", {}};
    Driver d;
    d.tick();
    const auto ends_within = [&](int seconds, bool is_told_of_timeouts, bool is_denied) {
        for (int passed = 0; passed < seconds; passed += 2) {
            const Attempt asked = d.last_attempt();
            d.pass(1900ms);
            if (is_told_of_timeouts && d.election().has_request_pending()) {
                d.step(ReadAnswered{asked, timed_out});
            }
            d.pass(100ms);
            d.tick();
            if (is_denied) {
                d.step(ReadAnswered{asked, denied});
            }
        }
        return d.election().state() == State::kDone;
    };
    const bool is_told = GENERATE(false, true);
    SECTION("within a renew deadline and a try") {
        CHECK_FALSE(ends_within(10, is_told, true));
        CHECK(ends_within(6, is_told, true));
    }
    SECTION("but one that hangs does not") {
        CHECK_FALSE(ends_within(4, is_told, true));
        CHECK_FALSE(ends_within(60, is_told, false));
        CHECK(d.wakeup() > 0ms);
    }
    SECTION("and one that was out of reach begins anew") {
        CHECK_FALSE(ends_within(6, is_told, true));
        d.read(Failure{Failure::Kind::kUnreachable, "refused", {}});
        d.pass(2s);
        d.tick();
        CHECK_FALSE(ends_within(10, is_told, true));
        CHECK(ends_within(6, is_told, true));
    }
}

TEST_CASE("conflict: it may be this process's own write that something has sent twice",
          "[election]") {
    SECTION("an acquisition: the lease is its own, and is won by the next write") {
        Driver d;
        d.become_acquiring();
        const StoredLease landed = d.last_record();
        REQUIRE(d.write(Conflict{}) == Lines{"read"});
        const Lines lines = d.read(landed);
        REQUIRE(lines.size() == 1);
        CHECK(lines.front().find(landed.version.text) != std::string::npos);
        CHECK(d.election().state() == State::kAcquiring);
    }
    SECTION("an acquisition and a stop: it is released") {
        Driver d;
        d.become_acquiring();
        const StoredLease landed = d.last_record();
        d.step(StepDownAsked{StepDownReason::kAsked});
        REQUIRE(d.write(Conflict{}) == Lines{"read"});
        CHECK(d.read(landed) == Lines{"release over " + landed.version.text});
        CHECK(d.written() == Lines{"report released", "finish stopped"});
    }
    SECTION("a renewal: it counts from its send") {
        Driver d;
        d.become_leading();
        d.pass(2s);
        d.tick();
        const StoredLease landed = d.last_record();
        REQUIRE(d.write(Conflict{}) == Lines{"read"});
        CHECK(d.read(landed) == Lines{"extend term 10s kill 12.97s"});
    }
    SECTION("another one's record ends the doubt, read or watched") {
        Driver d;
        d.watched(WatchWorks{true});
        d.tick();
        d.read(d.lease_of("", 1));
        REQUIRE(d.election().state() == State::kAcquiring);
        d.write(Conflict{});
        d.watched(d.lease_of("other"));
        CHECK(d.step(StepDownAsked{StepDownReason::kAsked}) == Lines{"finish stopped"});
    }
}

TEST_CASE("late: a stop releases what the newest write without an answer may have won",
          "[election]") {
    Driver d;
    d.become_acquiring();
    const StoredLease first = d.last_record();
    d.pass(2s);
    REQUIRE(d.tick().back() == "read");
    d.pass(2s);
    REQUIRE(d.tick() == Lines{"read"});
    d.pass(9s); // 13 s after the first write, as by a server that answers late
    const Lines lines = d.read(first);
    REQUIRE(lines.back().rfind("acquire", 0) == 0);
    const StoredLease second = d.last_record();
    d.pass(3s); // a read is under way again; the first write cannot hold the lease any more
    d.tick();
    REQUIRE(d.step(StepDownAsked{StepDownReason::kAsked}) == Lines{"read"});
    CHECK(d.read(second).back().rfind("release", 0) == 0);
}

TEST_CASE("late: a stop releases a lease that was won too late, and perhaps again since",
          "[election]") {
    Driver d;
    d.become_acquiring();
    const Attempt won = d.last_attempt();
    const StoredLease first = d.last_record();
    d.pass(2s);
    REQUIRE(d.tick().back() == "read");
    d.pass(9s);
    const Lines lines = d.step(WriteAnswered{won, Written{first, FencingToken{"1"}}});
    REQUIRE(lines.back() == "read");
    REQUIRE(d.read(first).back().rfind("acquire", 0) == 0);
    const StoredLease second = d.last_record();
    d.pass(5s); // the first write cannot hold the lease any more
    d.tick();
    REQUIRE(d.step(StepDownAsked{StepDownReason::kAsked}) == Lines{"read"});
    CHECK(d.read(second).back().rfind("release", 0) == 0);
}

TEST_CASE("late: an acquisition may land after a look that found nothing of it", "[election]") {
    Driver d;
    d.tick();
    const StoredLease free = d.lease_of("", 1);
    SECTION("over a released lease") {
        d.read(free);
        const StoredLease landed = d.last_record();
        d.step(StepDownAsked{StepDownReason::kAsked});
        d.pass(2s);
        REQUIRE(d.tick() == Lines{"read"});
        REQUIRE(d.read(free).empty());
        d.pass(1s);
        REQUIRE(d.tick() == Lines{"read"});
        CHECK(d.read(landed) == Lines{"release over " + landed.version.text});
        CHECK(d.written() == Lines{"report released", "finish stopped"});
    }
    SECTION("of the first lease") {
        d.read(Absent{});
        const StoredLease landed = d.last_record();
        d.step(StepDownAsked{StepDownReason::kAsked});
        d.pass(2s);
        REQUIRE(d.tick() == Lines{"read"});
        REQUIRE(d.read(Absent{}).empty());
        d.pass(1s);
        REQUIRE(d.tick() == Lines{"read"});
        CHECK(d.read(landed) == Lines{"release over " + landed.version.text});
    }
    SECTION("never, once another has written") {
        d.read(free);
        d.step(StepDownAsked{StepDownReason::kAsked});
        d.pass(2s);
        REQUIRE(d.tick() == Lines{"read"});
        CHECK(d.read(d.lease_of("other")) == Lines{"finish stopped"});
    }
    SECTION("nor when its time is over") {
        d.read(free);
        d.step(StepDownAsked{StepDownReason::kAsked});
        for (int passed = 0; passed < 14; ++passed) {
            d.pass(1s);
            if (d.tick() == Lines{"read"}) {
                REQUIRE(d.read(free).empty());
            }
        }
        d.pass(1s);
        CHECK(d.tick() == Lines{"report not-released", "finish stopped"});
    }
}

TEST_CASE("full: the lease is kept as long as one write of ten can land", "[election]") {
    Driver d;
    d.become_leading();
    for (int landed = 0; landed < 50; ++landed) {
        int refused = 0;
        while (true) {
            d.pass(d.wakeup());
            const Lines lines = d.tick();
            REQUIRE(d.election().state() == State::kLeading);
            if (lines.empty()) {
                continue;
            }
            Lines next = lines.back() == "read" ? d.read(d.last_record()) : lines;
            if (next.empty() || next.back().rfind("renew", 0) != 0) {
                continue;
            }
            if (++refused == 10) {
                d.written();
                break;
            }
            d.write(too_many(1s));
        }
    }
}

TEST_CASE("full: a refused release is tried again and again until the lease runs out",
          "[election]") {
    Driver d;
    d.become_releasing();
    const StoredLease mine = d.last_record();
    int tries = 0;
    d.read(mine);
    while (d.election().state() == State::kReleasing && tries < 1000) {
        d.write(too_many(30s));
        d.pass(d.wakeup());
        if (d.tick() == Lines{"read"} && d.read(mine).size() == 1) {
            ++tries;
        }
    }
    CHECK(tries >= 10);
    CHECK(tries < 200);
}

} // namespace le_run::test

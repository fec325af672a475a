// A record that says when it was sent, on the clocks that this process has too: candidates for a
// lock file share one machine.
#include "helpers/catch.h"

#include "election/driver.h"

namespace le_run::test {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;
using State = Election::State;
using Lines = std::vector<std::string>;

StoredLease sent_at(Driver& d, TimePoint instant, std::int64_t seconds = 15) {
    StoredLease lease = d.lease_of("other", seconds);
    lease.record.renewed_at = instant;
    return lease;
}

ElectionConfig without_waiting() {
    ElectionConfig config = usual_config();
    config.wait = 0s;
    return config;
}

// How long a standby waits that finds `lease` first, beside a watch that works and tells nothing.
Duration wait_for(Driver& d, const StoredLease& lease) {
    d.tick();
    d.read(lease);
    d.watched(WatchWorks{.is_seamless = true});
    const TimePoint began = d.now();
    while (d.election().state() == State::kStandby && left_for_holder(began + 1h, d.now()) < 0s) {
        d.pass(d.wakeup());
        for (const std::string& line : d.tick()) {
            if (line == "read") {
                d.read(lease);
            }
        }
    }
    return d.now().boot() - began.boot();
}

} // namespace

TEST_CASE("instant: a lease that has run out is taken at once, also with --wait 0", "[election]") {
    const Duration age = GENERATE(Duration(15s), Duration(4h));
    Driver d(without_waiting());
    d.tick();
    CHECK(d.read(sent_at(d, d.now() - age)) == Lines{"report held other", "acquire over v101"});
    CHECK(d.tick().empty());
    d.written();
    CHECK(d.election().state() == State::kLeading);
}

TEST_CASE("instant: one of an earlier boot is taken at once, whatever its duration", "[election]") {
    const std::int64_t seconds = GENERATE(1, 15, std::numeric_limits<std::int64_t>::max());
    Driver d(without_waiting());
    d.tick();
    CHECK(d.read(sent_at(d, TimePoint::far_past(), seconds)).back() == "acquire over v101");
}

TEST_CASE("instant: never before the record's duration has passed on both clocks", "[election]") {
    SECTION("not a nanosecond earlier") {
        Driver d;
        CHECK(wait_for(d, sent_at(d, d.now() - (15s - 1ns))) == 1ns);
    }
    SECTION("what is left of it is waited for") {
        Driver d;
        CHECK(wait_for(d, sent_at(d, d.now() - 5s)) == 10s);
    }
    SECTION("the record's duration, not the own one") {
        Driver d;
        CHECK(wait_for(d, sent_at(d, d.now() - 5s, 40)) == 35s);
    }
    SECTION("by BOOTTIME") {
        Driver d;
        const TimePoint now = d.now();
        CHECK(wait_for(d, sent_at(d, {now.boot() - 1s, now.raw() - 20s})) == 14s);
    }
    SECTION("by RAW") {
        Driver d;
        const TimePoint now = d.now();
        CHECK(wait_for(d, sent_at(d, {now.boot() - 20s, now.raw() - 1s})) == 14s);
    }
}

TEST_CASE("instant: one that is still to come is not believed", "[election]") {
    Driver d;
    const TimePoint now = d.now();
    SECTION("on both clocks") { CHECK(wait_for(d, sent_at(d, now + 1h)) == 15s); }
    SECTION("on one") { CHECK(wait_for(d, sent_at(d, {now.boot() - 1h, now.raw() + 1h})) == 15s); }
}

TEST_CASE("instant: a renewal that is told of late leaves what is left of it", "[election]") {
    Driver d;
    d.become_standby();
    d.watched(WatchWorks{.is_seamless = true});
    d.pass(20s - 7s);
    d.watched(sent_at(d, d.now() - 3s)); // landed late, say
    d.pass(2s);
    CHECK(d.tick().empty()); // what was seen before is waited out too
    d.pass(10s - 1ns);
    CHECK(d.tick() != Lines{"acquire over v102"});
    d.read(sent_at(d, d.now() - (15s - 1ns)));
    CHECK(d.election().state() == State::kStandby);
    d.pass(1ns);
    CHECK(d.tick().size() == 1);
    CHECK(d.election().state() == State::kAcquiring);
}

TEST_CASE("instant: an old record that is put back does not shorten a wait", "[election]") {
    Driver d;
    d.become_standby(); // without an instant
    d.pass(5s);
    d.tick();
    d.read(sent_at(d, TimePoint::far_past()));
    CHECK(d.election().state() == State::kStandby);
    d.watched(WatchWorks{.is_seamless = true});
    d.pass(10s);
    CHECK(d.tick() == Lines{"acquire over v102"});
}

TEST_CASE("instant: a deleted record is waited out from when it was sent", "[election]") {
    Driver d;
    d.tick();
    d.read(sent_at(d, d.now() - 5s));
    d.watched(WatchWorks{.is_seamless = true});
    d.watched(Absent{});
    d.pass(10s - 1ns);
    for (const std::string& line : d.tick()) {
        CHECK(line == "read");
        d.read(Absent{});
    }
    d.pass(1ns);
    CHECK(d.tick() == Lines{"acquire anew"});
}

TEST_CASE("instant: each claim carries that of its send, a release none", "[election]") {
    Driver d;
    d.become_acquiring();
    CHECK(d.last_written().renewed_at == d.now());
    const TimePoint sent = d.now();
    d.pass(1s); // the answer comes later
    d.written();
    CHECK(d.last_written().renewed_at == sent);
    d.pass(1s);
    CHECK(d.tick() == Lines{"renew over v101"});
    CHECK(d.last_written().renewed_at == d.now());
    d.written();
    d.step(WorkGone{WorkEnd::kByItself});
    d.read(d.last_record());
    REQUIRE(d.last_written().holder.text.empty());
    CHECK_FALSE(d.last_written().renewed_at);
}

} // namespace le_run::test

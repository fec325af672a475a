// What a dead process left held is released in its place: that record or none.
#include "helpers/catch.h"

#include "election/driver.h"

namespace le_run::test {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;
using State = Election::State;
using Lines = std::vector<std::string>;

const Failure kUnreachable{Failure::Kind::kUnreachable, "no answer", {}};

// Leads, has renewed once, and dies.
struct Dead {
    Dead() {
        driver.become_leading();
        driver.pass(2s);
        driver.wall.microseconds += 2'000'000;
        driver.tick();
        driver.written();
    }
    StoredLease lease(const std::string& version) {
        StoredLease stored = driver.last_record();
        stored.version = {version};
        return stored;
    }
    LeftBehind left() const { return {driver.acquire_time(), Driver().now() + 10s}; }

    Driver driver;
};

ElectionConfig twin_config() {
    ElectionConfig config = usual_config();
    config.seed = 7;
    return config;
}

} // namespace

TEST_CASE("left behind: read, release over what was read, done", "[election]") {
    Dead dead;
    CHECK(dead.driver.acquire_time() == dead.driver.last_written().acquire_time);
    Driver heir(dead.left(), twin_config()); // another seed: the dead one's mark is not its own
    CHECK(heir.tick() == Lines{"read"});
    CHECK(heir.read(dead.lease("v9")) == Lines{"release over v9"});
    CHECK(heir.written() == Lines{"report released", "finish stopped"});
    CHECK_FALSE(heir.election().next_wakeup(heir.now()));
}

TEST_CASE("left behind: what is written is what the dead process would have written",
          "[election]") {
    Dead dead;
    Driver heir(dead.left(), twin_config());
    dead.driver.pass(1s);
    for (Driver* each : {&dead.driver, &heir}) {
        each->wall.microseconds = 1'800'000'010'000'000;
    }
    dead.driver.step(StepDownAsked{StepDownReason::kAsked});
    dead.driver.step(WorkGone{WorkEnd::kStopped});
    const StoredLease lease = dead.lease("v9");
    REQUIRE(dead.driver.read(lease) == Lines{"release over v9"});
    heir.tick();
    REQUIRE(heir.read(lease) == Lines{"release over v9"});
    CHECK(heir.last_written() == dead.driver.last_written());
    CHECK(heir.last_written().holder.text.empty());
    CHECK(heir.last_written().lease_duration_seconds == kReleasedSeconds);
}

TEST_CASE("left behind: nobody else's record is touched", "[election]") {
    Dead dead;
    StoredLease found = dead.lease("v9");
    SECTION("of another holder") { found = dead.driver.lease_of("other"); }
    SECTION("of another process with the same identity") {
        found.record.acquire_time->microseconds += 1;
    }
    SECTION("of another term of the same process") {
        found.record.acquire_time->microseconds += 5'000'000;
    }
    SECTION("without an acquireTime") { found.record.acquire_time.reset(); }
    Driver heir(dead.left());
    heir.tick();
    CHECK(heir.read(found) == Lines{"report not-released", "finish stopped"});
}

TEST_CASE("left behind: it is free already, or was deleted", "[election]") {
    Dead dead;
    Driver heir(dead.left());
    heir.tick();
    SECTION("released by the dead process itself") {
        StoredLease free = dead.lease("v9");
        free.record.holder = {};
        CHECK(heir.read(free) == Lines{"report released", "finish stopped"});
    }
    SECTION("deleted") {
        CHECK(heir.read(Absent{}) == Lines{"report not-released", "finish stopped"});
    }
}

TEST_CASE("left behind: a renewal of the dead process that still lands", "[election]") {
    Dead dead;
    Driver heir(dead.left());
    heir.tick();
    REQUIRE(heir.read(dead.lease("v9")) == Lines{"release over v9"});
    StoredLease renewed = dead.lease("v10");
    renewed.record.renew_time->microseconds += 2'000'000;
    CHECK(heir.write(Conflict{}) == Lines{"read"});
    CHECK(heir.read(renewed) == Lines{"release over v10"});
    CHECK(heir.written() == Lines{"report released", "finish stopped"});
}

TEST_CASE("left behind: frozen between read and write while another acquires", "[election]") {
    Dead dead;
    Driver heir(dead.left());
    heir.tick();
    REQUIRE(heir.read(dead.lease("v9")) == Lines{"release over v9"});
    CHECK(heir.write(Conflict{}) == Lines{"read"});
    CHECK(heir.read(heir.lease_of("other")) == Lines{"report not-released", "finish stopped"});
}

TEST_CASE("left behind: an unreachable store is asked until the lease may run out", "[election]") {
    Dead dead;
    Driver heir(dead.left());
    CHECK(heir.tick() == Lines{"read"});
    for (int i = 0; i < 4; ++i) {
        heir.pass(2s);
        CHECK(heir.tick() == Lines{"read"});
    }
    CHECK(heir.wakeup() == 500ms); // then another read goes out beside this one
    SECTION("in vain") {
        heir.pass(2s);
        CHECK(heir.tick() == Lines{"report not-released", "finish stopped"});
    }
    SECTION("the write's fate is unknown: it is read before it is repeated") {
        REQUIRE(heir.read(dead.lease("v9")) == Lines{"release over v9"});
        CHECK(heir.write(kUnreachable).empty());
        heir.pass(500ms);
        CHECK(heir.tick() == Lines{"read"});
        CHECK(heir.read(dead.lease("v9")) == Lines{"release over v9"});
    }
}

TEST_CASE("left behind: when it may have run out already, nothing is even read", "[election]") {
    Dead dead;
    Driver heir(LeftBehind{dead.driver.acquire_time(), Driver().now() - 60s});
    CHECK(heir.tick() == Lines{"report not-released", "finish stopped"});
}

} // namespace le_run::test

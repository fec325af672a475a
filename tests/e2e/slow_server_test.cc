// The API server answers, but slowly, on most connections only, or seldom; or a part of its store
// hangs, or has gone back in time. With the default durations that ends no work.
#include <csignal>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/faulty_front.h"

using namespace le_run::test;
using namespace std::chrono_literals;
using Mode = FaultyFront::Mode;

namespace {

const Words kDefaults = {};

int writes_of(const Arena& arena, const std::string& holder) {
    int count = 0;
    for (const LeaseWrite& write : arena.cluster().history()) {
        count += write.holder == holder ? 1 : 0;
    }
    return count;
}

bool is_renewed(const Arena& arena, const std::string& holder, int times) {
    const int before = writes_of(arena, holder);
    const bool is = wait_until([&] { return writes_of(arena, holder) >= before + times; });
    if (!is) {
        WARN(arena.logs());
    }
    return is;
}

// Its first work still runs, in its first leadership.
void check_kept(const Arena& arena, Replica& leader) {
    INFO(leader.log());
    CHECK(arena.record().starts(leader.name()) == 1);
    CHECK_FALSE(leader.logged({"stopping the child"}));
    CHECK_FALSE(leader.logged({"lost"}));
    std::int64_t transitions = -1;
    for (const LeaseWrite& write : arena.cluster().history()) {
        CHECK((transitions == -1 || write.transitions == transitions));
        transitions = write.transitions;
    }
}

void check_handover(const Arena& arena, Replica& from, const std::string& to) {
    from.signal(SIGTERM);
    REQUIRE(arena.has_started(to));
    CHECK(from.wait() == 0);
    CHECK(arena.release_disorder(from.name(), to) == "");
    CHECK(arena.disorder() == "");
}

// The work goes on for so long by its own clock.
bool works_on(const Arena& arena, const std::string& name, std::chrono::nanoseconds time) {
    const auto last_tick = [&] {
        return std::chrono::nanoseconds(arena.record().newest(name).last.boot_ns);
    };
    const auto end = last_tick() + time;
    return wait_until([&] { return last_tick() >= end || arena.record().starts(name) > 1; },
                      std::chrono::minutes(2)) &&
           arena.record().starts(name) == 1;
}

} // namespace

TEST_CASE("slow: of a server that takes 4 s for each request the lease is won, kept and released") {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    front.slow_down(4s);
    Replica& a = arena.start_leader("a", {.timing = kDefaults, .port = front.port()});
    arena.start_standby("b", {.timing = kDefaults, .port = front.port()});
    REQUIRE(is_renewed(arena, "a", 3));
    check_kept(arena, a);
    check_handover(arena, a, "b");
}

TEST_CASE("slow: a connection that hangs for good costs nothing, also where the others are slow") {
    const std::chrono::milliseconds delay = GENERATE(0ms, 2300ms);
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    front.slow_down(delay);
    Replica& a = arena.start_leader("a", {.timing = kDefaults, .port = front.port()});
    for (int hung = 0; hung < 2; ++hung) {
        front.hang_next();
        REQUIRE(is_renewed(arena, "a", 2));
    }
    check_kept(arena, a);
}

TEST_CASE("slow: a server that takes one write of ten keeps its leader, and is told of the end") {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    front.slow_down(0s); // the same connections go on
    Replica& a = arena.start_leader("a", {.timing = kDefaults, .port = front.port()});
    arena.start_standby("b", {.timing = kDefaults});
    front.set(Mode::kFull);
    REQUIRE(is_renewed(arena, "a", 2));
    CHECK(a.logged({"renewal failing", "429"}));
    check_kept(arena, a);
    check_handover(arena, a, "b");
}

TEST_CASE("slow: an etcd restored from a backup blinds a watch, which is found out") {
    constexpr int kVersions = 50;
    const Words patient = {"--lease-duration", "40s", "--renew-deadline", "30s",
                           "--retry-period",   "2s"};
    ApiServer server;
    Arena arena(server.access());
    Replica& a = arena.start_leader("a", {.timing = patient});
    Replica& b = arena.start_standby("b", {.options = {"--log-level", "debug"}, .timing = patient});
    REQUIRE(wait_until([&] { return b.logged({"watching"}); }));
    server.back_up_etcd();
    for (int i = 0; i < kVersions; ++i) { // so that the versions stay behind for long
        arena.cluster().request("POST", "", {{"metadata", {{"name", "another"}}}});
        arena.cluster().request("DELETE", "/another");
    }
    server.restore_etcd();

    // It is told again when it has nothing to ask for longer than a silent watch is trusted.
    const auto reads = [&] { return arena.cluster().requests_of("replica", "get"); };
    REQUIRE(wait_until([&] {
        const int before = reads();
        return is_renewed(arena, "a", 5) && reads() == before;
    }));
    check_kept(arena, a);
    const int before = reads();
    check_handover(arena, a, "b");
    CHECK(reads() <= before + 2); // one by the one who releases
}

// The API server takes the members in turn. While the one that tells it of changes hangs, a write
// takes two turns and a read one.
TEST_CASE("slow: the leader of three etcd members hangs for 25 s, and the lease is kept") {
    ApiServer server(3);
    Arena arena(server.access());
    Replica& a = arena.start_leader("a", {.timing = kDefaults});
    server.freeze_watched_etcd_leader();
    CHECK(works_on(arena, "a", 25s));
    server.thaw_etcd();
    CHECK(is_renewed(arena, "a", 2));
    check_kept(arena, a);
}

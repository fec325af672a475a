// Trees too big to be killed in an instant: the old work has ended before the next one begins.
#include <csignal>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

// The last process of the chain writes its life down.
const ReplicaStart kChain = {.worker = {"--tree", "chain-1000"}, .timing = kLongerLease};

void wait_for_chain(const Arena& arena) {
    REQUIRE(wait_until([&] { return arena.record().newest("a", "daemon").last.what == "tick"; }));
}

void check_order(const Arena& arena) {
    const WorkRecord record = arena.record();
    CHECK(record.newest("a", "daemon").last.boot_ns < record.newest("b").first.boot_ns);
    CHECK(arena.disorder() == "");
}

} // namespace

TEST_CASE("big tree: le-run freezes, a chain of 1,000 sessions ends before the next one leads "
          "(file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", kChain);
    wait_for_chain(arena);
    arena.start_standby("b", {.timing = kLongerLease});
    a.signal(SIGSTOP);
    REQUIRE(arena.has_started("b"));
    check_order(arena);
    a.signal(SIGCONT);
    CHECK(wait_until([&] { return !a.runs() || a.log_lines({"contending"}).size() >= 2; }));
    check_order(arena);
}

TEST_CASE("big tree: a chain of 1,000 sessions that ignores SIGTERM is gone before the release "
          "(file)") {
    Arena arena(LockKind::kFile);
    ReplicaStart start = kChain;
    start.options = {"--stop-grace", "500ms"};
    Replica& a = arena.start_leader("a", start);
    wait_for_chain(arena);
    arena.start_standby("b", {.timing = kLongerLease});
    a.signal(SIGTERM);
    CHECK(a.wait() == 0);
    CHECK(a.logged({"tree gone"}));
    CHECK(a.logged({"released"}));
    REQUIRE(arena.has_started("b"));
    check_order(arena);
}

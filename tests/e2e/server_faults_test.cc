// The server is out of reach for longer than the lease, or was never there; tests/e2e/faults has
// each kind of outage.
#include <csignal>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/faulty_front.h"

using namespace le_run::test;
using Mode = FaultyFront::Mode;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// When the server received the last renewal of `holder` before `instant` (CLOCK_REALTIME, ns).
std::int64_t last_renewal(const Cluster& cluster, const std::string& holder, std::int64_t instant) {
    std::int64_t received = 0;
    for (const LeaseWrite& write : cluster.history()) {
        if (write.holder == holder && write.received_ns < instant) {
            received = write.received_ns;
        }
    }
    return received;
}

std::int64_t real_now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// The worker was asked to stop and ended before its lease could be taken.
void check_ended_in_time(const Arena& arena, std::int64_t fault_began, std::int64_t lease_seconds) {
    const WorkLife work = arena.record().lives_of("a").at(0);
    CHECK(work.asked.at(0) == SIGTERM);
    const auto renewed = last_renewal(arena.cluster(), "a", fault_began);
    REQUIRE(renewed != 0);
    CHECK(work.last.real_ns < renewed + lease_seconds * kSecond);
}

} // namespace

TEST_CASE("fault: a stubborn worker and its daemon are killed before the lease runs out") {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    Replica& a = arena.start_leader(
        "a", {.worker = {"--ignore", "--daemon"}, .timing = kLongerLease, .port = front.port()});
    REQUIRE(wait_until([&] { return arena.record().newest("a", "daemon").pid != 0; }));
    arena.start_standby("b", {.timing = kLongerLease});
    const auto began = real_now();
    front.set(Mode::kRefuse);
    REQUIRE(arena.has_started("b"));
    check_ended_in_time(arena, began, 8);
    CHECK(is_gone(arena.record().newest("a")));
    CHECK(is_gone(arena.record().newest("a", "daemon")));
    CHECK(arena.disorder() == "");
    CHECK(a.runs());
}

TEST_CASE("fault: --lost-grace bounds the drain, --on-lost exit ends with 75") {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    Replica& a = arena.start_leader("a", {.worker = {"--ignore"},
                                          .options = {"--lost-grace", "500ms", "--on-lost", "exit"},
                                          .timing = kLongerLease,
                                          .port = front.port()});
    front.set(Mode::kRefuse);
    CHECK(a.wait() == 75);
    CHECK(arena.record().newest("a").asked == std::vector{SIGTERM});
    CHECK(is_gone(arena.record().newest("a")));
}

TEST_CASE("fault: of a request that hangs the log says what it was, where, and at which stage") {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    Replica& a = arena.start_leader("a", {.timing = kLongerLease, .port = front.port()});
    front.set(Mode::kHang);
    REQUIRE(wait_until([&] {
        return a.logged({"renewal failing", "cannot update lease ", " timed out after ",
                         "waiting for the answer of "});
    }));
    front.set(Mode::kPass);
}

TEST_CASE("fault: a server that is not there yet is waited for") {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    front.set(Mode::kRefuse);
    Replica& a = arena.start("a", {.port = front.port()});
    REQUIRE(wait_until([&] { return a.logged({"waiting for the store"}); }));
    CHECK(arena.record().starts("a") == 0);
    front.set(Mode::kPass);
    CHECK(arena.has_started("a"));
}

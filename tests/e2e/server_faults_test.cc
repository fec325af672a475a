// The server hangs, refuses, answers nonsense or too late for longer than the lease: the work ends
// before anybody else may lead, and le-run contends again when the server is back.
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

// a is behind the front, b is not: b leads when a has lost its lease, and never before a's work has
// ended. Then the front works again, b is asked to stop, and a leads a second time.
void lose_behind_front(Mode mode) {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    Replica& a = arena.start_leader(
        "a", {.worker = {"--drain", "300"}, .timing = kLongerLease, .port = front.port()});
    Replica& b = arena.start_standby("b", {.timing = kLongerLease});
    front.set(mode);
    REQUIRE(arena.has_started("b"));
    const WorkLife work = arena.record().newest("a");
    CHECK(work.asked == std::vector{SIGTERM});
    CHECK(work.ended_itself);
    CHECK(a.runs());
    CHECK(a.logged({"renewal failing", "left"}));
    CHECK(a.logged({"stop begins"}));
    CHECK(a.logged({"lost"}));
    CHECK(arena.disorder() == "");

    front.set(Mode::kPass);
    const auto contending = [&] { return a.log_lines({"contending"}).size() >= 2; };
    CHECK(wait_until(contending));
    b.signal(SIGTERM);
    REQUIRE(arena.has_started("a", 2));
    CHECK(arena.disorder() == "");
}

} // namespace

TEST_CASE("fault: the way to the server hangs") { lose_behind_front(Mode::kHang); }
TEST_CASE("fault: connections are refused") { lose_behind_front(Mode::kRefuse); }
TEST_CASE("fault: connections are reset") { lose_behind_front(Mode::kReset); }
TEST_CASE("fault: answers are lost, requests are not") { lose_behind_front(Mode::kDropAnswers); }
TEST_CASE("fault: answers come byte by byte") { lose_behind_front(Mode::kDrip); }
TEST_CASE("fault: the server answers 500") { lose_behind_front(Mode::kAnswer500); }
TEST_CASE("fault: the server answers 429 with an hour of Retry-After") {
    lose_behind_front(Mode::kAnswer429);
}

TEST_CASE("fault: the API server itself freezes for longer than the lease") {
    ApiServer server;
    Arena arena(server.access());
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "300"}, .timing = kLongerLease});
    arena.start_standby("b", {.timing = kLongerLease});
    const auto began = real_now();
    server.freeze();
    CHECK(wait_until([&] { return a.logged({"tree gone"}); }));
    check_ended_in_time(arena, began, 8);
    std::this_thread::sleep_for(
        std::chrono::seconds(8)); // the fault lasts longer than the lease: that is the case
    server.thaw();
    REQUIRE(
        wait_until([&] { return arena.record().starts("a") + arena.record().starts("b") == 2; }));
    CHECK(arena.disorder() == "");
}

TEST_CASE("fault: the API server is killed and comes back on the same data") {
    ApiServer server;
    Arena arena(server.access());
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "300"}, .timing = kLongerLease});
    const auto began = real_now();
    server.kill();
    CHECK(wait_until([&] { return a.logged({"tree gone"}); }));
    check_ended_in_time(arena, began, 8);
    server.start_again();
    REQUIRE(arena.has_started("a", 2));
    CHECK(arena.disorder() == "");
}

TEST_CASE("fault: etcd freezes below the API server") {
    ApiServer server;
    Arena arena(server.access());
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "300"}, .timing = kLongerLease});
    server.freeze_etcd();
    CHECK(wait_until([&] { return a.logged({"tree gone"}); }));
    CHECK(arena.record().newest("a").asked == std::vector{SIGTERM});
    server.thaw_etcd();
    REQUIRE(arena.has_started("a", 2));
    CHECK(arena.disorder() == "");
}

TEST_CASE("fault: a short outage ends nothing") {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    const Words timing = {"--lease-duration", "30s",  "--renew-deadline", "20s",
                          "--retry-period",   "500ms"};
    Replica& a = arena.start_leader("a", {.timing = timing, .port = front.port()});
    for (const Mode mode : {Mode::kRefuse, Mode::kReset, Mode::kAnswer500, Mode::kHang}) {
        const auto failures = a.log_lines({"renewal failing"}).size();
        front.set(mode);
        CHECK(wait_until([&] { return a.log_lines({"renewal failing"}).size() > failures; }));
        front.set(Mode::kPass);
        const auto working = a.log_lines({"renewal works"}).size();
        CHECK(wait_until([&] { return a.log_lines({"renewal works"}).size() > working; }));
    }
    const WorkLife work = arena.record().newest("a");
    CHECK(arena.record().starts("a") == 1);
    CHECK(work.asked.empty());
    CHECK(is_alive(work.pid));
}

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

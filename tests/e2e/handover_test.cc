// The work passes from one replica to the next when it has ended, whole tree and all, and not
// before.
#include <csignal>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

void hand_over_by_sigterm(LockKind kind) {
    Arena arena(kind);
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "2000"}});
    Replica& b = arena.start_standby("b", {.worker = {"--drain", "2000"}});
    CHECK(arena.record().starts("b") == 0);

    a.signal(SIGTERM);
    REQUIRE(arena.has_started("b"));
    CHECK(a.wait() == 0);
    const WorkLife work = arena.record().newest("a");
    CHECK(work.asked == std::vector{SIGTERM});
    CHECK(work.ended_itself);
    CHECK(work.last.boot_ns - work.first.boot_ns >= 2'000'000'000); // it had its time to end
    CHECK(a.logged({"released"}));
    CHECK(arena.disorder() == "");
    CHECK(arena.release_disorder("a", "b") == "");

    b.signal(SIGTERM);
    CHECK(b.wait() == 0);
    if (arena.is_kubernetes()) {
        const auto spec = arena.cluster().lease().value().at("spec");
        CHECK(spec.value("holderIdentity", "") == "");
        CHECK(spec.at("leaseDurationSeconds") == 1);
    }
}

// Twice the lease duration to end: renewed all the while, not killed, not overlapped.
void drain_longer_than_the_lease(LockKind kind) {
    Arena arena(kind);
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "12000"}});
    arena.start_standby("b");
    a.signal(SIGTERM);
    CHECK(a.wait() == 0);
    CHECK(arena.record().newest("a").ended_itself);
    REQUIRE(arena.has_started("b"));
    CHECK(arena.disorder() == "");
    CHECK(arena.release_disorder("a", "b") == "");
}

// Ignores every request to end, and so does a child of it in a session of its own.
void stop_a_stubborn_tree(LockKind kind) {
    Arena arena(kind);
    Replica& a = arena.start_leader(
        "a", {.worker = {"--ignore", "--daemon"}, .options = {"--stop-grace", "2s"}});
    REQUIRE(wait_until([&] { return arena.record().newest("a", "daemon").pid != 0; }));
    arena.start_standby("b");
    a.signal(SIGTERM);
    CHECK(a.wait() == 137);
    const WorkRecord record = arena.record();
    CHECK(is_gone(record.newest("a")));
    CHECK(is_gone(record.newest("a", "daemon")));
    CHECK(record.newest("a").asked == std::vector{SIGTERM});
    const auto grace = record.newest("a").last.boot_ns - record.newest("a").first.boot_ns;
    CHECK(grace >= 1'900'000'000); // the grace was given
    CHECK(
        a.logged({"warning", "SIGKILL ended 2 processes (the child and 1 other), because they had "
                             "not ended within 2s of SIGTERM (--stop-grace)"}));
    REQUIRE(arena.has_started("b"));
    CHECK(arena.disorder() == "");
    CHECK(arena.release_disorder("a", "b") == "");
}

// Its child ends at once, a daemon stays: swept before the release.
void end_by_itself_and_leave_a_daemon(LockKind kind) {
    Arena arena(kind);
    Replica& a =
        arena.start("a", {.worker = {"--daemon", "--exit-after", "1500", "--exit-code", "7"}});
    REQUIRE(arena.has_started("a"));
    arena.start_standby("b");
    CHECK(a.wait() == 7);
    const WorkLife daemon = arena.record().newest("a", "daemon");
    REQUIRE(daemon.pid != 0);
    CHECK(is_gone(daemon));
    REQUIRE(arena.has_started("b"));
    CHECK(arena.disorder() == "");
    CHECK(arena.release_disorder("a", "b") == "");
}

} // namespace

TEST_CASE("handover: SIGTERM, two seconds to end, release, the next one (API server)") {
    hand_over_by_sigterm(LockKind::kKubernetes);
}
TEST_CASE("handover: SIGTERM, two seconds to end, release, the next one (file)") {
    hand_over_by_sigterm(LockKind::kFile);
}
TEST_CASE("handover: a drain of twice the lease duration is renewed (API server)") {
    drain_longer_than_the_lease(LockKind::kKubernetes);
}
TEST_CASE("handover: a drain of twice the lease duration is renewed (file)") {
    drain_longer_than_the_lease(LockKind::kFile);
}
TEST_CASE("handover: a stubborn worker and its daemon are gone before the release (API server)") {
    stop_a_stubborn_tree(LockKind::kKubernetes);
}
TEST_CASE("handover: a stubborn worker and its daemon are gone before the release (file)") {
    stop_a_stubborn_tree(LockKind::kFile);
}
TEST_CASE(
    "handover: a child that exits 7 is swept up after, released, and le-run exits 7 (API server)") {
    end_by_itself_and_leave_a_daemon(LockKind::kKubernetes);
}
TEST_CASE("handover: a child that exits 7 is swept up after, released, and le-run exits 7 (file)") {
    end_by_itself_and_leave_a_daemon(LockKind::kFile);
}

TEST_CASE("handover: the worker behind a shell gets its signal and its grace though the shell ends "
          "first (file)") {
    Arena arena(LockKind::kFile);
    const std::string script = std::string(TEST_WORKER) + " --drain 2000; true";
    Replica& a = arena.start_leader("a", {.command = {"sh", "-c", script}});
    arena.start_standby("b");
    a.signal(SIGTERM);
    REQUIRE(a.wait());
    const WorkLife work = arena.record().newest("a");
    CHECK(work.asked == std::vector{SIGTERM});
    CHECK(work.ended_itself);
    REQUIRE(arena.has_started("b"));
    CHECK(arena.disorder() == "");
}

TEST_CASE("handover: three replicas in turn, one work at a time, tokens growing") {
    Arena arena(LockKind::kKubernetes);
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "200"}});
    Replica& b = arena.start_standby("b", {.worker = {"--drain", "200"}});
    Replica& c = arena.start_standby("c", {.worker = {"--drain", "200"}});
    a.signal(SIGTERM);
    REQUIRE(
        wait_until([&] { return arena.record().starts("b") + arena.record().starts("c") == 1; }));
    const bool b_leads = arena.record().starts("b") == 1;
    (b_leads ? b : c).signal(SIGTERM);
    REQUIRE(arena.has_started(b_leads ? "c" : "b"));
    CHECK((b_leads ? b : c).wait() == 0);
    const Replica& last = b_leads ? c : b; // standbys tell each change
    CHECK(last.log_lines({"held by a, not seen renewing"}).size() == 1);
    CHECK(last.logged({"new leader: " + std::string(b_leads ? "b" : "c")}));
    CHECK(arena.disorder() == "");
}

TEST_CASE("handover: --on-exit standby contends again after the child ended (file)") {
    Arena arena(LockKind::kFile);
    Replica& a =
        arena.start("a", {.worker = {"--exit-after", "300"}, .options = {"--on-exit", "standby"}});
    REQUIRE(arena.has_started("a", 2));
    CHECK(a.runs());
    CHECK(a.logged({"released"}));
    CHECK(arena.disorder() == ""); // the token grew for the same identity
}

TEST_CASE("handover: the token grows after the Lease was deleted") {
    Arena arena(LockKind::kKubernetes);
    Replica& a = arena.start_leader("a");
    a.signal(SIGTERM);
    REQUIRE(a.wait() == 0);
    arena.cluster().delete_lease();
    arena.start_leader("b");
    CHECK(arena.disorder() == "");
}

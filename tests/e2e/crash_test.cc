// le-run or its guard dies or freezes: the work is gone before another leads. tests/e2e/faults has
// every such fault on the file store, and the hands in the Lease.
#include <csignal>
#include <ctime>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

const ReplicaStart kStubborn = {.worker = {"--ignore", "--daemon"}};

void wait_for_daemon(const Arena& arena) {
    REQUIRE(wait_until([&] { return arena.record().newest("a", "daemon").pid != 0; }));
}

void check_tree_gone(const Arena& arena) {
    const WorkRecord record = arena.record();
    const WorkLife worker = record.lives_of("a").at(0); // a may lead a second time by now
    const WorkLife daemon = record.lives_of("a", "daemon").at(0);
    CHECK(wait_until([&] { return is_gone(worker) && is_gone(daemon); }));
}

} // namespace

TEST_CASE("crash: le-run freezes, its tree ends before the next one leads (API server)") {
    Arena arena(LockKind::kKubernetes);
    Replica& a = arena.start_leader("a", kStubborn);
    wait_for_daemon(arena);
    arena.start_standby("b");
    a.signal(SIGSTOP);
    REQUIRE(arena.has_started("b"));
    check_tree_gone(arena);
    CHECK(arena.disorder() == "");
    // Nobody released it while it might come back: its lease ran out.
    for (const LeaseWrite& write : arena.cluster().history()) {
        CHECK_FALSE(write.is_release());
    }
    a.signal(SIGCONT);
    // Whatever it believes when it wakes up: its next work begins only when it leads again.
    CHECK(wait_until([&] { return !a.runs() || a.log_lines({"contending"}).size() >= 2; }));
    CHECK(arena.disorder() == "");
}

TEST_CASE("crash: the guard is SIGKILLed, le-run ends the tree itself (API server)") {
    Arena arena(LockKind::kKubernetes);
    Replica& a = arena.start_leader("a", kStubborn);
    wait_for_daemon(arena);
    arena.start_standby("b");
    const pid_t guard = a.guard();
    REQUIRE(guard > 0);
    ::kill(guard, SIGKILL);
    CHECK(a.wait() == 125);
    check_tree_gone(arena);
    CHECK(a.logged({"tree gone"}));
    REQUIRE(arena.has_started("b"));
    CHECK(arena.disorder() == "");
}

TEST_CASE(
    "crash: a stopped guard is continued, and the work goes on as if nothing had been (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "100"}});
    for (int i = 1; i <= 3; ++i) {
        ::kill(a.guard(), SIGSTOP);
        REQUIRE(wait_until([&] {
            return a.log_lines({"guard", "stopped"}).size() == static_cast<std::size_t>(i);
        }));
    }
    a.signal(SIGTERM); // through the guard
    CHECK(a.wait() == 0);
    CHECK(arena.record().starts("a") == 1);
    CHECK(arena.record().newest("a").ended_itself);
}

// One long freeze of everything is a pause, not a habit: a lease that is still good ends nothing.
TEST_CASE("crash: le-run, guard and child freeze for a while and go on (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "100"}, .timing = {}});
    const pid_t guard = a.guard();
    const pid_t child = arena.record().newest("a").pid;
    const auto ticks = [&] { return arena.record().newest("a").last.boot_ns; };
    for (const pid_t pid : {a.pid(), guard, child}) {
        ::kill(pid, SIGSTOP);
    }
    const auto frozen_at = ticks();
    timespec now{};
    REQUIRE(wait_until([&] { // 4 s of the 10 s that the renew deadline leaves
        ::clock_gettime(CLOCK_BOOTTIME, &now);
        return now.tv_sec * 1'000'000'000 + now.tv_nsec - frozen_at > 4'000'000'000;
    }));
    for (const pid_t pid : {child, guard, a.pid()}) {
        ::kill(pid, SIGCONT);
    }
    REQUIRE(wait_until([&] { return ticks() > frozen_at + 5'000'000'000; }));
    CHECK_FALSE(a.logged({"lost"}));
    CHECK(arena.record().starts("a") == 1);
    a.signal(SIGTERM);
    CHECK(a.wait() == 0);
}

TEST_CASE("crash: le-run and guard are SIGKILLed, and a new le-run with their identity waits like "
          "anybody else") {
    const LockKind kind = GENERATE(LockKind::kFile, LockKind::kKubernetes);
    Arena arena(kind);
    Replica& a = arena.start_leader("a", {.id = "x"});
    const WorkLife work = arena.record().newest("a");
    const pid_t guard = a.guard();
    ::kill(guard, SIGSTOP); // it would release the lease
    a.signal(SIGKILL);
    ::kill(guard, SIGKILL);
    REQUIRE(a.wait() == 137);
    Replica& again = arena.start("again", {.id = "x"});
    REQUIRE(arena.has_started("again"));
    CHECK(arena.disorder() == "");
    CHECK(again.logged({"held by x, not seen renewing"}));
    // It saw the dead leader's record after that leader's last write, and waited that record out: 6
    // s.
    const auto waited = arena.record().newest("again").first.boot_ns - work.last.boot_ns;
    CHECK(waited >= 4'000'000'000);
}

TEST_CASE("crash: a field that le-run does not know survives its writes") {
    Arena arena(LockKind::kKubernetes);
    arena.cluster().create_lease({{"holderIdentity", ""}, {"leaseDurationSeconds", 1}});
    const auto reply = arena.cluster().request("GET", "/job");
    auto object = nlohmann::json::parse(reply.body);
    object["metadata"]["annotations"] = {{"keep", "me"}};
    REQUIRE(arena.cluster().request("PUT", "/job", object).status == 200);
    Replica& a = arena.start_leader("a");
    a.signal(SIGTERM);
    REQUIRE(a.wait() == 0);
    CHECK(arena.cluster().lease().value()["metadata"]["annotations"]["keep"] == "me");
    CHECK(arena.cluster().lease().value()["metadata"]["uid"] == object["metadata"]["uid"]);
}

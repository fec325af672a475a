// le-run dies and its guard lives: the lease is released in le-run's place as soon as the tree is
// gone, if it still is that le-run's. tests/process has when it is not even tried.
#include <csignal>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/faulty_front.h"

using namespace le_run::test;
using Mode = FaultyFront::Mode;

namespace {

const Words kInItsPlace = {"le-run has ended", "in its place"};

ReplicaStart stubborn() { return {.worker = {"--ignore", "--daemon"}}; }

// Kills le-run, and tells when its guard, and what that started, is gone.
class Death {
public:
    explicit Death(Replica& leader) : guard_(leader.guard()) {
        leader.signal(SIGKILL);
        CHECK(leader.wait() == 137);
    }
    bool is_over() const {
        return wait_until([&] {
            reap_orphans();
            return !is_alive(guard_);
        });
    }

private:
    pid_t guard_;
};

void wait_for_daemon(const Arena& arena) {
    REQUIRE(wait_until([&] { return arena.record().newest("a", "daemon").pid != 0; }));
}

} // namespace

TEST_CASE("crash release: the tree, then the lease, then the next one") {
    const LockKind kind = GENERATE(LockKind::kFile, LockKind::kKubernetes);
    const ReplicaStart a_is = GENERATE(ReplicaStart{}, stubborn());
    const Words options = GENERATE(Words{}, Words{"--pid-namespace"});
    CAPTURE(static_cast<int>(kind), a_is.worker, options);
    Arena arena(kind);
    ReplicaStart start = a_is;
    start.options = options;
    Replica& a = arena.start_leader("a", start);
    if (!start.worker.empty()) {
        wait_for_daemon(arena);
    }
    Replica& b = arena.start_standby("b");
    const Death death(a);
    REQUIRE(arena.has_started("b"));
    CHECK(arena.disorder() == "");
    CHECK(arena.release_disorder("a", "b") == "");
    REQUIRE(death.is_over());
    CHECK(a.log_lines(kInItsPlace).size() == 1);
    CHECK(a.log_lines({"info", "released"}).size() == 1);
    CHECK_FALSE(b.logged({"lost"}));
}

TEST_CASE("crash release: in the middle of a requested stop") {
    Arena arena(LockKind::kKubernetes);
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "1000"}});
    arena.start_standby("b");
    a.signal(SIGTERM);
    REQUIRE(wait_until([&] { return !arena.record().newest("a").asked.empty(); }));
    const Death death(a);
    REQUIRE(arena.has_started("b"));
    CHECK(arena.record().newest("a").ended_itself); // its grace goes on
    CHECK(arena.disorder() == "");
    CHECK(arena.release_disorder("a", "b") == "");
    REQUIRE(death.is_over());
    CHECK(a.log_lines(kInItsPlace).size() == 1);
}

TEST_CASE("crash release: a record that somebody else wrote meanwhile is not touched") {
    Arena arena(LockKind::kKubernetes);
    Replica& a = arena.start_leader("a", stubborn());
    wait_for_daemon(arena);
    const auto won = arena.cluster().lease().value()["spec"];
    const Death death(a);
    SECTION("another holder") { arena.cluster().edit_lease({{"holderIdentity", "stranger"}}); }
    SECTION("another term of the same identity") {
        arena.cluster().edit_lease({{"acquireTime", "2026-01-02T03:04:05.000001Z"}});
    }
    const auto edited = arena.cluster().lease().value();
    REQUIRE(edited["spec"] != won);
    REQUIRE(death.is_over());
    CHECK(arena.cluster().lease().value() == edited);
    CHECK(a.log_lines(kInItsPlace).size() == 1);
    CHECK(a.log_lines({"warning", "not released", arena.lock()}).size() == 1);
}

TEST_CASE("crash release: a Lease that was deleted stays so") {
    Arena arena(LockKind::kKubernetes);
    Replica& a = arena.start_leader("a", stubborn());
    wait_for_daemon(arena);
    const Death death(a);
    arena.cluster().delete_lease();
    REQUIRE(death.is_over());
    CHECK_FALSE(arena.cluster().lease());
    CHECK(a.logged({"not released", "deleted"}));
}

TEST_CASE("crash release: an API server that hangs is asked again") {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    Replica& a = arena.start_leader("a", {.timing = {}, .port = front.port()}); // 15 s: time enough
    arena.start_standby("b");
    front.set(Mode::kHang);
    const int connections = front.connections();
    const Death death(a);
    REQUIRE(wait_until([&] { return front.connections() > connections; }));
    CHECK(wait_until([&] { return a.logged(kInItsPlace); }));
    front.set(Mode::kPass);
    REQUIRE(arena.has_started("b"));
    CHECK(arena.release_disorder("a", "b") == "");
    CHECK(death.is_over());
    CHECK_FALSE(a.logged({"not released"}));
}

TEST_CASE("crash release: an API server that is away, and the lease runs out") {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    Replica& a = arena.start_leader("a", {.port = front.port()});
    arena.start_standby("b");
    front.set(Mode::kRefuse);
    const Death death(a);
    REQUIRE(arena.has_started("b"));
    CHECK(death.is_over());
    CHECK(a.log_lines({"warning", "not released", arena.lock()}).size() == 1);
    CHECK(arena.disorder() == "");
    for (const LeaseWrite& write : arena.cluster().history()) {
        CHECK_FALSE(write.is_release());
    }
}

TEST_CASE("crash release: a kubeconfig that is gone is named, and the lease runs out") {
    Arena arena(LockKind::kKubernetes);
    const std::string kubeconfig = arena.cluster().kubeconfig();
    Replica& a = arena.start_leader(
        "a", {.lock = {"--lock", arena.cluster().lock(), "--kubeconfig", kubeconfig}});
    REQUIRE(::unlink(kubeconfig.c_str()) == 0);
    const Death death(a);
    REQUIRE(death.is_over());
    CHECK(a.log_lines({"warning", "not released", kubeconfig}).size() == 1);
    CHECK(arena.cluster().holder() == "a");
}

TEST_CASE("crash release: with standard input, output and error closed") {
    Arena arena(LockKind::kKubernetes);
    Replica& a =
        arena.start_leader("a", {.launcher = {"sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"}});
    arena.start_standby("b");
    const Death death(a);
    REQUIRE(arena.has_started("b"));
    CHECK(arena.release_disorder("a", "b") == "");
    CHECK(death.is_over());
}

TEST_CASE("crash release: whoever holds nothing, or ends in order, leaves nothing to release") {
    const LockKind kind = GENERATE(LockKind::kFile, LockKind::kKubernetes);
    Arena arena(kind);
    Replica& a = arena.start_leader("a", {.options = {"--on-exit", "standby"}});
    Replica& b = arena.start_standby("b");
    { // on standby
        const Death death(b);
        REQUIRE(death.is_over());
        CHECK_FALSE(b.logged(kInItsPlace));
    }
    CHECK(arena.record().newest("a").asked.empty());
    arena.start_standby("c");
    ::kill(arena.record().newest("a").pid, SIGKILL); // its own end
    REQUIRE(arena.has_started("c"));
    REQUIRE(wait_until([&] { return a.logged({"new leader: c"}); }));
    { // on standby again
        const Death death(a);
        REQUIRE(death.is_over());
        CHECK_FALSE(a.logged(kInItsPlace));
    }
    CHECK(arena.disorder() == "");
}

// The host pauses, again and again: le-run, guard and child stand still together.
#include <csignal>
#include <ctime>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;
using namespace std::chrono_literals;

namespace {

std::chrono::nanoseconds boot_now() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

void let_pass(std::chrono::nanoseconds time) {
    const auto end = boot_now() + time;
    REQUIRE(wait_until([&] { return boot_now() >= end; }));
}

// le-run stops first and goes on last: a guard that it saw stopped would be continued.
void pause_all(const Arena& arena, Replica& replica, std::chrono::nanoseconds length) {
    const pid_t guard = replica.guard();
    const pid_t child = arena.record().newest(replica.name()).pid;
    for (const pid_t pid : {replica.pid(), guard, child}) {
        ::kill(pid, SIGSTOP);
    }
    let_pass(length);
    for (const pid_t pid : {child, guard, replica.pid()}) {
        ::kill(pid, SIGCONT);
    }
}

// The work's next ticks, and renewals in between.
void go_on(const Arena& arena, std::chrono::seconds time) {
    const auto ticks = [&] {
        return std::chrono::nanoseconds(arena.record().newest("a").last.boot_ns);
    };
    const auto from = boot_now();
    REQUIRE(wait_until([&] { return ticks() > from + time; }));
}

} // namespace

TEST_CASE("pause: two of 3.7 s and a third in a minute cost a lease of 15 s nothing (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "100"}, .timing = {}});
    pause_all(arena, a, 3700ms);
    go_on(arena, 3s);
    CHECK_FALSE(a.logged({"paused twice"})); // once is no habit
    pause_all(arena, a, 3700ms);
    CHECK(wait_until([&] { return a.logged({"warning", "paused twice", "without a renewal"}); }));
    go_on(arena, 3s);
    pause_all(arena, a, 2500ms);
    go_on(arena, 8s); // longer than what a lease with these margins allows without a renewal
    CHECK_FALSE(a.logged({"stopping the child"}));
    CHECK_FALSE(a.logged({"lost"}));
    CHECK(arena.record().starts("a") == 1);
    a.signal(SIGTERM);
    CHECK(a.wait() == 0);
}

// A watch works, so a free lease must be remembered without being told of again.
TEST_CASE("pause: two that are too long for the lease: released, and led again when they are "
          "forgotten (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "100"},
                                          .timing = {"--lease-duration", "6s", "--renew-deadline",
                                                     "3s", "--retry-period", "500ms"}});
    pause_all(arena, a, 2s);
    go_on(arena, 1s);
    pause_all(arena, a, 2s);
    REQUIRE(wait_until([&] { return a.logged({"not contending until", "paused twice"}); }));
    const auto told_at = boot_now();
    CHECK(a.logged({"warning", "stepping down", "paused twice", "the lease is still held"}));
    CHECK(a.logged({"released"}));
    CHECK_FALSE(a.logged({"lost"}));
    CHECK(arena.record().newest("a").ended_itself); // it was asked to, and had the time

    // What was announced is at most a minute; a loaded machine may take a little more.
    REQUIRE(wait_until([&] { return arena.record().starts("a") == 2; }, 120s));
    CHECK(boot_now() - told_at < 60s + 6s + 1s + 20s);
    CHECK(a.log_lines({"not contending"}).size() == 1);
    CHECK(arena.disorder() == "");
    a.signal(SIGTERM);
    CHECK(a.wait() == 0);
}

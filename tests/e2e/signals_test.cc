// Which signal goes where: the table of le-run(1), "Signals".
#include <algorithm>
#include <csignal>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

TEST_CASE("signals: what a program may want goes through as it is (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a");
    std::vector<int> sent;
    for (const int number : {SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGALRM, SIGRTMIN,
                             SIGRTMIN + 7, SIGURG, SIGCONT}) {
        a.signal(number);
        sent.push_back(number);
        INFO("signal " << number << ", log:\n" << a.log());
        REQUIRE(wait_until([&] { return arena.record().newest("a").signals == sent; }));
    }
    CHECK(a.runs());
    CHECK(arena.record().starts("a") == 1);
}

TEST_CASE("signals: SIGINT asks for a stop by SIGINT, a further one is passed on (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "3000"}});
    a.signal(SIGINT);
    REQUIRE(wait_until([&] { return arena.record().newest("a").asked == std::vector{SIGINT}; }));
    a.signal(SIGTERM);
    REQUIRE(wait_until(
        [&] { return arena.record().newest("a").asked == std::vector{SIGINT, SIGTERM}; }));
    a.signal(SIGINT);
    REQUIRE(wait_until(
        [&] { return arena.record().newest("a").asked == std::vector{SIGINT, SIGTERM, SIGINT}; }));
    CHECK(a.wait() == 0);
    CHECK(arena.record().newest("a").ended_itself);
}

TEST_CASE("signals: --stop-signal is what the child gets for SIGTERM (file)") {
    Arena arena(LockKind::kFile);
    Replica& a =
        arena.start_leader("a", {.options = {"--stop-signal", "SIGUSR1", "--stop-grace", "500ms"}});
    a.signal(SIGTERM);
    CHECK(a.wait() == 137); // the worker does not end by SIGUSR1
    CHECK(arena.record().newest("a").asked == std::vector{SIGUSR1});
}

TEST_CASE("signals: TERM, INT, HUP and QUIT end a standby with 0, others are ignored (file)") {
    Arena arena(LockKind::kFile);
    arena.start_leader("a");
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
        Replica& standby = arena.start_standby("b" + std::to_string(number));
        for (const int ignored :
             {SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM}) {
            standby.signal(ignored);
        }
        standby.signal(number);
        INFO(standby.log());
        CHECK(standby.wait() == 0);
        CHECK(arena.record().starts(standby.name()) == 0);
    }
    CHECK(arena.record().newest("a").signals.empty());
}

TEST_CASE("signals: TSTP, TTIN and TTOU never stop a leading le-run (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a");
    for (const int number : {SIGTSTP, SIGTTIN, SIGTTOU}) {
        a.signal(number);
    }
    // It still reacts, so it was not stopped; the order of signals shows that those before have
    // been handled.
    a.signal(SIGUSR1);
    REQUIRE(wait_until([&] {
        const auto asked = arena.record().newest("a").asked;
        return std::find(asked.begin(), asked.end(), SIGUSR1) != asked.end();
    }));
    CHECK(state_of(a.pid()) != 'T');
    a.signal(SIGTERM);
    CHECK(a.wait() == 0);
}

TEST_CASE("signals: a SIGHUP that was ignored at the start (nohup) does not end a standby (file)") {
    Arena arena(LockKind::kFile);
    arena.start_leader("a");
    Environment environment = without_settings();
    Process standby({.argv = Words{le_run_binary()} + arena.lock_options() + kShortLease +
                             Words{"--", TEST_WORKER},
                     .environment = environment,
                     .inherit_environment = false,
                     .signals_ignored_like_nohup = true});
    REQUIRE(wait_until([&] { return standby.err().find("new leader") != std::string::npos; }));
    standby.signal(SIGHUP);
    standby.signal(SIGTERM);
    CHECK(standby.wait() == 0);
    CHECK(standby.err().find("SIGHUP") == std::string::npos);
    CHECK(standby.err().find("SIGTERM") != std::string::npos); // this one ended it
}

// How le-run ends: the first cause decides.
#include <csignal>
#include <filesystem>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

TEST_CASE("exit code: the child was ended by signal 9: 137, and the lease is released (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a");
    ::kill(arena.record().newest("a").pid, SIGKILL);
    CHECK(a.wait() == 137);
    CHECK(a.logged({"released"}));
}

TEST_CASE("exit code: after a requested stop, the child's own code, or 0 when the stop signal "
          "ended it (file)") {
    const auto [worker, code] = GENERATE(std::pair<Words, int>{{"--exit-code", "3"}, 3},
                                         std::pair<Words, int>{{"--default-action"}, 0});
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", {.worker = worker});
    a.signal(SIGTERM);
    CHECK(a.wait() == code);
    CHECK(a.logged({"released"}));
}

TEST_CASE(
    "exit code: a child that ended by itself before the stop was asked for keeps its code (file)") {
    Arena arena(LockKind::kFile);
    Replica& a =
        arena.start("a", {.worker = {"--exit-after", "0", "--exit-code", "9", "--daemon"}});
    REQUIRE(wait_until([&] { return arena.record().newest("a").ended_itself; }));
    a.signal(SIGTERM); // its daemon is still being swept
    CHECK(a.wait() == 9);
}

TEST_CASE("exit code: a command that is not there is 127, one that cannot be executed 126, and "
          "nothing is written (file)") {
    Arena arena(LockKind::kFile);
    const std::string not_executable = arena.scratch().write("plain", "text");
    const auto run = [&](const Words& command, int code, const std::string& word) {
        Replica& a = arena.start("a", {.command = command});
        CHECK(a.wait() == code);
        CHECK(lines_of(a.log()).size() == 1);
        CHECK_THAT(a.log(), contains(word));
        CHECK_FALSE(std::filesystem::exists(arena.lock_file()));
    };
    run({arena.scratch().file("nothing")}, 127, "nothing");
    run({"no-such-program-anywhere"}, 127, "no-such-program-anywhere");
    run({not_executable}, 126, not_executable);
    run({arena.scratch().path()}, 126, arena.scratch().path());
}

TEST_CASE("exit code: --wait 0 and --wait 2s give up beside a living holder, both with 75") {
    const LockKind kind = GENERATE(LockKind::kFile, LockKind::kKubernetes);
    Arena arena(kind);
    Replica& first = arena.start_leader("first", {.options = {"--wait", "0"}}); // free: it wins
    for (const char* wait : {"0", "2s"}) {
        Replica& other = arena.start("other", {.options = {"--wait", wait}});
        INFO(other.log());
        CHECK(other.wait() == 75);
        CHECK(other.logged({"not won", "holds the lease and renews it"}));
    }
    CHECK(arena.record().starts("other") == 0);
    CHECK(first.runs());
}

TEST_CASE("exit code: --version and --help are 0 and need no lock (file)") {
    Process version({.argv = {le_run_binary(), "--version"}});
    CHECK(version.wait() == 0);
    CHECK_THAT(version.out(),
               matches("le-run [0-9.]+\n"
                       "commit ([0-9a-f]{12}(-dirty)?|unknown)\n"
                       "(dynamic|static): glibc [0-9.]+, OpenSSL [0-9.]+\n"
                       "built with Boost [0-9.]+, cpprestsdk [0-9.]+, spdlog [0-9.]+, "
                       "fmt [0-9.]+, CLI11 [0-9.]+, yaml-cpp [0-9.]+, "
                       "nlohmann-json [0-9.]+, gcc [0-9.]+\n"));
    Process help({.argv = {le_run_binary(), "--help"}});
    CHECK(help.wait() == 0);
    for (const char* option :
         {"--lock", "--lease-duration", "--stop-grace", "--on-lost", "--wait", "--log-format"}) {
        CHECK_THAT(help.out(), contains(option));
    }
}

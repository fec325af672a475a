// --hold: one run per tick, though clocks strike one after the other.
#include <csignal>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

constexpr const char* kRun = "echo $LE_RUN_HOLDER_IDENTITY $(date +%s%N) >>\"$0\"; exit 3";

Words run_of(const Arena& arena) { return {"sh", "-c", kRun, arena.scratch().file("runs")}; }

std::vector<std::string> runs(const Arena& arena) {
    return lines_of(read_file(arena.scratch().file("runs")));
}

} // namespace

TEST_CASE(
    "hold: of two crontabs with --wait 0, one runs each tick, whichever clock is ahead (file)") {
    Arena arena(LockKind::kFile);
    const auto strike = [&](const std::string& name) -> Replica& {
        return arena.start(name,
                           {.command = run_of(arena), .options = {"--wait", "0", "--hold", "8s"}});
    };
    for (const Words& order : {Words{"a1", "b1"}, Words{"b2", "a2"}}) {
        const std::size_t before = runs(arena).size();
        Replica& ahead = strike(order[0]);
        REQUIRE(wait_until([&] { return ahead.logged({"keeping", "--hold"}); }));
        Replica& behind = strike(order[1]); // its clock strikes when the batch has ended already
        CHECK(behind.wait() == 75);
        CHECK_FALSE(ahead.logged({"released"}));
        CHECK(ahead.wait() == 3);
        CHECK(ahead.logged({"released"}));
        CHECK(runs(arena).size() == before + 1);
    }
}

TEST_CASE("hold: with --on-exit standby the command runs once in each such time (file)") {
    Arena arena(LockKind::kFile);
    const ReplicaStart start{.command = run_of(arena),
                             .options = {"--on-exit", "standby", "--hold", "2s"}};
    arena.start("a", start);
    arena.start("b", start);
    REQUIRE(wait_until([&] { return runs(arena).size() >= 3; }));
    std::int64_t last = 0;
    for (const std::string& line : runs(arena)) {
        const std::int64_t at = std::stoll(line.substr(line.find(' ')));
        // From won to won it is 2 s, from start to start less where one start was late; without
        // the hold it would be next to nothing.
        CHECK(at - last > 1'000'000'000);
        last = at;
    }
}

TEST_CASE("hold: a stop does not hand the lease to another replica (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start("a", {.command = run_of(arena), .options = {"--hold", "1h"}});
    REQUIRE(wait_until([&] { return a.logged({"keeping"}); }));
    a.signal(SIGTERM);
    CHECK(a.wait() == 3);
    CHECK(a.logged({"not released", "a stop was asked for during --hold",
                    "the lease runs out by itself at ", " (in "}));
    CHECK_THAT(read_file(arena.lock_file()), contains("\"holderIdentity\":\"a\""));
}

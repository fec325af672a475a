// A few thousand schedules under the sanitizers, for memory errors; run.sh simulates the many. The
// trace of a failing seed is printed; the program `sim` replays it.
#include "helpers/catch.h"

#include <cstdio>

#include "sim/world.h"

namespace {

using le_run::sim::Outcome;
using le_run::sim::simulate;
using le_run::sim::Weather;

struct Seeds {
    std::uint64_t first;
    std::uint64_t last;
};

struct Sums {
    int leaderships = 0, lost = 0, killed = 0, crashes = 0, for_dead = 0, late = 0, doubled = 0,
        waits = 0, hung = 0, turns = 0, full = 0, blind = 0;
};

Sums run_schedules(Seeds seeds, Weather weather = Weather::kMixed) {
    Sums sums;
    for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
        const Outcome outcome = simulate(seed, false, weather);
        sums.leaderships += outcome.leaderships;
        sums.lost += outcome.lost;
        sums.killed += outcome.killed_trees;
        sums.crashes += outcome.crashes;
        sums.for_dead += outcome.released_for_dead;
        sums.late += outcome.late_commits;
        sums.doubled += outcome.duplicates;
        sums.waits += outcome.waits_checked;
        sums.hung += outcome.hung_requests;
        sums.turns += outcome.hung_turns;
        sums.full += outcome.full_answers;
        sums.blind += outcome.blind_watches;
        REQUIRE(outcome.simulated >= 10 * outcome.longest_lease);
        if (!outcome.violations.empty()) {
            for (const std::string& line : simulate(seed, true, weather).trace) {
                std::printf("%s\n", line.c_str());
            }
            FAIL("seed " << seed << ": " << outcome.violations.front());
        }
    }
    return sums;
}

// The schedules must do what they are there for.
void check_mixed(Seeds seeds) {
    const Sums sums = run_schedules(seeds);
    const auto schedules = static_cast<int>(seeds.last - seeds.first + 1);
    CHECK(sums.leaderships > 3 * schedules);
    CHECK(sums.lost > schedules);
    CHECK(sums.killed > schedules);
    CHECK(sums.crashes > schedules / 2);
    CHECK(sums.for_dead > schedules / 20);
    CHECK(sums.late > schedules);
    CHECK(sums.doubled > schedules);
    CHECK(sums.waits > schedules / 4);
}

} // namespace

// In parts, so that they run side by side.
TEST_CASE("at most one work runs, seeds 1 to 1000", "[sim]") { check_mixed({1, 1000}); }
TEST_CASE("at most one work runs, seeds 1001 to 2000", "[sim]") { check_mixed({1001, 2000}); }

TEST_CASE("at most one work runs in every other weather, seeds 1 to 200 of each", "[sim]") {
    for (const char* name : {"bound", "hands", "peer", "frozen", "late", "twins", "habits"}) {
        INFO(name);
        const auto weather = le_run::sim::weather_named(name);
        REQUIRE(weather);
        const Sums sums = run_schedules({1, 200}, *weather);
        CHECK(sums.leaderships > 200);
    }
}

TEST_CASE(
    "at most one work runs where the store is ill, and what it leaves is kept, seeds 1 to 200",
    "[sim]") {
    const Sums sums = run_schedules({1, 200}, Weather::kIll);
    CHECK(sums.leaderships > 400);
    CHECK(sums.hung > 50);
    CHECK(sums.turns > 1000);
    CHECK(sums.full > 1000);
    CHECK(sums.blind > 50);
    CHECK(sums.waits > 50);
}

TEST_CASE("a seed replays its schedule exactly", "[sim]") {
    const Outcome first = simulate(4711, true);
    const Outcome second = simulate(4711, true);
    REQUIRE(first.trace.size() > 100);
    CHECK(first.trace == second.trace);
}

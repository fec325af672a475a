// Seeded schedules over the real election and the real child machine. The trace of a failing seed
// is printed; the program `sim` replays it.
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

void run_schedules(Seeds seeds, Weather weather = Weather::kMixed) {
    int leaderships = 0, lost = 0, killed = 0, crashes = 0, faults = 0;
    for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
        const Outcome outcome = simulate(seed, false, weather);
        leaderships += outcome.leaderships;
        lost += outcome.lost;
        killed += outcome.killed_trees;
        crashes += outcome.crashes;
        faults += outcome.faults_injected;
        REQUIRE(outcome.simulated >= 10 * outcome.longest_lease);
        if (!outcome.violations.empty()) {
            for (const std::string& line : simulate(seed, true, weather).trace) {
                std::printf("%s\n", line.c_str());
            }
            FAIL("seed " << seed << ": " << outcome.violations.front());
        }
    }
    const auto schedules = static_cast<int>(seeds.last - seeds.first + 1);
    WARN(schedules << " schedules: " << leaderships << " leaderships, " << lost << " lost, "
                   << killed << " trees killed, " << crashes << " crashes, " << faults
                   << " faults");
    if (weather == Weather::kMixed) { // the schedules must do what they are there for
        CHECK(leaderships > 5 * schedules);
        CHECK(lost > schedules / 2);
        CHECK(killed > schedules / 4);
        CHECK(crashes > schedules / 2);
    }
}

} // namespace

// In parts, so that they run side by side.
TEST_CASE("at most one work runs, seeds 1 to 5000", "[sim]") { run_schedules({1, 5000}); }
TEST_CASE("at most one work runs, seeds 5001 to 10000", "[sim]") { run_schedules({5001, 10000}); }
TEST_CASE("at most one work runs, seeds 10001 to 15000", "[sim]") { run_schedules({10001, 15000}); }
TEST_CASE("at most one work runs, seeds 15001 to 20000", "[sim]") { run_schedules({15001, 20000}); }

TEST_CASE("at most one work runs where lambda, kappa and rho are used up, seeds 1 to 4000",
          "[sim]") {
    run_schedules({1, 4000}, Weather::kAtTheBound);
}

TEST_CASE("a seed replays its schedule exactly", "[sim]") {
    const Outcome first = simulate(4711, true);
    const Outcome second = simulate(4711, true);
    REQUIRE(first.trace.size() > 100);
    CHECK(first.trace == second.trace);
}

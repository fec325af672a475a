// A simulated world around the real election and the real child machine: candidates with clocks of
// their own, one store, a network that delays, loses, duplicates and partitions, processes that
// pause and crash, work that drains slowly.
//
// Everything follows from the seed. Time is virtual; after every event the world checks that at
// most one work runs, and that nobody releases while its own work runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "election/election.h"
#include "guard/child_machine.h"

namespace le_run::sim {

// What a schedule did, so that a test can tell that the faults it speaks of happened.
struct Outcome {
    std::vector<std::string> violations; // empty: all held
    std::vector<std::string> trace;      // only when asked for
    int leaderships = 0;
    int lost = 0;
    int killed_trees = 0;
    int crashes = 0;
    int faults_injected = 0;
    Duration simulated{};
    Duration longest_lease{};
};

// kMixed: everything, in every measure. kAtTheBound: what the timing rule assumes is used up: the
// guard wakes and the tree dies as late as they may, clocks differ as much as they may, work
// ignores every signal, answers come at once or late.
enum class Weather { kMixed, kAtTheBound };

Outcome simulate(std::uint64_t seed, bool with_trace = false, Weather weather = Weather::kMixed);

} // namespace le_run::sim

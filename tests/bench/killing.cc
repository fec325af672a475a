// How long it takes to kill big trees.
#include "helpers/killing.h"

#include "bench/stages.h"

namespace le_run::test {
namespace {

constexpr int kMost = 10'000; // of which kappa speaks
constexpr double kKappa = 1;  // s

std::vector<double> several(const std::string& shape, Killer killer, int times) {
    std::vector<double> all;
    for (int i = 0; i < times; ++i) {
        all.push_back(seconds_to_kill(shape, killer).value());
    }
    return all;
}

} // namespace

void killing(Bench& bench) {
    for (const std::string shape : {"chain", "star", "mix"}) {
        for (const int count : {300, 3'000, kMost}) {
            const std::string name = shape + "-" + std::to_string(count);
            const auto rounds = several(name, Killer::kProcessTree, bench.count_or(3));
            const auto loop = several(name, Killer::kLoop, bench.count_or(3));
            Row row{.figure = "SIGKILL of a " + shape + " of " + std::to_string(count) +
                              " processes until all are reaped: le-run / `kill -9` in a loop over "
                              "a list of them, medians",
                    .result = duration_text(median(rounds)) + " / " + duration_text(median(loop)),
                    .n = std::to_string(rounds.size())};
            if (count == kMost) {
                row.goal = "≤ " + duration_text(kKappa) + " (kappa)";
                row.holds = median(rounds) <= kKappa;
            }
            bench.add(row);
        }
    }
}

} // namespace le_run::test

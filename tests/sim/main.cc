// The simulation as a program: any number of seeds, a readable trace of one, and the rate.
//
//   sim --seeds A..B [--at-the-bound] [--trace]
#include <chrono>
#include <cstdio>
#include <cstring>

#include "sim/world.h"

using namespace le_run::sim;

int main(int argc, char** argv) {
    unsigned long first = 1, last = 0;
    bool with_trace = false;
    Weather weather = Weather::kMixed;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--seeds") == 0 && i + 1 < argc) {
            std::sscanf(argv[++i], "%lu..%lu", &first, &last);
        } else if (std::strcmp(argv[i], "--at-the-bound") == 0) {
            weather = Weather::kAtTheBound;
        } else if (std::strcmp(argv[i], "--trace") == 0) {
            with_trace = true;
        }
    }
    if (last < first) {
        std::fprintf(stderr, "usage: sim --seeds A..B [--at-the-bound] [--trace]\n");
        return 2;
    }
    const auto began = std::chrono::steady_clock::now();
    long leaderships = 0, lost = 0;
    for (unsigned long seed = first; seed <= last; ++seed) {
        const Outcome outcome = simulate(seed, with_trace, weather);
        for (const std::string& line : outcome.trace) {
            std::printf("%s\n", line.c_str());
        }
        leaderships += outcome.leaderships;
        lost += outcome.lost;
        if (!outcome.violations.empty()) {
            std::printf("seed %lu: %s\n", seed, outcome.violations.front().c_str());
            return 1;
        }
    }
    const double took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    std::printf("%lu schedules, %ld leaderships, %ld lost, no violation; %.0f schedules a second\n",
                last - first + 1, leaderships, lost, static_cast<double>(last - first + 1) / took);
    return 0;
}

// The benchmark's stages: each measures one thing and adds its rows.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/figures.h"
#include "bench/floor.h"
#include "bench/succession.h"

namespace le_run::test {

struct Bench {
    std::optional<int> count{}; // instead of each stage's own
    std::chrono::seconds window;
    Floor& floor;

    std::vector<double> floors{}; // all samples so far
    std::vector<Row> rows{};
    std::vector<Succession> handovers{}, crashes{}; // for the picture

    int count_or(int usual) const { return count.value_or(usual); }
    void sample_floor() { floors.push_back(floor.sample()); }
    // In seconds; takes samples of its own when no stage has.
    double floor_median();
    void add(Row row); // and tells of it on standard error
};

// Rest before incident number i: it falls anywhere in the retry period, and after the standby's
// watch has begun.
void settle(int i);

void clean_release(Bench& bench);
void file_release(Bench& bench);
void idle_release(Bench& bench);
void polling_release(Bench& bench);
void crash(Bench& bench);
void machine_gone(Bench& bench);
void start(Bench& bench);
void client_go(Bench& bench);
void memory(Bench& bench);
void rates(Bench& bench);
void crowd(Bench& bench);
void killing(Bench& bench);

} // namespace le_run::test

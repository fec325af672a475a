// From one worker to the next, on the API server and on a file.
#include <csignal>

#include "bench/stages.h"

namespace le_run::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string median_and_p99(const std::vector<double>& values) {
    return duration_text(median(values)) + " / " + duration_text(percentile(values, 99));
}

Row row_of(const std::string& figure, const std::vector<double>& values) {
    return {.figure = figure, .result = median_and_p99(values), .n = std::to_string(values.size())};
}

// With the goal of median and p99, in seconds.
Row judged(Row row, const std::vector<double>& values, double at_median, double at_p99,
           const std::string& words) {
    row.goal = "≤ " + duration_text(at_median) + " / " + duration_text(at_p99) + words;
    row.holds = median(values) <= at_median && percentile(values, 99) <= at_p99;
    return row;
}

constexpr int kFloorsAtLeast = 30;
const char* const kByFloor = " (2 and 5 floors)";

} // namespace

void settle(int i) { std::this_thread::sleep_for(milliseconds(300 + 137 * i % 2000)); }

double Bench::floor_median() {
    for (int i = static_cast<int>(floors.size()); i < kFloorsAtLeast; ++i) {
        settle(i);
        sample_floor();
    }
    return median(floors);
}

void clean_release(Bench& bench) {
    Arena arena(LockKind::kKubernetes);
    bench.handovers = take_turns(arena, bench.count_or(100), Incident::kStop, [&](int i) {
        settle(i);
        bench.sample_floor(); // the same machine in the same minute
    });
    bench.add(row_of("floor: a bare client's release PUT, watch event and acquire PUT on open "
                     "connections, median / p99",
                     bench.floors));
    const auto all = gaps(bench.handovers);
    const double floor = bench.floor_median();
    Row row = row_of("old worker's end → new worker's first instruction, clean release, "
                     "median / p99",
                     all);
    row.parts = parts_of(bench.handovers);
    bench.add(judged(row, all, 2 * floor, 5 * floor, kByFloor));
}

void idle_release(Bench& bench) {
    const milliseconds between(500);
    std::list<Floor> open, afresh; // they rest as long as the pairs
    std::vector<double> on_open, on_new;
    const auto sample = [&](std::list<Floor>* clients, Floor::Acquiring acquiring) {
        const double took = clients->front().sample(acquiring);
        clients->pop_front();
        std::this_thread::sleep_for(between);
        return took;
    };
    const auto successions =
        side_by_side({.count = bench.count_or(30),
                      .incident = Incident::kStop,
                      .idle = seconds(100),
                      .between = between,
                      .prepare =
                          [&](const Arena& arena) {
                              open.emplace_back(arena.cluster().access());
                              afresh.emplace_back(arena.cluster().access());
                          },
                      .before =
                          [&] {
                              on_open.push_back(sample(&open, Floor::Acquiring::kOnOpenConnection));
                              on_new.push_back(sample(&afresh, Floor::Acquiring::kAfresh));
                          }});
    bench.add(row_of("floor of bare clients that have had nothing to ask for 100 s", on_open));
    bench.add(row_of("the same, with a new connection for the acquire PUT", on_new));
    const auto all = gaps(successions);
    const double floor = median(on_open);
    Row row = row_of("clean release, of a standby that has had nothing to ask for 100 s", all);
    row.parts = parts_of(successions);
    bench.add(judged(row, all, 2 * floor, 5 * floor, kByFloor));
}

void polling_release(Bench& bench) {
    const auto all = gaps(
        side_by_side({.count = bench.count_or(30),
                      .incident = Incident::kStop,
                      .idle = seconds(3),
                      .between = milliseconds(530),
                      .prepare = [](const Arena& arena) { arena.cluster().forbid_watching(); }}));
    bench.add(row_of("the same, le-run without the verb `watch`: it polls", all));
}

void file_release(Bench& bench) {
    Arena arena(LockKind::kFile);
    const auto all = gaps(take_turns(arena, bench.count_or(100), Incident::kStop, settle));
    bench.add(
        judged(row_of("the same as the first, on the file store", all), all, 5e-3, 20e-3, ""));
}

void crash(Bench& bench) {
    Arena arena(LockKind::kKubernetes);
    bench.crashes = take_turns(arena, bench.count_or(30), Incident::kCrash, settle);
    std::vector<double> trees;
    for (const Succession& one : bench.crashes) {
        trees.push_back(one.tree);
    }
    const auto all = gaps(bench.crashes);
    const double goal = 60e-3 + 2 * bench.floor_median();
    Row row = row_of("le-run SIGKILLed (not PID 1): end of its tree → new worker's first "
                     "instruction, median / p99",
                     all);
    row.goal = "≤ " + duration_text(goal) + " (60 ms + 2 floors)";
    row.holds = percentile(all, 99) <= goal;
    row.parts = "the tree ends " + duration_text(median(trees)) + " after the SIGKILL; then ";
    row.parts += bench.crashes.front().release.received_ns != 0
                     ? parts_of(bench.crashes)
                     : "the lease runs out: nobody released it";
    bench.add(row);
}

void machine_gone(Bench& bench) {
    const auto successions = side_by_side({.count = bench.count_or(30),
                                           .incident = Incident::kGone,
                                           .idle = seconds(3),
                                           .between = milliseconds(530)});
    std::vector<double> since_renewal;
    for (const Succession& one : successions) {
        since_renewal.push_back(static_cast<double>(one.new_began - one.last_renewal.received_ns) /
                                1e9);
    }
    const auto all = since_incident(successions);
    Row row = row_of("machine gone: le-run, guard and worker SIGKILLed at once → new worker, "
                     "median / p99",
                     all);
    row.goal = "≤ 15.05 s (lease duration + 50 ms)";
    row.holds = percentile(all, 100) <= 15.05;
    row.parts = "from the last renewal's arrival at the API server " +
                median_and_p99(since_renewal) + " (median / p99)";
    bench.add(row);
}

void start(Bench& bench) {
    Arena arena(LockKind::kKubernetes);
    std::vector<double> all;
    for (int i = 0; i <= bench.count_or(30); ++i) {
        timespec began{};
        ::clock_gettime(CLOCK_BOOTTIME, &began);
        const std::string name = "r" + std::to_string(i);
        Replica& replica = arena.start_leader(name, bench_start());
        const double at =
            static_cast<double>(began.tv_sec) + static_cast<double>(began.tv_nsec) / 1e9;
        const double first = static_cast<double>(arena.record().newest(name).first.boot_ns) / 1e9;
        if (i > 0) { // the first one makes the Lease; files are not in memory yet
            all.push_back(first - at);
        }
        replica.signal(SIGTERM);
        replica.wait();
        settle(0);
    }
    Row row = row_of("le-run's start → worker's first instruction, lease free, median / p99", all);
    row.goal = "≤ 60 ms";
    row.holds = percentile(all, 99) <= 60e-3;
    bench.add(row);
}

} // namespace le_run::test

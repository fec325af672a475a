// What leading and standing by cost, counted and measured while nothing happens: requests from the
// API server's audit log, CPU time from the kernel.
#include <cstdio>

#include "bench/costs.h"
#include "bench/stages.h"

namespace le_run::test {
namespace {

constexpr const char* kLeaders = "replica"; // users, to tell their requests apart
constexpr const char* kStandbys = "admin";

struct Pair {
    Arena arena{LockKind::kKubernetes};
    Replica* leader = nullptr;
    Replica* standby = nullptr;

    void start() {
        leader = &arena.start_leader("leader", bench_start());
        ReplicaStart start = bench_start();
        start.lock = {"--lock", arena.lock(), "--kubeconfig",
                      arena.cluster().kubeconfig({.credentials = Credentials::kAdmin})};
        standby = &arena.start_standby("standby", start);
    }
};

// CPU seconds of one role in all pairs.
struct Cpu {
    double le_run = 0, guard = 0;

    void add(Replica& replica) {
        le_run += cpu_seconds(replica.pid());
        guard += cpu_seconds(replica.guard());
    }
};

// The sums over all pairs.
struct Totals {
    Cpu leader, standby;
    int leader_others = 0, standby_all = 0; // requests; others than PUT
};

Totals totals(std::list<Pair>& pairs) {
    Totals all;
    for (Pair& pair : pairs) { // at once, before the audit log is read
        all.leader.add(*pair.leader);
        all.standby.add(*pair.standby);
    }
    for (Pair& pair : pairs) {
        const Cluster& cluster = pair.arena.cluster();
        all.leader_others +=
            cluster.requests_of(kLeaders) - cluster.requests_of(kLeaders, "update");
        all.standby_all += cluster.requests_of(kStandbys);
    }
    return all;
}

// From the first renewal to the last one, so that no part of a period counts for a whole one.
double puts_an_hour(std::list<Pair>& pairs) {
    double renewals = 0, nanoseconds = 0;
    for (Pair& pair : pairs) {
        const auto history = pair.arena.cluster().history();
        if (history.size() < 3) {
            continue;
        }
        renewals += static_cast<double>(history.size() - 2); // the first one created the Lease
        nanoseconds += static_cast<double>(history.back().received_ns - history[1].received_ns);
    }
    return renewals / nanoseconds * 1e9 * 3600;
}

std::string text(const char* format, double value) {
    char line[64];
    std::snprintf(line, sizeof line, format, value);
    return line;
}

} // namespace

void rates(Bench& bench) {
    std::list<Pair> pairs;
    for (int i = 0; i < bench.count_or(10); ++i) {
        pairs.emplace_back().start();
    }
    std::this_thread::sleep_for(std::chrono::seconds(5)); // the watches have begun
    const Totals before = totals(pairs);
    std::this_thread::sleep_for(bench.window);
    const Totals after = totals(pairs);

    const auto count = static_cast<double>(pairs.size());
    const double an_hour = 3600 / static_cast<double>(bench.window.count()) / count;
    const std::string n =
        text("%.0f", count) + " over " + std::to_string(bench.window.count()) + " s";
    const double puts = puts_an_hour(pairs);
    const double others = (after.leader_others - before.leader_others) * an_hour;
    const double standby = (after.standby_all - before.standby_all) * an_hour;
    bench.add({.figure = "requests an hour, leading",
               .result = text("%.0f PUT", puts) + text(" + %.0f", others),
               .goal = "≤ 1,800 PUT + 20",
               .holds = puts <= 1800 && others <= 20,
               .n = n,
               .parts = text("%.1f others once, at the start", before.leader_others / count)});
    bench.add({.figure = "requests an hour, on standby",
               .result = text("%.0f", standby),
               .goal = "≤ 20",
               .holds = standby <= 20,
               .n = n});
    const auto add_cpu = [&](const std::string& role, const Cpu& from, const Cpu& to, double goal) {
        const double le_run = (to.le_run - from.le_run) * an_hour;
        const double guard = (to.guard - from.guard) * an_hour;
        bench.add({.figure = "CPU of le-run and guard an hour, " + role,
                   .result = text("%.2f s", le_run + guard),
                   .goal = "≤ " + text("%g s", goal),
                   .holds = le_run + guard <= goal,
                   .n = n,
                   .parts = text("le-run %.2f s", le_run) + text(", guard %.2f s", guard)});
    };
    add_cpu("leading", before.leader, after.leader, 2);
    add_cpu("on standby", before.standby, after.standby, 0.3);
}

} // namespace le_run::test

// A hundred candidates on one lease, whose leader is stopped again and again.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include <unistd.h>

#include "bench/costs.h"
#include "bench/stages.h"

namespace le_run::test {
namespace {

constexpr int kCandidates = 100;
constexpr auto kQuiet = std::chrono::seconds(3);        // all have come to rest, before and after
constexpr auto kSpent = std::chrono::milliseconds(500); // what a handover costs has been spent

std::string number(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", value);
    return text;
}

// CPU seconds so far: what a handover costs, because all of it has to be paid at once.
struct Cpu {
    double candidates = 0, server = 0;
};

Cpu cpu_now(const std::map<std::string, Replica*>& candidates) {
    Cpu result;
    for (const auto& [name, replica] : candidates) {
        const double used = cpu_seconds(replica->pid()) + cpu_seconds(replica->guard());
        result.candidates += std::isnan(used) ? 0 : used; // the stopped ones
    }
    for (const pid_t pid : children_of(::getppid())) { // of with-apiserver
        result.server += pid == ::getpid() ? 0 : cpu_seconds(pid);
    }
    return result;
}

} // namespace

void crowd(Bench& bench) {
    const double floor = bench.floor_median();
    Arena arena(LockKind::kKubernetes);
    std::map<std::string, Replica*> candidates;
    const auto add = [&] {
        const std::string name = "r" + std::to_string(candidates.size());
        candidates[name] = candidates.empty() ? &arena.start_leader(name, bench_start())
                                              : &arena.start_standby(name, bench_start());
    };
    while (candidates.size() < kCandidates) {
        add();
    }
    std::vector<Succession> successions;
    std::vector<std::string> leaders{"r0"};
    double most_requests = 0;
    std::vector<double> of_candidates, of_server;
    const int stops = bench.count_or(20);
    for (int i = 0; i < stops; ++i) {
        std::this_thread::sleep_for(kQuiet);
        const int before = arena.cluster().requests_of("replica");
        Replica& leader = *candidates.at(leaders.back());
        const Cpu cpu_before = cpu_now(candidates);
        const Blow blow = strike(leader, Incident::kStop);
        const auto next = static_cast<std::size_t>(i) + 1;
        const auto has_begun = [&] {
            const WorkRecord record = arena.record();
            return record.lives().size() > next;
        };
        if (!wait_until(has_begun)) {
            throw std::runtime_error("nobody took over from " + leader.name());
        }
        const WorkRecord record = arena.record();
        leaders.push_back(record.lives().back().replica);
        successions.push_back(succession_after(blow, arena, leaders.back()));
        leader.wait();
        std::this_thread::sleep_for(kSpent);
        const Cpu cpu_after = cpu_now(candidates);
        of_candidates.push_back(cpu_after.candidates - cpu_before.candidates);
        of_server.push_back(cpu_after.server - cpu_before.server);
        std::this_thread::sleep_for(kQuiet);
        const int requests = arena.cluster().requests_of("replica") - before;
        most_requests = std::max(most_requests, static_cast<double>(requests) / kCandidates);
        add(); // a hundred again
    }
    const auto history = arena.cluster().history();
    for (std::size_t i = 0; i < successions.size(); ++i) {
        add_writes(history, leaders[i], leaders[i + 1], &successions[i]);
    }
    const auto all = gaps(successions);
    const std::string n = std::to_string(stops);
    bench.add({.figure = "100 candidates on one lease, leader stopped: old worker's end → new "
                         "worker's first instruction, median / longest",
               .result = duration_text(median(all)) + " / " + duration_text(percentile(all, 100)),
               .goal = "each ≤ " + duration_text(10 * floor) + " (10 floors)",
               .holds = percentile(all, 100) <= 10 * floor,
               .n = n,
               .parts = parts_of(successions) +
                        "; in the half second after it the candidates use " +
                        duration_text(median(of_candidates)) + " of CPU, kube-apiserver and etcd " +
                        duration_text(median(of_server))});
    bench.add({.figure = "the same: requests per candidate and handover, at most",
               .result = number(most_requests),
               .goal = "≤ 2",
               .holds = most_requests <= 2,
               .n = n});
}

} // namespace le_run::test

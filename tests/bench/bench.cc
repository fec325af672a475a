// What le-run costs and how fast it hands over, measured on this machine: a table for README.
// Nothing is asserted.
//
// Needs the assets of tests/tools/kube_assets.sh; run it by tests/bench/run.sh, on an otherwise
// idle machine.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <thread>

#include <unistd.h>

#include "helpers/arena.h"
#include "helpers/wait_until.h"

using namespace le_run::test;
using namespace std::chrono_literals;

namespace {

constexpr int kHandovers = 20;
constexpr int kCrashes = 5;
constexpr auto kWatched = 60s; // for rates

const Words kDefaults{}; // 15 s, 10 s, 2 s

struct Spread {
    double median = 0, least = 0, most = 0;
};

Spread spread_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return {values[values.size() / 2], values.front(), values.back()};
}

void row(const std::string& what, const std::string& value, const std::string& n) {
    std::printf("| %s | %s | %s |\n", what.c_str(), value.c_str(), n.c_str());
    std::fflush(stdout);
}

std::string text(const Spread& s, const char* unit) {
    char line[128];
    std::snprintf(line, sizeof line, "%.3g %s (%.3g to %.3g)", s.median, unit, s.least, s.most);
    return line;
}

// From the end of the old worker to the first line of the new one, in seconds.
double gap(const WorkRecord& record, const std::string& from, const std::string& to) {
    const auto ns = record.newest(to).first.boot_ns - record.newest(from).last.boot_ns;
    return static_cast<double>(ns) / 1e9;
}

Spread handover_after(LockKind kind, int signal, int count) {
    std::vector<double> gaps;
    for (int i = 0; i < count; ++i) {
        Arena arena(kind);
        Replica& a = arena.start_leader(
            "a", {.worker = {}, .command = {}, .options = {}, .timing = kDefaults});
        arena.start_standby("b", {.worker = {}, .command = {}, .options = {}, .timing = kDefaults});
        std::this_thread::sleep_for(
            std::chrono::milliseconds(137 * i % 2000)); // anywhere in the retry period
        a.signal(signal);
        wait_until([&] { return arena.has_started("b"); });
        gaps.push_back(gap(arena.record(), "a", "b"));
    }
    return spread_of(gaps);
}

double kilobytes(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("Pss:", 0) == 0) {
            return std::stod(line.substr(4));
        }
    }
    return NAN;
}

int threads(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("Threads:", 0) == 0) {
            return std::stoi(line.substr(8));
        }
    }
    return 0;
}

double cpu_seconds(pid_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string all((std::istreambuf_iterator<char>(stat)), {});
    std::istringstream fields(all.substr(all.rfind(')') + 2));
    std::string skip;
    for (int i = 0; i < 11; ++i) {
        fields >> skip;
    }
    double user = 0, system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

void rates() {
    Arena arena(LockKind::kKubernetes);
    const ReplicaStart usual{
        .worker = {}, .command = {"sleep", "infinity"}, .options = {}, .timing = kDefaults};
    Replica& leader = arena.start("a", usual);
    wait_until([&] { return leader.logged({"started the child"}); });
    const int before_standby = arena.cluster().requests_of("replica");
    std::this_thread::sleep_for(kWatched);
    const int of_leader = arena.cluster().requests_of("replica") - before_standby;

    Replica& standby = arena.start_standby("b", usual);
    const int before = arena.cluster().requests_of("replica");
    const double leader_cpu = cpu_seconds(leader.pid()) + cpu_seconds(leader.guard());
    const double standby_cpu = cpu_seconds(standby.pid()) + cpu_seconds(standby.guard());
    std::this_thread::sleep_for(kWatched);
    const double per_hour = 3600.0 / std::chrono::duration<double>(kWatched).count();
    const int of_both = arena.cluster().requests_of("replica") - before;
    const std::string n = "1, over " + std::to_string(kWatched.count()) + " s";
    char value[64];
    std::snprintf(value, sizeof value, "%.0f", of_leader * per_hour);
    row("requests an hour, leading", value, n);
    std::snprintf(value, sizeof value, "%.0f", (of_both - of_leader) * per_hour);
    row("requests an hour, on standby", value, n);
    std::snprintf(value, sizeof value, "%.1f s",
                  (cpu_seconds(leader.pid()) + cpu_seconds(leader.guard()) - leader_cpu) *
                      per_hour);
    row("CPU an hour, le-run and guard, leading", value, n);
    std::snprintf(value, sizeof value, "%.1f s",
                  (cpu_seconds(standby.pid()) + cpu_seconds(standby.guard()) - standby_cpu) *
                      per_hour);
    row("CPU an hour, le-run and guard, on standby", value, n);
    std::snprintf(value, sizeof value, "%.1f MB",
                  (kilobytes(leader.pid()) + kilobytes(leader.guard())) / 1024);
    row("memory (PSS), le-run and guard, leading over HTTPS", value, "1");
    std::snprintf(value, sizeof value, "%d and %d", threads(leader.pid()), threads(leader.guard()));
    row("threads, le-run and guard", value, "1");
}

} // namespace

int main() {
    std::printf("| figure | median (least to most) | n |\n|---|---|---|\n");
    row("old worker's end to new worker's start after a release, API server",
        text(handover_after(LockKind::kKubernetes, SIGTERM, kHandovers), "s"),
        std::to_string(kHandovers));
    row("the same, file", text(handover_after(LockKind::kFile, SIGTERM, kHandovers), "s"),
        std::to_string(kHandovers));
    row("old worker's end to new worker's start after a SIGKILL of le-run, API server",
        text(handover_after(LockKind::kKubernetes, SIGKILL, kCrashes), "s"),
        std::to_string(kCrashes));
    rates();
    return 0;
}

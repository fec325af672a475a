#include <cstdio>
#include <thread>

#include "bench/costs.h"
#include "bench/stages.h"

namespace le_run::test {
namespace {

// A folder with copies of all libraries of le-run. This benchmark and with-apiserver use the same
// ones, and what many processes share counts in each for a part only: with its own copies le-run is
// measured as if it were alone.
void copy_libraries(const ScratchFolder& folder) {
    Process ldd({.argv = {"ldd", LE_RUN_BINARY}});
    ldd.wait();
    for (const std::string& line : lines_of(ldd.out())) {
        const auto arrow = line.find("=> /");
        if (arrow != std::string::npos) {
            const std::string path = line.substr(arrow + 3, line.find(" (") - arrow - 3);
            const std::string name = std::filesystem::path(path).filename();
            std::filesystem::copy_file(path, folder.file(name));
        }
    }
}

std::string text(double megabytes) {
    char line[32];
    std::snprintf(line, sizeof line, "%.1f MB", megabytes);
    return line;
}

} // namespace

void memory(Bench& bench) {
    {
        const ScratchFolder libraries;
        copy_libraries(libraries);
        Arena arena(LockKind::kKubernetes);
        ReplicaStart start = bench_start();
        start.environment = {{"LD_LIBRARY_PATH", libraries.path()}};
        Replica& leader = arena.start_leader("a", start);
        std::this_thread::sleep_for(kWarmUp);
        const double of_le_run = pss_megabytes(leader.pid());
        const double of_guard = pss_megabytes(leader.guard());
        bench.add({.figure = "memory (PSS) of le-run and guard together, leading over HTTPS, alone "
                             "with its libraries",
                   .result = text(of_le_run + of_guard),
                   .goal = "≤ 12 MB",
                   .holds = of_le_run + of_guard <= 12,
                   .n = "1",
                   .parts = "le-run " + text(of_le_run) + ", guard " + text(of_guard)});
    }
    bench.add({.figure = "memory (PSS) of client-go's example, leading",
               .result = text(client_go_memory()),
               .n = "1"});
}

} // namespace le_run::test

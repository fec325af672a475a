// What le-run costs and how fast it hands over, measured on this machine: README.md's table and
// picture. Nothing is asserted.
//
// Needs the assets of tests/tools/kube_assets.sh; run it by tests/bench/run.sh, on an otherwise
// idle machine.
#include <cstdio>
#include <fstream>

#include <CLI/CLI.hpp>

#include "bench/stages.h"
#include "bench/timeline.h"

namespace le_run::test {
namespace {

struct Stage {
    const char* name;
    void (*measure)(Bench&);
};

// In the order of the table.
constexpr Stage kStages[] = {
    {"release", clean_release},
    {"idle", idle_release},
    {"poll", polling_release},
    {"client-go", client_go},
    {"file", file_release},
    {"crash", crash},
    {"machine-gone", machine_gone},
    {"start", start},
    {"rates", rates},
    {"memory", memory},
    {"crowd", crowd},
    {"kill", killing},
};

void draw(const Bench& bench, const std::string& path) {
    std::vector<Panel> panels;
    if (!bench.handovers.empty()) {
        panels.push_back(
            {"A handover: le-run is asked to stop", "SIGTERM to le-run", typical(bench.handovers)});
    }
    if (!bench.crashes.empty()) {
        panels.push_back({"A crash: le-run is killed, its guard is not", "SIGKILL to le-run",
                          typical(bench.crashes)});
    }
    std::ofstream(path) << timeline_svg(panels);
}

} // namespace

void Bench::add(Row row) {
    std::fprintf(stderr, "bench: %s: %s\n", row.figure.c_str(), row.result.c_str());
    rows.push_back(std::move(row));
}

} // namespace le_run::test

int main(int argc, char** argv) {
    using namespace le_run::test;
    std::vector<std::string> only;
    std::string picture;
    std::optional<int> count;
    int window = 240;
    CLI::App app("Measures le-run; prints a Markdown table.");
    std::vector<std::string> names;
    for (const Stage& stage : kStages) {
        names.emplace_back(stage.name);
    }
    app.add_option("--only", only, "these stages alone")->check(CLI::IsMember(names));
    app.add_option("--count", count, "repetitions in every stage, instead of its own number");
    app.add_option("--window", window, "seconds over which rates are measured");
    app.add_option("--svg", picture, "where to draw a handover and a crash");
    CLI11_PARSE(app, argc, argv);
    try {
        Floor floor(shared_api_server());
        Bench bench{.count = count, .window = std::chrono::seconds(window), .floor = floor};
        for (const Stage& stage : kStages) {
            if (only.empty() || std::find(only.begin(), only.end(), stage.name) != only.end()) {
                const auto began = std::chrono::steady_clock::now();
                stage.measure(bench);
                const auto took = std::chrono::steady_clock::now() - began;
                std::fprintf(stderr, "bench: %s took %lld s\n", stage.name,
                             static_cast<long long>(took / std::chrono::seconds(1)));
            }
        }
        std::fputs(table_text(bench.rows).c_str(), stdout);
        if (!picture.empty()) {
            draw(bench, picture);
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench: %s\n", error.what());
        return 1;
    }
}

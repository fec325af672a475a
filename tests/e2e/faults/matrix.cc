#include "faults/matrix.h"

#include <algorithm>
#include <cstdio>
#include <map>

namespace le_run::test::faults {
namespace {

struct Count {
    int run = 0;
    int passed = 0;
    int exceptions = 0;
    double longest = 0;

    void add(const Finished& one) {
        ++run;
        passed += one.verdict == Verdict::kPassed;
        exceptions += one.verdict == Verdict::kException;
        longest = std::max(longest, one.seconds);
    }
    // "passed/run", those that met a documented exception apart.
    std::string text() const {
        if (run == 0) {
            return "-";
        }
        const std::string cell = std::to_string(passed) + "/" + std::to_string(run - exceptions);
        return exceptions == 0 ? cell : cell + " +" + std::to_string(exceptions) + "e";
    }
};

struct Table {
    std::map<std::string, std::map<std::string, Count>> rows;
    std::map<std::string, Count> all; // of a row
    std::vector<std::string> columns;
};

void print_table(const std::string& name, const Table& table) {
    std::printf("\n%-44s", name.c_str());
    for (const std::string& column : table.columns) {
        std::printf("%14s", column.c_str());
    }
    std::printf("%12s\n", "slowest");
    for (const auto& [row, cells] : table.rows) {
        std::printf("  %-42s", row.c_str());
        for (const std::string& column : table.columns) {
            const auto cell = cells.find(column);
            std::printf("%14s", cell == cells.end() ? "-" : cell->second.text().c_str());
        }
        std::printf("%10.1f s\n", table.all.at(row).longest);
    }
}

void print_figures(const std::vector<Finished>& results) {
    std::printf("figures:\n");
    for (const Finished& one : results) {
        if (one.verdict == Verdict::kPassed && one.of->has_figures) {
            std::printf("  %s: %s", one.of->name.c_str(), one.text.c_str());
        }
    }
}

} // namespace

void print_matrix(const std::vector<Finished>& results, double seconds) {
    std::map<std::string, Table> tables;
    Count all;
    const Finished* slowest = nullptr;
    for (const Finished& one : results) {
        Table& table = tables[one.of->table];
        table.rows[one.of->row][one.of->column].add(one);
        table.all[one.of->row].add(one);
        if (std::find(table.columns.begin(), table.columns.end(), one.of->column) ==
            table.columns.end()) {
            table.columns.push_back(one.of->column);
        }
        all.add(one);
        slowest = slowest == nullptr || one.seconds > slowest->seconds ? &one : slowest;
    }
    for (auto& [name, table] : tables) {
        std::sort(table.columns.begin(), table.columns.end());
        print_table(name, table);
    }
    std::printf("\npassed/run; +Ne: N met a documented exception, where two works may overlap:\n");
    for (const Finished& one : results) {
        if (one.verdict == Verdict::kException) {
            std::printf("  %s: %s", one.of->name.c_str(), one.text.c_str());
        }
    }
    print_figures(results);
    if (slowest != nullptr) {
        std::printf("slowest case: %s, %.1f s\n", slowest->of->name.c_str(), slowest->seconds);
    }
    std::printf("%d cases in %.0f s: %d passed, %d documented exceptions, %d failed\n", all.run,
                seconds, all.passed, all.exceptions, all.run - all.passed - all.exceptions);
    for (const Finished& one : results) {
        if (one.verdict == Verdict::kFailed) {
            std::printf("FAILED %s\n", one.of->name.c_str());
        }
    }
}

} // namespace le_run::test::faults

#include "bench/figures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace le_run::test {

double median(std::vector<double> values) {
    if (values.empty()) {
        return NAN;
    }
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double percentile(std::vector<double> values, double percent) {
    if (values.empty()) {
        return NAN;
    }
    std::sort(values.begin(), values.end());
    const auto rank = std::ceil(static_cast<double>(values.size()) * percent / 100);
    return values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
}

std::string duration_text(double seconds) {
    char text[64];
    if (std::abs(seconds) < 1) {
        std::snprintf(text, sizeof text, "%.3g ms", seconds * 1e3);
    } else {
        std::snprintf(text, sizeof text, "%.*f s", std::abs(seconds) < 10 ? 2 : 3 - 1, seconds);
    }
    return text;
}

std::string table_text(const std::vector<Row>& rows) {
    std::string table = "| figure | result | goal | holds | n |\n|---|---|---|---|---|\n";
    std::string parts, missed;
    for (const Row& row : rows) {
        const std::string holds = !row.holds ? "" : *row.holds ? "yes" : "**no**";
        table += "| " + row.figure + " | " + row.result + " | " + row.goal + " | " + holds + " | " +
                 row.n + " |\n";
        const std::string line = "- " + row.figure + ": " + row.result +
                                 (row.goal.empty() ? "" : " (goal: " + row.goal + ")") +
                                 (row.parts.empty() ? "" : "; " + row.parts) + "\n";
        if (row.holds && !*row.holds) {
            missed += line;
        } else if (!row.parts.empty()) {
            parts += "- " + row.figure + ": " + row.parts + "\n";
        }
    }
    if (!parts.empty()) {
        table += "\nWhat they are made of (medians):\n\n" + parts;
    }
    return table + (missed.empty() ? "\nNo goal was missed.\n" : "\nMissed:\n\n" + missed);
}

} // namespace le_run::test

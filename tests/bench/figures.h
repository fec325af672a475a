// What is measured, as README.md beside this shows it: one row for each figure, with its goal.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace le_run::test {

double median(std::vector<double> values);
// The least value that at least `percent` of a hundred do not exceed.
double percentile(std::vector<double> values, double percent);

// Three significant digits and a unit that suits: "7.31 ms", "1.46 s".
std::string duration_text(double seconds);

struct Row {
    std::string figure;
    std::string result;
    std::string goal{}; // empty: only for comparison
    std::optional<bool> holds{};
    std::string n;
    std::string parts{}; // what the result is made of, or where it comes from; told below the table
};

// The rows as one Markdown table, what they are made of, and the goals that were missed.
std::string table_text(const std::vector<Row>& rows);

} // namespace le_run::test

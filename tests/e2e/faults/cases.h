// The cases: every combination, a set that covers every pair of values, and random ones.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "faults/judge.h"

namespace le_run::test::faults {

// Which API server a case needs.
enum class Server { kNone, kShared, kOwn };

struct Case {
    std::string name;
    std::string table, row, column; // where the matrix counts it
    int weight = 1;                 // it loads the machine as so many ordinary ones do
    Server server = Server::kNone;
    bool has_figures = false; // that are printed when it has passed
    std::function<void(Judge&)> run{};
};

std::vector<Case> every_case();
// Process faults in which every two values of two dimensions meet, some of big trees, and all
// others.
std::vector<Case> default_cases();
std::vector<Case> random_cases(int count, std::uint64_t seed);
// Those whose name is `name` or begins with it; a random one by its full name.
std::vector<Case> cases_called(const std::string& name);

} // namespace le_run::test::faults

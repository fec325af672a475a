// How long it takes to kill a big tree, for the tests and the benchmark.
#pragma once

#include <optional>
#include <string>

namespace le_run::test {

enum class Killer {
    kProcessTree, // le-run's own sweep
    kLoop         // kill -9 for each process of a listing, which is not counted
};

// Seconds from the decision until the last process is reaped. The tree is
// one of test-forest's, below a process of its own that ends it. Nothing: it could not be made.
std::optional<double> seconds_to_kill(const std::string& shape, Killer killer);

} // namespace le_run::test

// Runs cases side by side, each in a process of its own: the subreaper of all that it starts.
#pragma once

#include <string>
#include <vector>

#include "faults/cases.h"

namespace le_run::test::faults {

enum class Verdict { kPassed, kException, kFailed };

struct Finished {
    const Case* of = nullptr;
    Verdict verdict = Verdict::kFailed;
    double seconds = 0;
    std::string text; // what was violated, what happened, the logs
};

// Cases whose weights sum up to `parallel` run at a time; failures are printed at once. Stopped by
// SIGINT or SIGTERM it ends everything and returns what has finished.
std::vector<Finished> run_cases(const std::vector<Case>& cases, int parallel);

} // namespace le_run::test::faults

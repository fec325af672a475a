// Prints what was found: one table for each kind of fault, counts and times.
#pragma once

#include <vector>

#include "faults/runner.h"

namespace le_run::test::faults {

void print_matrix(const std::vector<Finished>& results, double seconds);

} // namespace le_run::test::faults

// Combinations of values of several dimensions, as indices.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace le_run::test::faults {

using Indices = std::vector<std::size_t>; // one for each dimension

std::vector<Indices> all_combinations(const std::vector<std::size_t>& sizes);

// A small set of possible combinations in which each pair of values of two dimensions that can meet
// does meet. Always the same for the same arguments.
std::vector<Indices> all_pairs(const std::vector<std::size_t>& sizes,
                               const std::function<bool(const Indices&)>& is_possible);

} // namespace le_run::test::faults

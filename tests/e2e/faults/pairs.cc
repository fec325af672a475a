#include "faults/pairs.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace le_run::test::faults {
namespace {

using Pair = std::array<std::size_t, 4>; // dimension, value, dimension, value

std::vector<Pair> pairs_of(const Indices& combination) {
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < combination.size(); ++i) {
        for (std::size_t j = i + 1; j < combination.size(); ++j) {
            pairs.push_back({i, combination[i], j, combination[j]});
        }
    }
    return pairs;
}

} // namespace

std::vector<Indices> all_combinations(const std::vector<std::size_t>& sizes) {
    std::vector<Indices> result = {{}};
    for (const std::size_t size : sizes) {
        std::vector<Indices> longer;
        for (const Indices& begun : result) {
            for (std::size_t value = 0; value < size; ++value) {
                longer.push_back(begun);
                longer.back().push_back(value);
            }
        }
        result = std::move(longer);
    }
    return result;
}

// Greedy: always the combination that brings the most new pairs; of equals the one whose values
// were chosen least so far, so that no value is left to a few cases.
std::vector<Indices> all_pairs(const std::vector<std::size_t>& sizes,
                               const std::function<bool(const Indices&)>& is_possible) {
    std::vector<Indices> candidates = all_combinations(sizes);
    candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                    [&](const Indices& one) { return !is_possible(one); }),
                     candidates.end());
    std::set<Pair> missing;
    for (const Indices& one : candidates) {
        const auto pairs = pairs_of(one);
        missing.insert(pairs.begin(), pairs.end());
    }
    std::map<std::pair<std::size_t, std::size_t>, int> uses; // of a dimension's value
    std::vector<Indices> chosen;
    while (!missing.empty()) {
        const auto worth = [&](const Indices& one) {
            const auto pairs = pairs_of(one);
            const auto news = std::count_if(pairs.begin(), pairs.end(), [&](const Pair& pair) {
                return missing.count(pair) != 0;
            });
            int used = 0;
            for (std::size_t i = 0; i < one.size(); ++i) {
                used += uses[{i, one[i]}];
            }
            return std::pair(news, -used);
        };
        const auto best = std::max_element(
            candidates.begin(), candidates.end(),
            [&](const Indices& a, const Indices& b) { return worth(a) < worth(b); });
        chosen.push_back(*best);
        for (std::size_t i = 0; i < best->size(); ++i) {
            ++uses[{i, (*best)[i]}];
        }
        for (const Pair& pair : pairs_of(*best)) {
            missing.erase(pair);
        }
    }
    return chosen;
}

} // namespace le_run::test::faults

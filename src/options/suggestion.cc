#include "options/suggestion.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

namespace le_run::options {
namespace {

constexpr std::size_t kLongestGiven =
    60; // longer than every option's name; limited, because the search is quadratic

std::string bare(const std::string& name) {
    std::string letters;
    for (const unsigned char c : name) {
        if (c != '-' && c != '_') {
            letters += static_cast<char>(std::tolower(c));
        }
    }
    return letters;
}

// How many letters must be added, removed or changed.
std::size_t distance(const std::string& from, const std::string& to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 1; i <= from.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t changed = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
        }
    }
    return row.back();
}

// In a short name, only few letters may be wrong.
std::size_t most_wrong_letters(const std::string& name) {
    return std::min<std::size_t>(2, name.size() / 2);
}

} // namespace

std::optional<std::string> nearest(const std::string& given,
                                   const std::vector<std::string>& known) {
    const std::string wanted = bare(given.substr(0, kLongestGiven));
    std::optional<std::string> best;
    std::size_t least = 0;
    for (const std::string& name : known) {
        const std::string candidate = bare(name);
        const std::size_t d = distance(wanted, candidate);
        if (d <= most_wrong_letters(candidate) && (!best || d < least)) {
            best = name;
            least = d;
        }
    }
    return best;
}

} // namespace le_run::options

// What le-run said when it was asked for no run: `le-run check` and `le-run rbac`.
#pragma once

#include <optional>
#include <string>

#include "helpers/replica.h"

namespace le_run::test {

struct Said {
    std::optional<int> code;
    std::string out;
    std::string err;

    // Whether check has a line of this mark and subject that holds all `words`.
    bool says(const std::string& mark, const std::string& subject, const Words& words) const;
};

// With these arguments; waits for the end.
Said say(const Words& arguments, const Environment& more = {});

} // namespace le_run::test

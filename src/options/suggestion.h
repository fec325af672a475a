// Finds the known name that a user most likely meant by a misspelt one.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace le_run::options {

// Ignores case, '-' and '_': "leaseDuration" is "lease-duration". Nothing: no name is near.
std::optional<std::string> nearest(const std::string& given, const std::vector<std::string>& known);

} // namespace le_run::options

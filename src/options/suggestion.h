// The known name that a misspelt one was most likely meant to be.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace le_run::options {

// Case, '-' and '_' do not count: "leaseDuration" is "lease-duration". Nothing: none is near.
std::optional<std::string> nearest(const std::string& given, const std::vector<std::string>& known);

} // namespace le_run::options

// LE_RUN_* variables.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "options/values.h"

namespace le_run {

// Of "NAME=TEXT" entries. Nothing: it is not set.
std::optional<std::string> variable(const std::vector<std::string>& environment,
                                    const std::string& name);

// An empty variable is none. Throws OptionsError.
void add_environment(Values& values, const std::vector<std::string>& environment);

// Without le-run's option variables.
std::vector<std::string> environment_of_child(const std::vector<std::string>& environment);

} // namespace le_run

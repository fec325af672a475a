// LE_RUN_* variables.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "options/values.h"

namespace le_run::options {

// The value of a variable in a list of "NAME=TEXT". Nothing: it is not set.
std::optional<std::string> variable(const std::vector<std::string>& environment,
                                    const std::string& name);

// Variables that tell the child about the leadership. A le-run that is itself a child gets them
// too.
inline constexpr const char* kHeldLock = "LE_RUN_HELD_LOCK";
inline constexpr const char* kHolderIdentity = "LE_RUN_HOLDER_IDENTITY";
inline constexpr const char* kFencingToken = "LE_RUN_FENCING_TOKEN";

// Whether Kubernetes sets such a variable in every pod, for a Service whose name begins like the
// prefix of the variables. `name`: the variable's name after that prefix.
bool is_service_link(std::string_view name);

// An empty variable counts as not set. Throws OptionsError, also for an unknown LE_RUN_* name.
void add_environment(Values& values, const std::vector<std::string>& environment);

// The environment without le-run's option variables.
std::vector<std::string> environment_of_child(const std::vector<std::string>& environment);

} // namespace le_run::options

// LE_RUN_* variables.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "options/values.h"

namespace le_run::options {

// Of "NAME=TEXT" entries. Nothing: it is not set.
std::optional<std::string> variable(const std::vector<std::string>& environment,
                                    const std::string& name);

// What le-run tells the child of its leadership, and so also a le-run that is the child.
inline constexpr const char* kHeldLock = "LE_RUN_HELD_LOCK";
inline constexpr const char* kHolderIdentity = "LE_RUN_HOLDER_IDENTITY";
inline constexpr const char* kFencingToken = "LE_RUN_FENCING_TOKEN";

// What Kubernetes itself sets in every pod for a Service whose name begins like the variables'
// prefix. `name`: what stands behind that prefix.
bool is_service_link(std::string_view name);

// An empty variable is none. Refuses LE_RUN_* that no option has. Throws OptionsError.
void add_environment(Values& values, const std::vector<std::string>& environment);

// Without le-run's option variables.
std::vector<std::string> environment_of_child(const std::vector<std::string>& environment);

} // namespace le_run::options

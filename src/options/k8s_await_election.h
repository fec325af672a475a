// The variables of k8s-await-election (LINBIT), so that le-run can stand where it stood.
#pragma once

#include <string>
#include <vector>

#include "options/values.h"

namespace le_run::options {

// Reads K8S_AWAIT_ELECTION_*. With any of them set but ENABLED, nothing is elected, as there,
// unless "enabled" has a value already: call it behind all other places. What le-run does not do,
// and names that nobody knows, are refused. Throws OptionsError.
void add_k8s_await_election(Values& values, const std::vector<std::string>& environment);

} // namespace le_run::options

// The variables of k8s-await-election (LINBIT), so that le-run can replace it.
#pragma once

#include <string>
#include <vector>

#include "options/values.h"

namespace le_run::options {

// Reads K8S_AWAIT_ELECTION_*. As in k8s-await-election, there is no election if any of them is set
// but ENABLED is not, unless "enabled" has a value already. So call it after all other places.
// Throws OptionsError, also for functions that le-run does not have and for unknown names.
void add_k8s_await_election(Values& values, const std::vector<std::string>& environment);

} // namespace le_run::options

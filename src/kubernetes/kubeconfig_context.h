// One context of a kubeconfig: what it says about the server and the user.
#pragma once

#include <string>
#include <vector>

#include "kubernetes/kubeconfig.h"
#include "kubernetes/kubeconfig_file.h"

namespace le_run::kubernetes {

// The chosen context, cluster and user. Files that they name are relative to the kubeconfig that
// names them; a ...-data field wins over its file. `variables` is what a plugin inherits. Throws
// ConfigError.
ClusterConfig read_context(const Kubeconfig& kubeconfig, const ContextChoice& choice,
                           const std::vector<std::string>& variables);

} // namespace le_run::kubernetes

// Reads one context of a kubeconfig: its server and its user.
#pragma once

#include <string>
#include <vector>

#include "kubernetes/kubeconfig.h"
#include "kubernetes/kubeconfig_file.h"

namespace le_run::kubernetes {

// Reads the chosen context, cluster and user. Paths of files are relative to the kubeconfig that
// has them. A ...-data field wins over its file. `variables` is the environment for a plugin.
// Throws ConfigError.
ClusterConfig read_context(const Kubeconfig& kubeconfig, const ContextChoice& choice,
                           const std::vector<std::string>& variables);

} // namespace le_run::kubernetes

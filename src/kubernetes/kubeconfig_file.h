// One kubeconfig file, for kubeconfig.cc.
#pragma once

#include <string>

#include "kubernetes/kubeconfig.h"

namespace le_run::kubernetes {

// The current context of the file. Files it names are relative to its folder; a ...-data field wins
// over its file. Throws StoreConfigError.
ClusterConfig read_kubeconfig(const std::string& path);

} // namespace le_run::kubernetes

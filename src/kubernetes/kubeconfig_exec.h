// The exec section of a kubeconfig's user.
#pragma once

#include <string>
#include <vector>

#include "kubernetes/exec_plugin.h"
#include "kubernetes/section.h"
#include "net/tls.h"

namespace le_run::kubernetes {

// The plugin, found as a shell would find it, or beside the kubeconfig when its command has a
// slash. `cluster` and `tls` are what it may be told of the server; `variables` is the environment
// that it inherits, "NAME=value" each. Throws ConfigError.
ExecPlugin read_exec(const Section& exec, const Section& cluster, const net::TlsConfig& tls,
                     const std::vector<std::string>& variables);

} // namespace le_run::kubernetes

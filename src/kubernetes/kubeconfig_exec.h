// Reads the exec section of a kubeconfig's user.
#pragma once

#include <string>
#include <vector>

#include "kubernetes/exec_plugin.h"
#include "kubernetes/section.h"
#include "net/tls.h"

namespace le_run::kubernetes {

// Finds the plugin as a shell would. If its command has a slash, the path is relative to the
// kubeconfig. `cluster` and `tls` describe the server to the plugin. `variables`: its environment,
// with entries "NAME=value". Throws ConfigError.
ExecPlugin read_exec(const Section& exec, const Section& cluster, const net::TlsConfig& tls,
                     const std::vector<std::string>& variables);

} // namespace le_run::kubernetes

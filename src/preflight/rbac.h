// `le-run rbac`: what grants the rights that these options need.
#pragma once

#include "options/options.h"

namespace le_run::preflight {

// Prints it on standard output, for `kubectl apply -f -`. Asks nobody; reads the kubeconfig when
// the lock names no namespace. Returns 0; throws OptionsError.
int print_rbac(const options::Options& options);

} // namespace le_run::preflight

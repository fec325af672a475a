// `le-run rbac`: prints the objects that grant the rights for these options.
#pragma once

#include "options/options.h"

namespace le_run::preflight {

// Prints them on standard output, for `kubectl apply -f -`. Contacts no server. Reads the
// kubeconfig if the lock names no namespace. Returns 0; throws OptionsError.
int print_rbac(const options::Options& options);

} // namespace le_run::preflight

// The objects that grant le-run's rights, for `kubectl apply -f -`.
#pragma once

#include <string>

namespace le_run::kubernetes {

// The verbs on the one lease, as a list in YAML and JSON. create cannot be limited to a name.
inline constexpr const char* kVerbsOfOneLease = R"(["get", "update", "watch"])";

// YAML with a ServiceAccount of the lease's name, and a Role and a RoleBinding, NAME-leader, that
// let it contend for this lease and nothing else.
std::string role_manifest(const std::string& lease_namespace, const std::string& name);

} // namespace le_run::kubernetes

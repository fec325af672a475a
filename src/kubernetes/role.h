// The rights that le-run needs, as objects for `kubectl apply -f -`.
#pragma once

#include <string>

namespace le_run::kubernetes {

// On the one lease, as YAML and JSON write a list; create cannot be limited to a name.
inline constexpr const char* kVerbsOfOneLease = R"(["get", "update", "watch"])";

// YAML: a ServiceAccount called as the lease, and the Role and RoleBinding, NAME-leader, that let
// it contend for that lease and nothing else.
std::string role_manifest(const std::string& lease_namespace, const std::string& name);

} // namespace le_run::kubernetes

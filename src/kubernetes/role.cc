#include "kubernetes/role.h"

#include <spdlog/fmt/fmt.h>

namespace le_run::kubernetes {
namespace {

// Quotes names, because one may look like a number. The worker may already have a ServiceAccount of
// this name, which is fine. It may also have a Role, so ours has another name.
constexpr const char* kManifest =
    R"(# The rights to contend for lease {space}/{name}. In the pod: serviceAccountName: "{name}"
apiVersion: v1
kind: ServiceAccount
metadata:
  name: "{name}"
  namespace: "{space}"
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: "{name}-leader"
  namespace: "{space}"
rules:
  # create cannot be limited to a name
  - apiGroups: ["coordination.k8s.io"]
    resources: ["leases"]
    verbs: ["create"]
  - apiGroups: ["coordination.k8s.io"]
    resources: ["leases"]
    resourceNames: ["{name}"]
    verbs: {verbs}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: "{name}-leader"
  namespace: "{space}"
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: "{name}-leader"
subjects:
  - kind: ServiceAccount
    name: "{name}"
    namespace: "{space}"
)";

} // namespace

std::string role_manifest(const std::string& lease_namespace, const std::string& name) {
    return fmt::format(kManifest, fmt::arg("space", lease_namespace), fmt::arg("name", name),
                       fmt::arg("verbs", kVerbsOfOneLease));
}

} // namespace le_run::kubernetes

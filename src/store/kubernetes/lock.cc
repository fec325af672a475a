#include "store/kubernetes/lock.h"

#include "kubernetes/object_names.h"

namespace le_run::kubernetes_store {

std::variant<KubernetesLock, std::string> KubernetesLock::parse(const std::string& rest) {
    KubernetesLock lock;
    const auto slash = rest.find('/');
    lock.name = slash == std::string::npos ? rest : rest.substr(slash + 1);
    if (slash != std::string::npos) {
        lock.lease_namespace = rest.substr(0, slash);
        if (const auto wrong = kubernetes::wrong_with_namespace(*lock.lease_namespace)) {
            return "the namespace " + *wrong;
        }
    }
    if (const auto wrong = kubernetes::wrong_with_lease_name(lock.name)) {
        return "the lease name " + *wrong;
    }
    return lock;
}

} // namespace le_run::kubernetes_store

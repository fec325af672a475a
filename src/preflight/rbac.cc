#include "preflight/rbac.h"

#include <cstdio>

#include "base/config_error.h"
#include "base/exit_code.h"
#include "base/one_line.h"
#include "kubernetes/object_names.h"
#include "kubernetes/role.h"
#include "store/kubernetes/kubernetes_store.h"
#include "store/lock.h"

namespace le_run::preflight {
namespace {

// Somebody with more rights applies the output. So no unchecked text of a kubeconfig may get into
// it.
std::string valid_namespace(const std::string& name) {
    if (const auto wrong = kubernetes::wrong_with_namespace(name)) {
        throw options::OptionsError(
            "rbac: the namespace of the kubeconfig's context is not valid: " + one_line(*wrong),
            kExitCannot);
    }
    return name;
}

std::string namespace_of(const options::Options& options,
                         const kubernetes_store::KubernetesLock& lock) {
    if (lock.lease_namespace) {
        return *lock.lease_namespace;
    }
    try {
        return valid_namespace(kubernetes::lock_namespace(
            kubernetes_store::cluster_of(lock, options.environment), ""));
    } catch (const ConfigError& error) {
        throw options::OptionsError(
            "the lock names no namespace, and no kubeconfig names one: write "
            "--lock k8s://NAMESPACE/" +
                lock.name + " (" + error.what() + ")",
            kExitCannot);
    }
}

} // namespace

int print_rbac(const options::Options& options) {
    const auto* lock = std::get_if<kubernetes_store::KubernetesLock>(&options.lock);
    if (lock == nullptr) {
        throw options::OptionsError(
            "rbac: a lock file needs no rights on a cluster: name a k8s:// lock", kExitCannot);
    }
    std::fputs(kubernetes::role_manifest(namespace_of(options, *lock), lock->name).c_str(), stdout);
    std::fflush(stdout);
    return 0;
}

} // namespace le_run::preflight

#include "preflight/rbac.h"

#include <cstdio>

#include "exit_code.h"
#include "kubernetes/role.h"
#include "run/lock_store.h"

namespace le_run {
namespace {

std::string namespace_of(const Options& options, const KubernetesLock& lock) {
    if (lock.lease_namespace) {
        return *lock.lease_namespace;
    }
    try {
        return kubernetes::lock_namespace(cluster_of(options), "");
    } catch (const StoreConfigError& error) {
        throw OptionsError("the lock names no namespace, and no kubeconfig says which: write "
                           "--lock k8s://NAMESPACE/" +
                               lock.name + " (" + error.what() + ")",
                           kExitCannot);
    }
}

} // namespace

int print_rbac(const Options& options) {
    const auto* lock = std::get_if<KubernetesLock>(&options.lock);
    if (lock == nullptr) {
        throw OptionsError("rbac: a lock file needs no rights on a cluster: name a k8s:// lock",
                           kExitCannot);
    }
    std::fputs(kubernetes::role_manifest(namespace_of(options, *lock), lock->name).c_str(), stdout);
    std::fflush(stdout);
    return 0;
}

} // namespace le_run

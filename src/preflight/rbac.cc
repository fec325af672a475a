#include "preflight/rbac.h"

#include <cstdio>

#include "exit_code.h"
#include "kubernetes/object_names.h"
#include "kubernetes/role.h"
#include "lock_url.h"
#include "one_line.h"
#include "run/lock_store.h"

namespace le_run {
namespace {

// What is printed is applied by somebody with more rights: a kubeconfig's text is no YAML of ours.
std::string valid_namespace(const std::string& name) {
    if (const auto wrong = wrong_with_namespace(name)) {
        throw OptionsError("rbac: the kubeconfig's context names no namespace that there can be: " +
                               one_line(*wrong),
                           kExitCannot);
    }
    return name;
}

std::string namespace_of(const Options& options, const KubernetesLock& lock) {
    if (lock.lease_namespace) {
        return *lock.lease_namespace;
    }
    try {
        return valid_namespace(kubernetes::lock_namespace(cluster_of(options), ""));
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

#include "run/lock_store.h"

#include <cstdlib>

#include "net/tls.h"

namespace le_run {
namespace {

std::optional<std::string> own_variable(const std::string& name) {
    const char* value = ::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

} // namespace

kubernetes::ClusterConfig cluster_of(const Options& options) {
    const auto& lock = std::get<KubernetesLock>(options.lock);
    kubernetes::KubeconfigRequest request{lock.kubeconfig, own_variable};
    request.choice = {lock.context, lock.cluster, lock.user};
    request.variables = options.environment;
    net::prepare_openssl(); // certificates and keys are about to be read
    return kubernetes::load_cluster_config(request);
}

LockStore open_lock(boost::asio::io_context& loop, const Options& options,
                    std::function<void(const std::string&)> warn) {
    if (const auto* file = std::get_if<FileLock>(&options.lock)) {
        return {make_file_store(loop, file->path), "file://" + file->path, {}};
    }
    const auto& lease = std::get<KubernetesLock>(options.lock);
    auto cluster = cluster_of(options);
    const std::string lease_namespace =
        kubernetes::lock_namespace(cluster, lease.lease_namespace.value_or(""));
    LockStore opened;
    opened.warnings = cluster.warnings;
    opened.lock = "k8s://" + lease_namespace + "/" + lease.name;
    opened.store = make_kubernetes_store(loop, std::move(cluster), lease_namespace, lease.name,
                                         std::move(warn));
    return opened;
}

boost::asio::io_context& make_loop(const Lock& lock) {
    return std::holds_alternative<FileLock>(lock) ? *new boost::asio::io_context(1)
                                                  : kubernetes_loop();
}

} // namespace le_run

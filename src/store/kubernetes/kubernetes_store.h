// A Lease of coordination.k8s.io/v1.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "kubernetes/kubeconfig.h"
#include "store/kubernetes/lock.h"
#include "store/opened_lock.h"

namespace le_run::kubernetes_store {

// `warn`: Surroundings::warn. Throws ConfigError.
std::unique_ptr<store::LeaseStore>
make_kubernetes_store(boost::asio::io_context& loop, kubernetes::ClusterConfig config,
                      const std::string& lease_namespace, const std::string& name,
                      std::function<void(const std::string&)> warn = {});

// The API server of the lock, from the kubeconfig or from the pod's service account. `environment`:
// Surroundings::environment. Throws ConfigError.
kubernetes::ClusterConfig cluster_of(const KubernetesLock& lock,
                                     const std::vector<std::string>& environment);

store::OpenedLock open(boost::asio::io_context& loop, const KubernetesLock& lock,
                       const store::Surroundings& surroundings);
// It is net::HttpTransport::sole_loop().
boost::asio::io_context& loop_for(const KubernetesLock& lock);

} // namespace le_run::kubernetes_store

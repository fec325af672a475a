// The store that a lock names.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "kubernetes/kubeconfig.h"
#include "lock_url.h"
#include "options/options.h"
#include "store/lease_store.h"

namespace le_run {

struct LockStore {
    std::unique_ptr<LeaseStore> store;
    std::string lock; // its full name, as LE_RUN_HELD_LOCK has it
    std::vector<std::string> warnings;
};

// The API server that the lock of `options` names, a k8s:// one: by the kubeconfig, or what a pod
// has instead. Throws StoreConfigError.
kubernetes::ClusterConfig cluster_of(const Options& options);

// The same, and the store. `warn`: as of make_kubernetes_store(). Throws StoreConfigError.
LockStore open_lock(boost::asio::io_context& loop, const Options& options,
                    std::function<void(const std::string&)> warn);

// The loop for the one store of a program. It lives until the process ends: what libraries have
// left under way may still refer to it.
boost::asio::io_context& make_loop(const Lock& lock);

} // namespace le_run

// A Lease of coordination.k8s.io/v1 as a register.
//
// - Reads have no resourceVersion parameter: with one, the API server may answer from its cache.
// - A PUT has the uid and resourceVersion of the object it replaces: without the uid, the API
//   server re-creates a deleted Lease. If the Lease has vanished, the API server answers the PUT
//   with 404. Version 1.20 answers with 409, as for a conflict.
// - Only a Status with reason NotFound that names this lease means Absent; any other 404 comes from
//   something on the way. If a write's answer leaves a doubt, the outcome is unknown, never "not
//   written".
#include "store/kubernetes/kubernetes_store.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/config_error.h"
#include "base/one_line.h"
#include "kubernetes/object_names.h"
#include "store/kubernetes/kubernetes_watch.h"
#include "store/kubernetes/lease_api.h"

namespace le_run::kubernetes_store {
namespace {

class KubernetesStore : public store::LeaseStore {
public:
    KubernetesStore(boost::asio::io_context& loop, kubernetes::ClusterConfig config,
                    const std::string& lease_namespace, const std::string& name,
                    std::function<void(const std::string&)> warn)
        : api_(loop, std::move(config), lease_namespace, name, std::move(warn)),
          watch_(loop, api_) {}

    void async_read(Duration timeout, ReadHandler handler, Duration late) override;
    void async_write(election::LeaseRecord record, std::optional<election::StoredLease> base,
                     Duration timeout, WriteHandler handler, Duration late) override;
    void watch(WatchHandler handler) override { watch_.begin(std::move(handler)); }

private:
    LeaseApi api_;
    KubernetesWatch watch_;
};

LeaseApi::Steady::time_point deadline_after(Duration timeout) {
    return LeaseApi::Steady::now() + std::min<Duration>(timeout, std::chrono::hours(1));
}

void KubernetesStore::async_read(Duration timeout, ReadHandler handler, Duration late) {
    api_.async_send("GET", "", deadline_after(timeout), deadline_after(late),
                    [this, newest = watch_.newest(),
                     handler = std::move(handler)](const net::HttpResult& result) {
                        auto outcome = api_.read_outcome(result);
                        if (const auto* found = std::get_if<election::StoredLease>(&outcome)) {
                            watch_.seen(found->version, newest);
                        }
                        handler(std::move(outcome));
                    });
}

void KubernetesStore::async_write(election::LeaseRecord record,
                                  std::optional<election::StoredLease> base, Duration timeout,
                                  WriteHandler handler, Duration late) {
    const char* verb = base ? "update" : "create";
    LE_CHECK(!base || base->object != nullptr);
    std::string body = base ? store::edit_lease_object(*base->object, record, base->version.text)
                            : store::make_lease_object(api_.lease_namespace(), api_.name(), record);
    api_.async_send(base ? "PUT" : "POST", std::move(body), deadline_after(timeout),
                    deadline_after(late),
                    [this, verb, record, newest = watch_.newest(),
                     handler = std::move(handler)](const net::HttpResult& result) {
                        auto outcome = api_.write_outcome(verb, record, result);
                        if (const auto* written = std::get_if<election::Written>(&outcome)) {
                            watch_.seen(written->lease.version, newest);
                        }
                        handler(std::move(outcome));
                    });
}

std::optional<std::string> own_variable(const std::string& name) {
    const char* value = ::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

} // namespace

std::unique_ptr<store::LeaseStore>
make_kubernetes_store(boost::asio::io_context& loop, kubernetes::ClusterConfig config,
                      const std::string& lease_namespace, const std::string& name,
                      std::function<void(const std::string&)> warn) {
    if (const auto wrong = kubernetes::wrong_with_lease_name(name)) {
        throw ConfigError(one_line("the lease name " + *wrong));
    }
    if (const auto wrong = kubernetes::wrong_with_namespace(lease_namespace)) {
        throw ConfigError(one_line("the namespace " + *wrong));
    }
    return std::make_unique<KubernetesStore>(loop, std::move(config), lease_namespace, name,
                                             std::move(warn));
}

kubernetes::ClusterConfig cluster_of(const KubernetesLock& lock,
                                     const std::vector<std::string>& environment) {
    kubernetes::KubeconfigRequest request{lock.kubeconfig, own_variable};
    request.choice = {lock.context, lock.cluster, lock.user};
    request.variables = environment;
    net::prepare_openssl(); // before certificates and keys are read
    return kubernetes::load_cluster_config(request);
}

store::OpenedLock open(boost::asio::io_context& loop, const KubernetesLock& lock,
                       const store::Surroundings& surroundings) {
    auto cluster = cluster_of(lock, surroundings.environment);
    const std::string lease_namespace =
        kubernetes::lock_namespace(cluster, lock.lease_namespace.value_or(""));
    store::OpenedLock opened;
    opened.warnings = cluster.warnings;
    opened.lock = std::string(KubernetesLock::kScheme) + lease_namespace + "/" + lock.name;
    opened.store = make_kubernetes_store(loop, std::move(cluster), lease_namespace, lock.name,
                                         surroundings.warn);
    return opened;
}

boost::asio::io_context& loop_for(const KubernetesLock&) { return net::HttpTransport::sole_loop(); }

} // namespace le_run::kubernetes_store

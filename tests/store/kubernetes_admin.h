// What the tests of the Kubernetes store do to a real API server: as its administrator, behind the
// store's back.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "helpers/api_server.h"
#include "helpers/scratch_folder.h"
#include "kubernetes/kubeconfig.h"
#include "store/lease_store.h"

namespace le_run::test {

// Names that no other test of the run has used.
std::string fresh_name(const std::string& prefix);

class KubernetesAdmin {
public:
    explicit KubernetesAdmin(ApiServerAccess access) : access_(std::move(access)) {}

    // From a kubeconfig that is written, read and checked as a user's is. `user` is YAML: "{token:
    // x}"; `ca` names a file of the server's folder, `path` follows the port.
    kubernetes::ClusterConfig config(const std::string& user, const std::string& ca = "ca.crt",
                                     const std::string& path = "") const;
    std::unique_ptr<store::LeaseStore> store(boost::asio::io_context& loop,
                                             const std::string& lease_namespace,
                                             const std::string& name) const;

    // Whether the server answers a small request in that time.
    bool is_answered(std::chrono::seconds patience) const;

    // Every one throws when the server does not do it.
    std::string make_namespace() const; // its name
    void
    delete_namespace(const std::string& name) const; // it terminates for ever: no controller runs
    nlohmann::ordered_json get_lease(const std::string& lease_namespace,
                                     const std::string& name) const;
    bool has_lease(const std::string& lease_namespace, const std::string& name) const;
    void edit_lease(const std::string& lease_namespace, const std::string& name,
                    const std::function<void(nlohmann::ordered_json&)>& edit) const;
    void delete_lease(const std::string& lease_namespace, const std::string& name) const;
    // A Role with these rules, bound to the user; it holds a moment later.
    void grant(const std::string& lease_namespace, const std::string& user,
               const nlohmann::json& rules) const;

private:
    // The body of an answer with a status below 300.
    std::string ask(const std::string& method, const std::string& path,
                    const std::string& body = "") const;

    ApiServerAccess access_;
    ScratchFolder scratch_;
};

} // namespace le_run::test

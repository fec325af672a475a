// A namespace of a test's own on an API server, the rights in it, and its Leases as the
// administrator sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "helpers/api_server.h"
#include "helpers/https_client.h"
#include "helpers/process.h"

namespace le_run::test {

// One accepted write to a Lease, from the server's audit log.
struct LeaseWrite {
    std::string user;
    std::string verb; // create, update, patch, delete
    std::string holder;
    std::int64_t duration_seconds = 0;
    std::int64_t transitions = 0;
    std::string acquire_time, renew_time;
    std::uint64_t resource_version = 0; // 0 for a delete
    std::int64_t received_ns = 0;       // CLOCK_REALTIME when the request came in
    std::int64_t answered_ns = 0;       // and when it was answered
    bool is_release() const { return verb != "delete" && holder.empty(); }
};

enum class Credentials {
    kReplica,
    kNobody,
    kAdmin,
    kAdminCertificate
}; // by token, the last by certificate

struct KubeconfigChoice {
    Credentials credentials = Credentials::kReplica;
    std::string port{}; // empty: the server's own; else a front's
    bool wrong_ca = false;
    std::string host = "127.0.0.1"; // or kApiServerName, where the replica can look it up
};

class Cluster {
public:
    // Makes the namespace and the minimal Role: user replica may create leases, and get and update
    // those called `lease_name`. Returns once the server grants it.
    explicit Cluster(const ApiServerAccess& access, const std::string& lease_name = "job");

    const std::string& lease_namespace() const { return namespace_; }
    const std::string& lease_name() const { return lease_name_; }
    const ApiServerAccess& access() const { return access_; }
    // For --lock: k8s://NAMESPACE/NAME.
    std::string lock() const { return "k8s://" + namespace_ + "/" + lease_name_; }
    // Writes a kubeconfig and returns its path; the context's namespace is this one.
    std::string kubeconfig(const KubeconfigChoice& choice = {}) const;
    std::string kubeconfig_text(const KubeconfigChoice& choice = {}) const;
    const ScratchFolder& scratch() const { return scratch_; }

    // As the administrator. `path` below the namespace's leases: "" or "/job".
    HttpsReply request(const std::string& method, const std::string& path,
                       const nlohmann::json& body = nullptr) const;
    std::optional<nlohmann::json> lease() const; // empty: there is none
    // "" when there is no Lease or nobody holds it.
    std::string holder() const;
    void create_lease(const nlohmann::json& spec) const;
    void edit_lease(const nlohmann::json& spec_changes) const; // merge patch of the spec
    void delete_lease() const;
    // Of a service account of this namespace, as a pod of it would have it; of pod `pod`, if given.
    std::string service_account_token(const std::string& account,
                                      const std::string& pod = "") const;
    // What the API server answers another user, about a Lease of this namespace.
    int status_for(const std::string& token, const std::string& method,
                   const std::string& lease) const;
    // As the administrator: kubectl with these words, and what it reads.
    Command kubectl(const std::vector<std::string>& words, const std::string& input = "") const;
    // The Role without the verb watch; returns when the server denies it.
    void forbid_watching() const;
    void forbid_creating() const; // the same for the verb create

    // Every accepted write to the Lease, in the order of the store; a dry run is none.
    std::vector<LeaseWrite> history() const;
    // Requests of a user in this namespace, whatever the answer; of one verb, or of all. A watch
    // counts when it has begun.
    int requests_of(const std::string& user, const std::string& verb = "") const;
    // The targets of those that do not only read.
    std::vector<std::string> changing_requests_of(const std::string& user) const;

private:
    HttpsReply ask(const std::string& method, const std::string& path, const nlohmann::json& body,
                   const std::string& token = kAdminToken,
                   const std::string& type = "application/json") const;
    void must(const std::string& method, const std::string& path, const nlohmann::json& body,
              const std::string& type = "application/json") const;
    std::string leases_path() const;
    nlohmann::json rules(const nlohmann::json& verbs) const;

    ApiServerAccess access_;
    ScratchFolder scratch_;
    std::string namespace_;
    std::string lease_name_;
};

// client-go's own leader election example, contending for the Lease; its log is on standard error.
// `program`: as it is, or built with other durations.
Command client_go_example(const Cluster& cluster, const std::string& id,
                          const std::string& program = "leader-election");

} // namespace le_run::test

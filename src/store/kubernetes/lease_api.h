// One Lease on a Kubernetes API server as an HTTP resource: sends requests with credentials and
// interprets the answers. The store and the watch share it.
//
// Threads: the loop's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include <boost/asio/io_context.hpp>

#include "election/lease.h"
#include "kubernetes/authentication.h"
#include "kubernetes/errors.h"
#include "kubernetes/kubeconfig.h"
#include "net/http_transport.h"
#include "store/lease_json.h"

namespace le_run::kubernetes_store {

class LeaseApi {
public:
    using Steady = std::chrono::steady_clock;
    using Done = std::function<void(net::HttpResult)>;

    // `warn` is called when credentials cannot be renewed while the old ones still work.
    LeaseApi(boost::asio::io_context& loop, kubernetes::ClusterConfig config,
             const std::string& lease_namespace, const std::string& name,
             std::function<void(const std::string&)> warn);

    const std::string& lease_namespace() const { return lease_namespace_; }
    const std::string& name() const { return name_; }
    const std::string& collection() const { return collection_; }
    // The target of a watch on this Lease only, from `version` on (empty: from its present state).
    std::string watch_target(const std::string& version, Duration lifetime) const;

    // Gets the credentials, perhaps from a plugin. `done` gets the reason for a failure, or "".
    void async_authenticate(Steady::time_point deadline, std::function<void(std::string)> done);

    // GET or PUT of the Lease, or POST to its collection. After a 401 it tries once more, with a
    // new token from the file or plugin. `done` is called exactly once, at `deadline` at the
    // latest. An answer after that, until `late`, calls it once more.
    void async_send(const char* method, std::string body, Steady::time_point deadline,
                    Steady::time_point late, Done done);
    // The same for any other object of the server; `target`: its path.
    void async_ask(const char* method, std::string target, std::string body,
                   Steady::time_point deadline, Done done, Steady::time_point late = {});

    // Streams the events of this Lease from `version` on (empty: from its present state on), for
    // `lifetime` at most. Like HttpTransport::async_stream, with credentials.
    void async_watch(const std::string& version, Duration lifetime, Duration silence,
                     net::HttpStream stream);
    // The server refused the last watch's credentials (401). Reads their file or plugin again.
    // True: another try makes sense.
    bool was_watch_refused() { return authentication_.refused(watch_generation_); }

    election::ReadOutcome read_outcome(const net::HttpResult& result) const;
    // `verb`: "update" or "create"; `sent`: the record that was sent. An answer with another record
    // proves no write.
    election::WriteOutcome write_outcome(const char* verb, const election::LeaseRecord& sent,
                                         const net::HttpResult& result) const;
    // What went wrong with `verb`. `result` must not be a success.
    election::Failure failure_of(const char* verb, const net::HttpResult& result) const;
    // A Lease as the API server sends it.
    store::Parsed<election::StoredLease>
    stored_lease(store::Parsed<store::LeaseObject> parsed) const;
    std::string cannot(const char* verb, const std::string& why) const;
    kubernetes::Access access(const char* verb) const {
        return {verb, lease_namespace_, name_, server_, authentication_.user()};
    }

private:
    struct Call;

    void send(std::shared_ptr<Call> call);
    void send_as(kubernetes::Authentication::Present& present, const std::shared_ptr<Call>& call);
    net::HttpRequest request(const char* method, std::string target, std::string body,
                             kubernetes::Authentication::Present present);
    kubernetes::Refused refused_credentials(const net::HttpResponse& response) const;
    // `parsed`: the answer's body.
    election::Failure refused(const char* verb, const net::HttpResponse& response,
                              const store::Parsed<store::ApiStatus>& parsed) const;
    // The same, but Absent where the server says that there is no such Lease.
    std::variant<election::Absent, election::Failure>
    absent_or_refused(const char* verb, const net::HttpResponse& response) const;

    std::string lease_namespace_;
    std::string name_;
    std::string server_;
    std::string collection_; // the path of all leases of the namespace
    kubernetes::Authentication authentication_;
    unsigned watch_generation_ = 0; // of the credentials of the last watch
    net::HttpTransport transport_;
};

} // namespace le_run::kubernetes_store

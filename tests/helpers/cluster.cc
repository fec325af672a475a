#include "helpers/cluster.h"

#include <algorithm>
#include <ctime>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include <unistd.h>

#include "helpers/replica.h"

namespace le_run::test {
namespace {

using nlohmann::json;

std::string unique_namespace() {
    static int count = 0;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return "t" + std::to_string(::getpid()) + "-" + std::to_string(now.tv_nsec / 1000) + "-" +
           std::to_string(++count);
}

// "2026-01-02T03:04:05.123456Z" to nanoseconds since 1970.
std::int64_t parse_time(const std::string& text) {
    std::tm parts{};
    const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    const double fraction =
        rest != nullptr && *rest == '.' ? std::stod("0" + std::string(rest)) : 0.0;
    return static_cast<std::int64_t>(::timegm(&parts)) * 1'000'000'000 +
           static_cast<std::int64_t>(fraction * 1e9);
}

std::string text_in(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

LeaseWrite write_from(const json& event) {
    LeaseWrite write;
    write.user = text_in(event.at("user"), "username");
    write.verb = text_in(event, "verb");
    write.received_ns = parse_time(text_in(event, "requestReceivedTimestamp"));
    write.answered_ns = parse_time(text_in(event, "stageTimestamp"));
    if (write.verb != "delete") {
        const json& object = event.at("responseObject");
        const json spec = object.value("spec", json::object());
        write.holder = text_in(spec, "holderIdentity");
        write.duration_seconds = spec.value("leaseDurationSeconds", std::int64_t{0});
        write.transitions = spec.value("leaseTransitions", std::int64_t{0});
        write.acquire_time = text_in(spec, "acquireTime");
        write.renew_time = text_in(spec, "renewTime");
        write.resource_version =
            std::stoull(object.at("metadata").at("resourceVersion").get<std::string>());
    }
    return write;
}

// Calls `take` for each audited request in the namespace.
template <class Take>
void each_event(const ApiServerAccess& access, const std::string& lease_namespace, Take take) {
    std::istringstream lines(access.text("audit.log"));
    for (std::string line; std::getline(lines, line);) {
        if (line.find(lease_namespace) == std::string::npos) {
            continue; // most lines belong to other tests
        }
        const json event = json::parse(line, nullptr, false);
        if (!event.is_discarded() && event.contains("objectRef") &&
            text_in(event.at("objectRef"), "namespace") == lease_namespace) {
            take(event);
        }
    }
}

} // namespace

Cluster::Cluster(const ApiServerAccess& access, const std::string& lease_name)
    : access_(access), namespace_(unique_namespace()), lease_name_(lease_name) {
    const std::string rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/" + namespace_;
    must("POST", "/api/v1/namespaces", {{"metadata", {{"name", namespace_}}}});
    must("POST", rbac + "/roles",
         {{"metadata", {{"name", "le-run"}}},
          {"rules", rules(json::array({"get", "update", "watch"}))}});
    must("POST", rbac + "/rolebindings",
         {{"metadata", {{"name", "le-run"}}},
          {"roleRef",
           {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", "le-run"}}},
          {"subjects", json::array({{{"apiGroup", "rbac.authorization.k8s.io"},
                                     {"kind", "User"},
                                     {"name", "replica"}}})}});
    // The server's authorizer works from a cache that lags.
    const bool granted = wait_until([&] {
        return ask("GET", leases_path() + "/" + lease_name_, nullptr, kReplicaToken).status == 404;
    });
    if (!granted) {
        throw std::runtime_error("the API server does not grant the Role");
    }
}

json Cluster::rules(const json& verbs) const {
    const json group = json::array({"coordination.k8s.io"});
    const json leases = json::array({"leases"});
    return json::array(
        {{{"apiGroups", group}, {"resources", leases}, {"verbs", json::array({"create"})}},
         {{"apiGroups", group},
          {"resources", leases},
          {"resourceNames", json::array({lease_name_})},
          {"verbs", verbs}}});
}

std::string Cluster::service_account_token(const std::string& account,
                                           const std::string& pod) const {
    const std::string path =
        "/api/v1/namespaces/" + namespace_ + "/serviceaccounts/" + account + "/token";
    json spec = json::object();
    if (!pod.empty()) {
        spec["boundObjectRef"] = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", pod}};
    }
    const HttpsReply reply =
        ask("POST", path,
            {{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}, {"spec", spec}});
    if (reply.status != 201) {
        throw std::runtime_error("POST " + path + ": " + std::to_string(reply.status) + " " +
                                 reply.body);
    }
    return json::parse(reply.body).at("status").at("token");
}

int Cluster::status_for(const std::string& token, const std::string& method,
                        const std::string& lease) const {
    return ask(method, leases_path() + "/" + lease, nullptr, token).status;
}

Command Cluster::kubectl(const std::vector<std::string>& words, const std::string& input) const {
    return {.argv = Words{kubernetes_asset("kubectl"), "--kubeconfig",
                          kubeconfig({.credentials = Credentials::kAdmin})} +
                    words,
            .environment = {{"HOME", scratch_.path()}, {"PATH", "/usr/bin:/bin"}},
            .inherit_environment = false,
            .standard_input = input};
}

void Cluster::forbid_watching() const {
    must("PATCH", "/apis/rbac.authorization.k8s.io/v1/namespaces/" + namespace_ + "/roles/le-run",
         {{"rules", rules(json::array({"get", "update"}))}}, "application/merge-patch+json");
    const std::string watch = leases_path() +
                              "?watch=true&timeoutSeconds=1&fieldSelector=" + "metadata.name%3D" +
                              lease_name_;
    if (!wait_until([&] { return ask("GET", watch, nullptr, kReplicaToken).status == 403; })) {
        throw std::runtime_error("the API server does not take the verb away");
    }
}

void Cluster::forbid_creating() const {
    must("PATCH", "/apis/rbac.authorization.k8s.io/v1/namespaces/" + namespace_ + "/roles/le-run",
         {{"rules", json::array({rules(json::array({"get", "update", "watch"})).at(1)})}},
         "application/merge-patch+json");
    const json other = {{"metadata", {{"name", "other"}}}};
    const std::string dry = leases_path() + "?dryRun=All";
    if (!wait_until([&] { return ask("POST", dry, other, kReplicaToken).status == 403; })) {
        throw std::runtime_error("the API server does not take the verb away");
    }
}

std::string Cluster::leases_path() const {
    return "/apis/coordination.k8s.io/v1/namespaces/" + namespace_ + "/leases";
}

HttpsReply Cluster::ask(const std::string& method, const std::string& path, const json& body,
                        const std::string& token, const std::string& type) const {
    return https_request({.port = access_.port,
                          .ca_pem = access_.text("ca.crt"),
                          .method = method,
                          .path = path,
                          .token = token,
                          .body = body.is_null() ? "" : body.dump(),
                          .content_type = type});
}

void Cluster::must(const std::string& method, const std::string& path, const json& body,
                   const std::string& type) const {
    const HttpsReply reply = ask(method, path, body, kAdminToken, type);
    if (reply.status < 200 || reply.status > 299) {
        throw std::runtime_error(method + " " + path + ": " + std::to_string(reply.status) + " " +
                                 reply.body);
    }
}

std::string Cluster::kubeconfig_text(const KubeconfigChoice& choice) const {
    const std::string port = choice.port.empty() ? access_.port : choice.port;
    std::string user;
    switch (choice.credentials) {
    case Credentials::kReplica:
        user = std::string("token: ") + kReplicaToken;
        break;
    case Credentials::kNobody:
        user = std::string("token: ") + kNobodyToken;
        break;
    case Credentials::kAdmin:
        user = std::string("token: ") + kAdminToken;
        break;
    case Credentials::kAdminCertificate:
        user = "client-certificate: " + access_.file("admin.crt") +
               "\n    client-key: " + access_.file("admin.key");
        break;
    }
    return "apiVersion: v1\nkind: Config\ncurrent-context: test\nclusters:\n- name: test\n  "
           "cluster:\n"
           "    server: https://" +
           choice.host + ":" + port + "\n    certificate-authority: " +
           access_.file(choice.wrong_ca ? "other-ca.crt" : "ca.crt") +
           "\nusers:\n- name: test\n  user:\n    " + user +
           "\ncontexts:\n- name: test\n  context:\n    cluster: test\n    user: test\n    "
           "namespace: " +
           namespace_ + "\n";
}

std::string Cluster::kubeconfig(const KubeconfigChoice& choice) const {
    const std::string name = "kubeconfig-" + std::to_string(static_cast<int>(choice.credentials)) +
                             "-" + (choice.wrong_ca ? "wrong-ca-" : "") + choice.host + choice.port;
    return scratch_.write(name, kubeconfig_text(choice));
}

HttpsReply Cluster::request(const std::string& method, const std::string& path,
                            const json& body) const {
    return ask(method, leases_path() + path, body);
}

std::optional<json> Cluster::lease() const {
    const HttpsReply reply = request("GET", "/" + lease_name_);
    if (reply.status == 404) {
        return std::nullopt;
    }
    if (reply.status != 200) {
        throw std::runtime_error("reading the lease: " + std::to_string(reply.status) + " " +
                                 reply.body);
    }
    return json::parse(reply.body);
}

std::string Cluster::holder() const {
    const auto found = lease();
    return found ? text_in(found->value("spec", json::object()), "holderIdentity") : "";
}

void Cluster::create_lease(const json& spec) const {
    must("POST", leases_path(), {{"metadata", {{"name", lease_name_}}}, {"spec", spec}});
}

void Cluster::edit_lease(const json& spec_changes) const {
    must("PATCH", leases_path() + "/" + lease_name_, {{"spec", spec_changes}},
         "application/merge-patch+json");
}

void Cluster::delete_lease() const { must("DELETE", leases_path() + "/" + lease_name_, nullptr); }

std::vector<LeaseWrite> Cluster::history() const {
    std::vector<LeaseWrite> result;
    each_event(access_, namespace_, [&](const json& event) {
        const std::string verb = text_in(event, "verb");
        const bool writes =
            verb == "create" || verb == "update" || verb == "patch" || verb == "delete";
        const int code = event.value("responseStatus", json::object()).value("code", 0);
        const bool is_dry = text_in(event, "requestURI").find("dryRun") != std::string::npos;
        if (writes && !is_dry && code >= 200 && code < 300 &&
            text_in(event.at("objectRef"), "resource") == "leases") {
            result.push_back(write_from(event));
        }
    });
    // The log is in the order of the answers; the store's order is the resource version. A delete
    // keeps its place.
    std::stable_sort(result.begin(), result.end(), [](const LeaseWrite& a, const LeaseWrite& b) {
        return a.resource_version != 0 && b.resource_version != 0 &&
               a.resource_version < b.resource_version;
    });
    return result;
}

int Cluster::requests_of(const std::string& user, const std::string& verb) const {
    std::set<std::string> seen;
    each_event(access_, namespace_, [&](const json& event) {
        if (text_in(event.at("user"), "username") == user &&
            (verb.empty() || text_in(event, "verb") == verb)) {
            seen.insert(text_in(event, "auditID"));
        }
    });
    return static_cast<int>(seen.size());
}

std::vector<std::string> Cluster::changing_requests_of(const std::string& user) const {
    std::map<std::string, std::string> targets; // by request
    each_event(access_, namespace_, [&](const json& event) {
        const std::string verb = text_in(event, "verb");
        const bool reads = verb == "get" || verb == "list" || verb == "watch";
        if (text_in(event.at("user"), "username") == user && !reads) {
            targets[text_in(event, "auditID")] = text_in(event, "requestURI");
        }
    });
    std::vector<std::string> result;
    for (const auto& [id, target] : targets) {
        result.push_back(target);
    }
    return result;
}

Command client_go_example(const Cluster& cluster, const std::string& id,
                          const std::string& program) {
    return {.argv = {kubernetes_asset(program), "-kubeconfig", cluster.kubeconfig(), "-id", id,
                     "-lease-lock-name", cluster.lease_name(), "-lease-lock-namespace",
                     cluster.lease_namespace()},
            .environment = without_settings(),
            .inherit_environment = false};
}

} // namespace le_run::test

#include "store/kubernetes_admin.h"
#include "store/kubernetes/kubernetes_store.h"

#include <random>
#include <stdexcept>

#include "helpers/https_client.h"

namespace le_run::test {
namespace {

std::string lease_path(const std::string& lease_namespace, const std::string& name) {
    return "/apis/coordination.k8s.io/v1/namespaces/" + lease_namespace + "/leases/" + name;
}

} // namespace

std::string fresh_name(const std::string& prefix) {
    static std::random_device random;
    return prefix + "-" + std::to_string(random());
}

kubernetes::ClusterConfig KubernetesAdmin::config(const std::string& user, const std::string& ca,
                                                  const std::string& path) const {
    const std::string file = scratch_.write(
        "kubeconfig", "current-context: test\n"
                      "contexts: [{name: test, context: {cluster: test, user: test}}]\n"
                      "clusters: [{name: test, cluster: {server: \"https://127.0.0.1:" +
                          access_.port + path + "\", certificate-authority: " + access_.file(ca) +
                          "}}]\n"
                          "users: [{name: test, user: " +
                          user + "}]\n");
    return kubernetes::load_cluster_config({file, {}});
}

std::unique_ptr<store::LeaseStore> KubernetesAdmin::store(boost::asio::io_context& loop,
                                                          const std::string& lease_namespace,
                                                          const std::string& name) const {
    return kubernetes_store::make_kubernetes_store(
        loop, config(std::string("{token: ") + kAdminToken + "}"), lease_namespace, name);
}

std::string KubernetesAdmin::ask(const std::string& method, const std::string& path,
                                 const std::string& body) const {
    const auto reply = https_request({.port = access_.port,
                                      .ca_pem = access_.text("ca.crt"),
                                      .method = method,
                                      .path = path,
                                      .token = kAdminToken,
                                      .body = body},
                                     std::chrono::seconds(60));
    if (reply.status < 200 || reply.status >= 300) {
        throw std::runtime_error(method + " " + path + ": " + std::to_string(reply.status) + " " +
                                 reply.body);
    }
    return reply.body;
}

bool KubernetesAdmin::is_answered(std::chrono::seconds patience) const {
    return https_request({.port = access_.port, .ca_pem = access_.text("ca.crt"), .path = "/livez"},
                         patience)
               .status != 0;
}

std::string KubernetesAdmin::make_namespace() const {
    const std::string name = fresh_name("store");
    ask("POST", "/api/v1/namespaces", nlohmann::json{{"metadata", {{"name", name}}}}.dump());
    return name;
}

void KubernetesAdmin::delete_namespace(const std::string& name) const {
    ask("DELETE", "/api/v1/namespaces/" + name);
}

nlohmann::ordered_json KubernetesAdmin::get_lease(const std::string& lease_namespace,
                                                  const std::string& name) const {
    return nlohmann::ordered_json::parse(ask("GET", lease_path(lease_namespace, name)));
}

bool KubernetesAdmin::has_lease(const std::string& lease_namespace, const std::string& name) const {
    const auto all = nlohmann::json::parse(ask("GET", lease_path(lease_namespace, "")));
    for (const auto& lease : all.at("items")) {
        if (lease.at("metadata").at("name") == name) {
            return true;
        }
    }
    return false;
}

void KubernetesAdmin::edit_lease(const std::string& lease_namespace, const std::string& name,
                                 const std::function<void(nlohmann::ordered_json&)>& edit) const {
    auto lease = get_lease(lease_namespace, name);
    edit(lease);
    ask("PUT", lease_path(lease_namespace, name), lease.dump());
}

void KubernetesAdmin::delete_lease(const std::string& lease_namespace,
                                   const std::string& name) const {
    ask("DELETE", lease_path(lease_namespace, name));
}

void KubernetesAdmin::grant(const std::string& lease_namespace, const std::string& user,
                            const nlohmann::json& rules) const {
    const std::string path = "/apis/rbac.authorization.k8s.io/v1/namespaces/" + lease_namespace;
    const std::string name = fresh_name("role");
    ask("POST", path + "/roles",
        nlohmann::json{{"metadata", {{"name", name}}}, {"rules", rules}}.dump());
    ask("POST", path + "/rolebindings",
        nlohmann::json{
            {"metadata", {{"name", name}}},
            {"roleRef",
             {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", name}}},
            {"subjects",
             nlohmann::json::array(
                 {{{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "User"}, {"name", user}}})}}
            .dump());
}

} // namespace le_run::test

// Kubeconfigs as the common clouds and tools write them, and as they get broken. The comments at
// the head of each file say what is expected:
//
//   # reads: HOST PORT WHAT...        what is read; WHAT as describe() writes it
//   # namespace: NAME                 the context's
//   # refused: TEXT                   part of the complaint; FOLDER stands for the file's folder
//   # kubectl: refuses                kubectl cannot even show it
#include <filesystem>
#include <sstream>

#include <sys/stat.h>

#include "kubernetes/base64.h"
#include "kubernetes/kubectl.h"
#include "kubernetes/loading.h"
#include "kubernetes/server_url.h"

using namespace le_run;
using namespace le_run::kubernetes;
using namespace le_run::test;
using nlohmann::json;

namespace {

const std::string kFolder = kFixtures + "clouds";

std::vector<std::string> fixtures() {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
        if (entry.path().extension() == ".yaml") {
            paths.push_back(entry.path());
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

// What the head of a fixture says; empty: nothing.
std::string expected(const std::string& path, const std::string& key) {
    std::istringstream lines(read_file(path));
    const std::string head = "# " + key + ": ";
    for (std::string line; std::getline(lines, line) && line.starts_with('#');) {
        if (line.starts_with(head)) {
            return line.substr(head.size());
        }
    }
    return {};
}

// The programs that the fixtures' plugins need; they are never run.
const ScratchFolder& programs() {
    static const ScratchFolder folder;
    static const bool filled = [] {
        for (const char* name :
             {"aws", "aws-iam-authenticator", "aws-vault", "gke-gcloud-auth-plugin", "kubelogin",
              "oc", "doctl", "oci", "ibmcloud", "kubectl", "tsh"}) {
            ::chmod(folder.write(name, "#!/bin/sh\nexit 1\n").c_str(), 0700);
        }
        return true;
    }();
    REQUIRE(filled);
    return folder;
}

KubeconfigRequest request_for(const std::string& path) {
    auto wanted = request(path);
    wanted.variables = {"PATH=" + programs().path(), "HOME=/home/a"};
    return wanted;
}

bool has_header(const ClusterConfig& config, const std::string& name, const std::string& head) {
    return std::any_of(config.headers.begin(), config.headers.end(), [&](const auto& header) {
        return header.first == name && header.second.starts_with(head);
    });
}

std::string describe(const ClusterConfig& config) {
    const auto& endpoint = config.endpoint;
    std::string text = endpoint.host + " " + endpoint.port;
    std::string how;
    if (!config.token.token.empty()) {
        how += " token";
    }
    if (!config.token.file.empty()) {
        how += " token-file";
    }
    if (!endpoint.tls_config.client_key_pem.empty()) {
        how += " certificate";
    }
    if (config.plugin) {
        how += " exec:" + config.plugin->name;
    }
    if (has_header(config, "Authorization", "Basic ")) {
        how += " password";
    }
    if (!endpoint.tls) {
        how += " http";
    }
    text += how.empty() ? " anonymous" : how;
    if (!endpoint.tls_config.verify) {
        text += " unverified";
    }
    if (endpoint.proxy) {
        text += " proxy:" + endpoint.proxy->host + ":" + endpoint.proxy->port;
    }
    if (has_header(config, "Impersonate-User", "")) {
        text += " as:" + config.headers.front().second;
    }
    return text;
}

std::string text_at(const json& part, const char* key) {
    const auto found = part.find(key);
    return found == part.end() || found->is_null() ? "" : found->get<std::string>();
}

std::string data_at(const json& part, const char* key) {
    return decode_base64(text_at(part, key)).value();
}

void check_same_exec(const ExecPlugin& plugin, const json& exec) {
    CHECK(plugin.api_version == text_at(exec, "apiVersion"));
    std::vector<std::string> argv{text_at(exec, "command")};
    if (exec.contains("args") && !exec.at("args").is_null()) {
        for (const auto& one : exec.at("args")) {
            argv.push_back(one);
        }
    }
    CHECK(plugin.command.argv == argv);
    if (!exec.contains("env") || exec.at("env").is_null()) {
        return;
    }
    for (const auto& one : exec.at("env")) {
        const std::string entry = text_at(one, "name") + "=" + text_at(one, "value");
        CHECK(std::count(plugin.command.environment.begin(), plugin.command.environment.end(),
                         entry) == 1);
    }
}

// Against what kubectl shows of the same file.
void check_same(const ClusterConfig& config, const json& view) {
    const json& cluster = view.at("clusters").at(0).at("cluster");
    const auto server = split_server_url(text_at(cluster, "server"));
    const auto& endpoint = std::get<net::Endpoint>(server);
    const auto& tls = config.endpoint.tls_config;
    CHECK(config.endpoint.tls == endpoint.tls);
    CHECK(config.endpoint.host == endpoint.host);
    CHECK(config.endpoint.port == endpoint.port);
    CHECK(config.endpoint.base_path == endpoint.base_path);
    CHECK(tls.server_name == text_at(cluster, "tls-server-name"));
    CHECK(tls.verify != cluster.value("insecure-skip-tls-verify", false));
    CHECK(tls.ca_pem.value_or("") == data_at(cluster, "certificate-authority-data"));
    CHECK(config.endpoint.proxy.has_value() == cluster.contains("proxy-url"));
    CHECK(config.default_namespace ==
          text_at(view.at("contexts").at(0).at("context"), "namespace"));
    const json& users = view.at("users");
    const json user = users.is_null() || users.empty() ? json::object() : users.at(0).at("user");
    CHECK(config.token.token == text_at(user, "token"));
    const std::string token_file = text_at(user, "tokenFile");
    CHECK(config.token.file == in_folder_of(kFolder + "/x", token_file));
    CHECK(tls.client_certificate_pem == data_at(user, "client-certificate-data"));
    CHECK(tls.client_key_pem == data_at(user, "client-key-data"));
    CHECK(has_header(config, "Impersonate-User", text_at(user, "as")) == user.contains("as"));
    if (user.contains("as-groups")) {
        for (const auto& group : user.at("as-groups")) {
            CHECK(has_header(config, "Impersonate-Group", group));
        }
    }
    if (config.plugin) {
        check_same_exec(*config.plugin, user.at("exec"));
    }
}

} // namespace

TEST_CASE("kubeconfigs of the common clouds and tools, good and broken") {
    const auto all = fixtures();
    CHECK(all.size() >= 50);
    for (const std::string& path : all) {
        CAPTURE(path);
        std::string refused = expected(path, "refused");
        if (const auto at = refused.find("FOLDER"); at != std::string::npos) {
            refused.replace(at, 6, kFolder);
        }
        const auto text = complaint(request_for(path));
        if (!refused.empty()) {
            CHECK_THAT(text, contains("kubeconfig " + path) && contains(refused));
            CHECK_THAT(text, !contains("hidden"));
            continue;
        }
        CHECK(text == "no complaint");
        if (text != "no complaint") {
            continue;
        }
        const auto config = load_cluster_config(request_for(path));
        CHECK(describe(config) == expected(path, "reads"));
        CHECK(config.default_namespace == expected(path, "namespace"));
    }
}

TEST_CASE("kubectl reads the same from the clouds' kubeconfigs") {
    for (const std::string& path : fixtures()) {
        CAPTURE(path);
        const auto view = kubectl_view(path);
        if (!view) {
            WARN("needs kubectl: not run");
            return;
        }
        const bool is_refused = !expected(path, "refused").empty();
        CHECK(view->is_null() == (expected(path, "kubectl") == "refuses"));
        if (!view->is_null() && !is_refused) {
            check_same(load_cluster_config(request_for(path)), *view);
        }
    }
}

TEST_CASE("what a plugin is told of the cluster") {
    const auto plugin = load_cluster_config(request_for(kFolder + "/pinniped.yaml")).plugin.value();
    const auto entry = std::find_if(
        plugin.command.environment.begin(), plugin.command.environment.end(),
        [](const std::string& text) { return text.starts_with("KUBERNETES_EXEC_INFO="); });
    REQUIRE(entry != plugin.command.environment.end());
    const json info = json::parse(entry->substr(entry->find('=') + 1));
    CHECK(
        info ==
        json{{"kind", "ExecCredential"},
             {"apiVersion", "client.authentication.k8s.io/v1beta1"},
             {"spec",
              {{"interactive", false},
               {"cluster",
                {{"server", "https://10.20.30.40:443"},
                 {"certificate-authority-data", encode_base64(read_file(kFixtures + "pki/ca.crt"))},
                 {"config",
                  {{"audience", "06e3fbd18de8"}, {"strict", true}, {"ports", {1, 2}}}}}}}}});
    CHECK(plugin.command.program == kFolder + "/./plugins/pinniped");
    CHECK(std::count(plugin.command.environment.begin(), plugin.command.environment.end(),
                     "HOME=/home/a") == 1);

    // Others are not told; and a variable of the plugin's own wins over an inherited one.
    auto wanted = request_for(kFolder + "/eks-aws-cli.yaml");
    wanted.variables.push_back("AWS_PROFILE=inherited");
    const auto aws = load_cluster_config(wanted).plugin.value();
    CHECK(
        aws.command.environment ==
        std::vector<std::string>{
            "PATH=" + programs().path(), "HOME=/home/a", "AWS_PROFILE=prod",
            R"(KUBERNETES_EXEC_INFO={"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":false}})"});
    CHECK(aws.secrets == std::vector<std::string>{"prod"});
}

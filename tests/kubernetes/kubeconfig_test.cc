#include <filesystem>

#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "kubernetes/base64.h"
#include "kubernetes/kubectl.h"
#include "kubernetes/loading.h"

using namespace le_run;
using namespace le_run::kubernetes;
using namespace le_run::test;

TEST_CASE("a kubeconfig with files beside it") {
    const auto config = load("files.yaml");
    CHECK(config.endpoint.tls);
    CHECK(config.endpoint.host == "api.example.test");
    CHECK(config.endpoint.port == "6443");
    CHECK(config.endpoint.base_path.empty());
    CHECK(config.endpoint.tls_config.ca_pem == read_file(kFixtures + "pki/ca.crt"));
    CHECK(config.endpoint.tls_config.client_certificate_pem ==
          read_file(kFixtures + "pki/client.crt"));
    CHECK(config.endpoint.tls_config.client_key_pem == read_file(kFixtures + "pki/client.key"));
    CHECK(config.endpoint.tls_config.server_name == "kubernetes.default");
    CHECK(config.token.token.empty());
    CHECK(config.token.file.empty());
    CHECK(config.default_namespace == "batch");
    CHECK_THAT(config.source, contains("files.yaml, context work"));
    CHECK(lock_namespace(config, "") == "batch");
    CHECK(lock_namespace(config, "given") == "given");
}

TEST_CASE("a kubeconfig with everything inside, IPv6 and a path") {
    const auto config = load("data.yaml");
    CHECK(config.endpoint.host == "2001:db8::1");
    CHECK(config.endpoint.port == "6443");
    CHECK(config.endpoint.base_path == "/k8s/clusters/c-1");
    CHECK(config.endpoint.tls_config.ca_pem == read_file(kFixtures + "pki/ca.crt"));
    CHECK(config.endpoint.tls_config.client_certificate_pem ==
          read_file(kFixtures + "pki/client.crt"));
    CHECK(config.endpoint.tls_config.client_key_pem == read_file(kFixtures + "pki/client.key"));
    CHECK(lock_namespace(config, "") == "default");
}

TEST_CASE("a kubeconfig in JSON, with a token and without a CA") {
    const auto config = load("config.json");
    CHECK(config.endpoint.host == "10.0.0.1");
    CHECK(config.endpoint.port == "443");
    CHECK(config.token.token == "a-fixed-token");
    CHECK_FALSE(config.endpoint.tls_config.ca_pem.has_value()); // the system's store
}

TEST_CASE("a value with a tag of YAML's own is what the tag says, as for kubectl") {
    struct Row {
        std::string token, wanted, complaint;
    };
    const auto row = GENERATE(values<Row>({
        {"!!binary aGlkZGVu", "hidden", ""},
        {"!!binary \"aGlk\\nZGVu\"", "hidden", ""},
        {"!<tag:yaml.org,2002:binary> aGlkZGVu", "hidden", ""},
        {"!!str 12", "12", ""},
        {"!mine aGlkZGVu", "aGlkZGVu", ""},
        {"!!binary hidden%", "", "token is !!binary, but not the base64 of a text"},
        {"!!binary /w==", "", "token is !!binary, but not the base64 of a text"},
        {"!!int 12", "", "token is a number"},
        {"!!bool \"on\"", "", "token is a truth value"},
        {"!!null \"hidden\"", "", ""},
    }));
    CAPTURE(row.token);
    const std::string text =
        config_of("{server: \"https://10.0.0.1\"}", "{token: " + row.token + "}");
    if (!row.complaint.empty()) {
        CHECK_THAT(complaint_about(text), contains(row.complaint) && !contains("hidden"));
        return;
    }
    CHECK(load_text(text).token.token == row.wanted);
    const ScratchFolder folder;
    if (const auto view = kubectl_view(folder.write("config", text)); view && !view->is_null()) {
        CHECK(view->at("users").at(0).at("user").value("token", "") == row.wanted);
    }
}

TEST_CASE(
    "certificates in !!binary are base64 of base64, and a truth may have a tag, as for kubectl") {
    const std::string once = encode_base64(read_file(kFixtures + "pki/ca.crt"));
    const auto cluster = [](const std::string& more) {
        return config_of("{server: \"https://10.0.0.1\", " + more + "}", "{}");
    };
    const std::string key = "certificate-authority-data: !!binary ";
    CHECK(load_text(cluster(key + encode_base64(once))).endpoint.tls_config.ca_pem ==
          read_file(kFixtures + "pki/ca.crt"));
    CHECK_THAT(complaint_about(cluster(key + once)),
               contains("certificate-authority-data is not base64"));
    const auto config = load_text(cluster("insecure-skip-tls-verify: !!bool \"true\""));
    CHECK_FALSE(config.endpoint.tls_config.verify);
}

TEST_CASE("a cluster's proxy comes before the environment's") {
    const ScratchFolder folder;
    const Variables variables{{"HTTPS_PROXY", "http://other:1"}};
    const auto proxy_of = [&](const std::string& cluster) {
        const auto path = folder.write("config", config_of(cluster, "{}"));
        return load_cluster_config(request(path, variables)).endpoint.proxy.value();
    };
    const auto proxy = proxy_of("{server: \"https://a\", proxy-url: \"https://u:p@[::1]:8443/\"}");
    CHECK(proxy.host == "::1");
    CHECK(proxy.port == "8443");
    CHECK(proxy.password == "p");
    CHECK(proxy_of("{server: \"https://a\"}").host == "other");
}

TEST_CASE("a token file is relative to the kubeconfig") {
    CHECK(load("token-file.yaml").token.file == kFixtures + "pki/token");
}

TEST_CASE("over plain http nothing secret is used, as by kubectl") {
    const auto config = load("plain-http.yaml");
    CHECK_FALSE(config.endpoint.tls);
    CHECK(config.endpoint.port == "8001");
    CHECK(config.warnings.empty());
    for (const std::string user :
         {"{token: a-secret}", "{tokenFile: pki/gone}", "{username: a, password: b}",
          "{client-certificate: pki/client.crt, client-key: pki/client.key}",
          "{exec: {command: gone}}"}) {
        CAPTURE(user);
        const auto without = load_text(config_of("{server: \"http://127.0.0.1:8001\"}", user));
        CHECK(without.token.token.empty());
        CHECK(without.token.file.empty());
        CHECK(without.headers.empty());
        CHECK(without.endpoint.tls_config.client_key_pem.empty());
        REQUIRE(without.warnings.size() == 1);
        CHECK_THAT(without.warnings.front(), contains("are not used") && !contains("a-secret"));
    }
}

TEST_CASE("a server that is not verified is warned of") {
    const auto config =
        load_text(config_of("{server: \"https://a\", insecure-skip-tls-verify: true}", "{}"));
    CHECK_FALSE(config.endpoint.tls_config.verify);
    REQUIRE(config.warnings.size() == 1);
    CHECK_THAT(config.warnings.front(), contains("DANGER") && contains("certificate-authority"));
}

TEST_CASE("who is impersonated, and a password") {
    const auto config = load_text(config_of(
        "{server: \"https://a\"}",
        "{username: bob, password: \"s: 3\", as: jane, as-uid: \"7\", as-groups: [dev, ops], "
        "as-user-extra: {Reason: [x, w], \"a/b%\": [z]}}"));
    const std::vector<std::pair<std::string, std::string>> wanted{
        {"Impersonate-User", "jane"},        {"Impersonate-Uid", "7"},
        {"Impersonate-Group", "dev"},        {"Impersonate-Group", "ops"},
        {"Impersonate-Extra-Reason", "x"},   {"Impersonate-Extra-Reason", "w"},
        {"Impersonate-Extra-a%2Fb%25", "z"}, {"Authorization", "Basic Ym9iOnM6IDM="}};
    CHECK(config.headers == wanted);
}

TEST_CASE("where a configuration is looked for, in order") {
    const ScratchFolder home;
    const std::string service_account = home.file("sa");
    std::filesystem::create_directories(home.file(".kube"));
    std::filesystem::create_directories(service_account);
    const Variables pod{{"KUBERNETES_SERVICE_HOST", "10.96.0.1"},
                        {"KUBERNETES_SERVICE_PORT", "443"}};
    const auto with = [](Variables all, const Variables& more) {
        all.insert(more.begin(), more.end());
        return all;
    };
    const Variables at_home{{"HOME", home.path()}};

    // Nothing anywhere.
    auto text = complaint(request({}, {}, service_account));
    CHECK_THAT(text, contains("no kubeconfig") && contains("HOME is not set"));
    text = complaint(request({}, at_home, service_account));
    CHECK_THAT(text, contains(home.path() + "/.kube/config is missing"));

    // The home's file is the last resort.
    home.write(".kube/config", read_file(kFixtures + "config.json"));
    auto config = load_cluster_config(request({}, at_home, service_account));
    CHECK_THAT(config.source, contains(home.path() + "/.kube/config, context j"));
    // A pod without a token takes it too.
    config = load_cluster_config(request({}, with(pod, at_home), service_account));
    CHECK_THAT(config.source, contains(home.path() + "/.kube/config"));

    // The service account comes before it.
    home.write("sa/ca.crt", read_file(kFixtures + "pki/ca.crt"));
    home.write("sa/token", "pod-token\n");
    home.write("sa/namespace", "team-a\n");
    config = load_cluster_config(request({}, with(pod, at_home), service_account));
    CHECK(config.endpoint.host == "10.96.0.1");
    CHECK(config.endpoint.port == "443");
    CHECK(config.endpoint.tls_config.ca_pem == read_file(kFixtures + "pki/ca.crt"));
    CHECK(config.token.file == service_account + "/token");
    CHECK(lock_namespace(config, "") == "team-a");
    CHECK(lock_namespace(config, "mine") == "mine");

    // Not when a context is chosen: the pod has none.
    auto chosen = request({}, with(pod, at_home), service_account);
    chosen.choice.context = "j";
    CHECK_THAT(load_cluster_config(chosen).source, contains(home.path() + "/.kube/config"));
    chosen = request({}, pod, service_account);
    chosen.choice.user = "u";
    CHECK_THAT(complaint(chosen), contains("--context, --cluster and --user need one"));

    // KUBECONFIG comes before the service account, with its files that exist.
    const std::string list =
        "/nonexistent/a::" + kFixtures + "files.yaml:" + kFixtures + "data.yaml";
    const auto listed = with(with(pod, at_home), {{"KUBECONFIG", list}});
    config = load_cluster_config(request({}, listed, service_account));
    CHECK_THAT(config.source, contains("files.yaml:" + kFixtures + "data.yaml, context work"));
    text = complaint(request({}, with(at_home, {{"KUBECONFIG", "/nonexistent/a:/nonexistent/b"}})));
    CHECK_THAT(text,
               contains("no file that KUBECONFIG names exists") && contains("/nonexistent/b"));
    // An empty one counts as none.
    config = load_cluster_config(request({}, with(at_home, {{"KUBECONFIG", ""}})));
    CHECK_THAT(config.source, contains(".kube/config"));

    // The flag comes first, and what it names must be there.
    config = load_cluster_config(request(kFixtures + "token-file.yaml", listed, service_account));
    CHECK_THAT(config.source, contains("token-file.yaml"));
    text = complaint(request("/nonexistent/kubeconfig", listed, service_account));
    CHECK(text == "kubeconfig /nonexistent/kubeconfig is missing; correct its path, or the file");
}

TEST_CASE("a broken service account") {
    const ScratchFolder folder;
    const auto in_pod = [&](const std::string& host, const std::string& port) {
        return complaint(
            request({}, {{"KUBERNETES_SERVICE_HOST", host}, {"KUBERNETES_SERVICE_PORT", port}},
                    folder.path()));
    };
    CHECK_THAT(in_pod("10.0.0.1", "443"), contains(folder.file("ca.crt") + " is missing"));
    folder.write("ca.crt", "no pem");
    CHECK_THAT(in_pod("10.0.0.1", "443"), contains("ca.crt holds no certificate in PEM form"));
    folder.write("ca.crt", read_file(kFixtures + "pki/ca.crt"));
    CHECK_THAT(in_pod("10.0.0.1", "443"), contains(folder.file("token") + " is missing"));
    folder.write("token", "");
    CHECK_THAT(in_pod("10.0.0.1", "443"), contains(folder.file("token") + " is empty"));
    folder.write("token", "t");
    CHECK_THAT(in_pod("10.0.0.1", "https"), contains("has no valid port"));
    CHECK(in_pod("10.0.0.1", "443") == "no complaint"); // without a namespace file
    for (const std::string host : {"fd00::1", "[fd00::1]"}) {
        const auto config = load_cluster_config(
            request({}, {{"KUBERNETES_SERVICE_HOST", host}, {"KUBERNETES_SERVICE_PORT", "443"}},
                    folder.path()));
        CHECK(config.endpoint.host == "fd00::1");
        CHECK(config.endpoint.port == "443");
    }
}

TEST_CASE("broken kubeconfig files, each with its own line") {
    const auto of = [](const std::string& fixture) {
        return complaint(request(kFixtures + fixture));
    };
    CHECK_THAT(of("not-yaml.yaml"), contains("not-yaml.yaml is not YAML: line "));
    CHECK_THAT(of("no-mapping.yaml"), contains("no-mapping.yaml is not a kubeconfig"));
    CHECK_THAT(of("empty.yaml"), contains("empty.yaml is empty"));
    CHECK_THAT(of("no-context.yaml"), contains("contexts has no entry named \"gone\"") &&
                                          contains("current-context asks for") &&
                                          contains("it has: one, two"));
    CHECK_THAT(of("missing-key-file.yaml"), contains("users[u].user.client-key names " + kFixtures +
                                                     "pki/gone.key, which is missing"));
    CHECK_THAT(of("exec.yaml"),
               contains("users[cloud].user.exec.command names a credential plugin that cannot be "
                        "run: command \"cloud-token\" was not found"));
    CHECK_THAT(of("pki"), contains("is a folder, not a file"));
    CHECK_THAT(of("files.yaml/x"), contains("is missing"));
}

TEST_CASE("what a kubeconfig may say wrong") {
    struct Row {
        std::string cluster, user, wanted;
    };
    const std::string good_cluster = "{server: \"https://10.0.0.1\"}";
    const auto row = GENERATE_COPY(values<Row>({
        {"{}", "{}", "clusters[c].cluster.server is missing"},
        {"{server: [a]}", "{}", "clusters[c].cluster.server is a list; write a text"},
        {"{server: 10.0.0.1}", "{}", "\"10.0.0.1\" does not begin with https://"},
        {"{server: \"https://\"}", "{}", "has no valid host"},
        {"{server: \"https://a:0\"}", "{}", "has no valid port"},
        {"{server: \"https://a:70000\"}", "{}", "has no valid port"},
        {"{server: \"https://[::1\"}", "{}", "has a [ without a ]"},
        {"{server: \"https://[nix]\"}", "{}", "no IPv6 address"},
        {"{server: \"https://a b\"}", "{}", "holds blanks"},
        {"{server: \"https://u:hidden@a\"}", "{}", "server holds one of ? # @"},
        {"{server: \"https://a\", insecure-skip-tls-verify: \"true\"}", "{}",
         "insecure-skip-tls-verify is a text; write true or false, without quotes"},
        {"{server: \"https://a\", insecure-skip-tls-verify: Yes, "
         "certificate-authority: pki/ca.crt}",
         "{}", "insecure-skip-tls-verify is true beside a certificate authority"},
        {"{server: 1.5}", "{}", "server is a number (1.5); write a text, in quotes"},
        {"{server: \"https://a\", proxy-url: \"p:3128\"}", "{}", "proxy-url "},
        {"{server: \"https://a\", proxy-url: \"http://u:hidden@\"}", "{}", "proxy-url "},
        {"{server: \"https://a\", proxy-url: \"ftp://p\"}", "{}", "proxy-url "},
        {"{server: \"https://a\", proxy-url: \"http://p/x\"}", "{}", "proxy-url "},
        {"{server: \"https://a\", certificate-authority: pki/gone.crt}", "{}",
         "pki/gone.crt, which is missing"},
        {"{server: \"https://a\", certificate-authority: pki/empty}", "{}",
         "holds no certificate in PEM form"},
        {"{server: \"https://a\", certificate-authority: pki/damaged.crt}", "{}",
         "cannot be read (number 1)"},
        {"{server: \"https://a\", certificate-authority-data: \"%%%\"}", "{}",
         "clusters[c].cluster.certificate-authority-data is not base64"},
        {"{server: \"https://a\", certificate-authority-data: YWJj}", "{}",
         "holds no certificate in PEM form"},
        {"text", "{}", "clusters[c].cluster is a text; write a mapping"},
        {good_cluster, "text", "users[u].user is a text; write a mapping"},
        {good_cluster, "{client-certificate: pki/client.crt}",
         "users[u].user.client-key is missing"},
        {good_cluster, "{client-key: pki/client.key}",
         "users[u].user.client-certificate is missing"},
        {good_cluster, "{client-certificate: pki/client.crt, client-key: pki/other.key}",
         "does not belong to client-certificate"},
        {good_cluster, "{client-certificate: pki/client.crt, client-key: pki/locked.key}",
         "holds a key with a passphrase"},
        {good_cluster, "{client-certificate: pki/client.crt, client-key: pki/ca.crt}",
         "holds no private key"},
        {good_cluster, "{client-certificate: pki/client.key, client-key: pki/client.key}",
         "holds no certificate"},
        {good_cluster, "{token: \"hidden words\"}", "users[u].user.token holds blanks"},
        {good_cluster, "{tokenFile: pki/gone}", "pki/gone is missing"},
        {good_cluster, "{tokenFile: pki/empty}", "pki/empty is empty"},
        {good_cluster, "{tokenFile: pki/two-words}", "is not a token"},
        {good_cluster, "{token: 12}", "users[u].user.token is a number; write a text, in quotes"},
        {good_cluster, "{token: on}", "token is a truth value; write a text, in quotes"},
        {good_cluster, "{token: [hidden]}", "token is a list; write a text"},
        {good_cluster, "{auth-provider: {name: gcp}}", "gke-gcloud-auth-plugin"},
        {good_cluster, "{auth-provider: {name: azure}}", "kubelogin convert-kubeconfig"},
        {good_cluster, "{auth-provider: {name: oidc}}",
         "auth-provider \"oidc\" is not supported; install kubelogin"},
        {good_cluster, "{auth-provider: {name: x}}", "exec plugin or a tokenFile"},
        {good_cluster, "{username: a, password: hidden, token: hidden}",
         "username is given together with a token"},
        {good_cluster, "{as-groups: [a]}", "users[u].user.as is missing"},
        {good_cluster, "{as-uid: a}", "users[u].user.as is missing"},
        {good_cluster, "{as: a, as-groups: hidden}", "as-groups is a text; write a list of texts"},
        {good_cluster, "{as: a, as-groups: [b, 5]}", "as-groups[1] is a number"},
        {good_cluster, "{as: a, as-user-extra: [hidden]}", "as-user-extra is a list"},
        {good_cluster, "{as: a, as-user-extra: {k: hidden}}", "as-user-extra.k is a text"},
        {good_cluster, "{as: \"a\\r\\nX: hidden\"}", "as holds control characters"},
    }));
    CAPTURE(row.cluster, row.user);
    const auto text = complaint_about(config_of(row.cluster, row.user));
    CHECK_THAT(text, contains("kubeconfig /") && contains(row.wanted));
    CHECK_THAT(text, !contains("hidden") && !contains("two words") && !contains("\n"));
}

TEST_CASE("lists of a kubeconfig that make no sense") {
    struct Row {
        std::string text, wanted;
    };
    const auto row = GENERATE(values<Row>({
        {"contexts: []", "current-context is missing or empty"},
        {"current-context: c",
         "contexts has no entry named \"c\", which current-context asks for; the list is empty"},
        {"current-context: c\ncontexts: text", "contexts is a text; write a list"},
        {"current-context: c\ncontexts: [text]", "contexts[0] is a text; write a mapping"},
        {"current-context: c\ncontexts: [{context: {}}]", "contexts has no entry named \"c\""},
        {"current-context: c\ncontexts: [{name: 7}]", "contexts[0].name is a number"},
        {"current-context: y", "current-context is a truth value (y); write a text, in quotes"},
        {"kind: Pod", "kind is \"Pod\": this is not a kubeconfig"},
        {"apiVersion: v7", "apiVersion is \"v7\""},
        {"current-context: c\ncontexts: [{name: c}]", "contexts[c].context.cluster is missing"},
        {"current-context: c\ncontexts: [{name: c, context: {}}, {name: c, context: {}}]",
         "two entries named \"c\""},
        {"current-context: c\ncontexts: [{name: c, context: {}}]",
         "contexts[c].context.cluster is missing"},
        {"current-context: c\ncontexts: [{name: c, context: {cluster: k}}]",
         "clusters has no entry named \"k\", which contexts[c] asks for"},
        {"current-context: c\ncontexts: [{name: c, context: {cluster: k, user: w}}]\n"
         "clusters: [{name: k, cluster: {server: \"https://a\"}}]",
         "users has no entry named \"w\", which contexts[c] asks for"},
        {"current-context: \"a\\nb\"", "contexts has no entry named \"a b\""},
    }));
    CAPTURE(row.text);
    CHECK_THAT(complaint_about(row.text), contains(row.wanted) && !contains("\n"));
}

TEST_CASE("a kubeconfig that is meant to break the reader") {
    std::string deep = "current-context: ";
    deep.append(100'000, '[');
    CHECK_THAT(complaint_about(deep), contains("is not YAML"));
    CHECK_THAT(complaint_about(std::string(5 * 1024 * 1024, '#')),
               contains("is larger than 4096 KiB"));
    CHECK_THAT(complaint_about("a: &a [*a, *a]\ncurrent-context: *a"), contains("kubeconfig"));
    CHECK_THAT(complaint_about("users: *hidden"), contains("is not YAML") && !contains("hidden"));
    CHECK_THAT(complaint_about(std::string("\xff\xfe\x00\x01", 4)), contains("kubeconfig"));
    CHECK_THAT(complaint_about("? {a: b}\n: c\ncurrent-context: c"),
               contains("contexts has no entry"));
}

TEST_CASE(
    "a credential plugin in the current folder is not found through PATH, as kubectl has it") {
    const ScratchFolder folder;
    ::chmod(folder.write("here-plugin", "#!/bin/sh\n").c_str(), 0700);
    const std::string config = folder.write(
        "config", config_of("{server: \"https://h\"}",
                            "{exec: {apiVersion: client.authentication.k8s.io/v1, command: "
                            "here-plugin, interactiveMode: Never}}"));
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.path());
    const auto name = std::filesystem::path(folder.path()).filename().string();
    for (const std::string& path :
         std::vector<std::string>{":/bin", "/bin:", "/bin::/sbin", ".", "./", "../" + name}) {
        CAPTURE(path);
        auto wanted = request(config);
        wanted.variables = {"PATH=" + path};
        CHECK_THAT(complaint(wanted), contains("only relative to the current folder") &&
                                          contains("give its whole path"));
    }
    auto wanted = request(config);
    wanted.variables = {"PATH=:" + folder.path()}; // the first that is found counts, as in Go
    CHECK_THAT(complaint(wanted), contains("only relative"));
    wanted.variables = {"PATH=/bin:" + folder.path()};
    CHECK(complaint(wanted) == "no complaint");
    std::filesystem::current_path(before);
}

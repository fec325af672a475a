// Several kubeconfig files as one, and what is chosen from them.
#include "kubernetes/kubectl.h"
#include "kubernetes/loading.h"

using namespace le_run;
using namespace le_run::kubernetes;
using namespace le_run::test;

namespace {

// Two files that share names; the entries of `second` with those names hold more.
const std::string kFirst = R"(
current-context: x
clusters:
- {name: c, cluster: {server: "https://one:1"}}
contexts:
- {name: x, context: {cluster: c, user: u}}
users:
- {name: u, user: {token: first}}
)";
const std::string kSecond = R"(
current-context: z
clusters:
- {name: c, cluster: {server: "https://two:1", tls-server-name: two}}
- {name: d, cluster: {server: "https://d:1", certificate-authority: pki/ca.crt}}
contexts:
- {name: x, context: {cluster: d, user: v, namespace: two}}
- {name: z, context: {cluster: d, user: v}}
users:
- {name: u, user: {username: bob}}
- {name: v, user: {client-certificate: pki/client.crt, client-key: pki/client.key}}
)";
const std::string kNoContext = "users:\n- {name: u, user: {token: third}}\n";

class Files {
public:
    Files() {
        paths["first"] = one.write("config", kFirst);
        paths["second"] = two.write("config", kSecond);
        paths["third"] = one.write("third", kNoContext);
        paths["empty"] = one.write("empty", "");
        paths["gone"] = one.file("gone");
        paths["broken"] = one.write("broken", "users: [");
        paths[""] = "";
    }

    // The paths of some of them, separated by ':'.
    std::string list(const std::vector<std::string>& names) const {
        std::string all;
        for (const std::string& name : names) {
            all += (&name == &names.front() ? "" : ":") + paths.at(name);
        }
        return all;
    }

    PkiFolder one, two;
    std::map<std::string, std::string> paths;
};

KubeconfigRequest chosen(const std::string& list, const ContextChoice& choice) {
    auto wanted = request({}, {{"KUBECONFIG", list}});
    wanted.choice = choice;
    return wanted;
}

std::string text_at(const nlohmann::json& part, const char* key) { return part.value(key, ""); }

} // namespace

TEST_CASE("the first file wins for each named entry, whole, and for the context") {
    const Files files;
    auto config = load_cluster_config(chosen(files.list({"first", "second"}), {}));
    CHECK(config.endpoint.host == "one");
    CHECK(config.endpoint.tls_config.server_name.empty()); // not from the second file
    CHECK(config.token.token == "first");
    CHECK(config.default_namespace.empty());
    CHECK_THAT(config.source, contains(", context x"));

    config = load_cluster_config(chosen(files.list({"second", "first"}), {}));
    CHECK(config.endpoint.host == "d");
    CHECK(config.endpoint.tls_config.ca_pem == read_file(kFixtures + "pki/ca.crt"));

    config = load_cluster_config(
        chosen(files.list({"gone", "third", "", "empty", "second", "first"}), {.context = "x"}));
    CHECK(config.default_namespace == "two");
    CHECK_FALSE(config.endpoint.tls_config.client_key_pem.empty()); // beside the second file
    CHECK_THAT(complaint(chosen(files.list({"first", "broken"}), {})), contains("is not YAML"));
}

TEST_CASE("a context, cluster and user that are chosen") {
    const Files files;
    const std::string both = files.list({"first", "second"});
    auto config = load_cluster_config(chosen(both, {.context = "z", .user = "u"}));
    CHECK(config.endpoint.host == "d");
    CHECK(config.token.token == "first");
    config = load_cluster_config(chosen(both, {.cluster = "d"}));
    CHECK(config.endpoint.host == "d");
    CHECK(config.token.token == "first");
    // No context at all is needed then.
    CHECK(
        load_cluster_config(
            chosen(files.one.write("c", "clusters: [{name: c, cluster: {server: \"https://h\"}}]"),
                   {.cluster = "c"}))
            .endpoint.host == "h");

    CHECK_THAT(complaint(chosen(both, {.context = "q"})),
               contains("kubeconfig " + both +
                        ": contexts has no entry named \"q\", which "
                        "--context asks for; it has: x, x, z"));
    CHECK_THAT(complaint(chosen(both, {.cluster = "q"})), contains("which --cluster asks for"));
    CHECK_THAT(complaint(chosen(both, {.user = "q"})), contains("which --user asks for"));
    CHECK_THAT(complaint(chosen(files.list({"third"}), {})),
               contains("current-context is missing or empty") && contains("--context"));
}

TEST_CASE("kubectl makes the same of several files") {
    const Files files;
    struct Row {
        std::vector<std::string> files;
        ContextChoice choice;
    };
    const auto row = GENERATE_REF(values<Row>({
        {{"first", "second"}, {}},
        {{"second", "first"}, {}},
        {{"third", "first", "second"}, {}},
        {{"gone", "", "empty", "second", "first"}, {}},
        {{"second", "third", "first"}, {.context = "x"}},
        {{"first", "second"}, {.context = "z"}},
        {{"first", "broken"}, {}},
        {{"first", "second"}, {.context = "q"}},
    }));
    const std::string list = files.list(row.files);
    CAPTURE(list, row.choice.context);
    std::vector<std::string> options;
    if (!row.choice.context.empty()) {
        options = {"--context", row.choice.context};
    }
    const auto view = kubectl_view(list, options);
    if (!view) {
        WARN("needs kubectl: not run");
        return;
    }
    const auto wanted = chosen(list, row.choice);
    CHECK(view->is_null() == (complaint(wanted) != "no complaint"));
    if (view->is_null()) {
        return;
    }
    const auto config = load_cluster_config(wanted);
    const auto& cluster = view->at("clusters").at(0).at("cluster");
    const auto& user = view->at("users").at(0).at("user");
    CHECK("https://" + config.endpoint.host + ":1" == text_at(cluster, "server"));
    CHECK(config.endpoint.tls_config.server_name == text_at(cluster, "tls-server-name"));
    CHECK(config.endpoint.tls_config.ca_pem.has_value() ==
          cluster.contains("certificate-authority-data"));
    CHECK(config.token.token == text_at(user, "token"));
    CHECK(config.endpoint.tls_config.client_key_pem.empty() != user.contains("client-key-data"));
    CHECK(config.default_namespace ==
          text_at(view->at("contexts").at(0).at("context"), "namespace"));
}

// Which proxy a configuration leads through: the kubeconfig's, else the environment's.
#include <map>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"
#include "kubernetes/kubeconfig.h"
#include "store/lease_store.h"

using namespace le_run;
using namespace le_run::test;
using namespace le_run::kubernetes;

namespace {

using Variables = std::map<std::string, std::string>;

// With a kubeconfig whose cluster is `cluster`: the proxy and where it is written, "direct", or the
// complaint.
std::string chosen(const std::string& cluster, const Variables& variables) {
    const ScratchFolder folder;
    kubernetes::KubeconfigRequest request;
    request.kubeconfig_flag =
        folder.write("config", "{apiVersion: v1, kind: Config, current-context: c, "
                               "clusters: [{name: k, cluster: " +
                                   cluster +
                                   "}], users: [{name: u, user: {}}], "
                                   "contexts: [{name: c, context: {cluster: k, user: u}}]}");
    request.environment = [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    };
    try {
        const auto proxy = kubernetes::load_cluster_config(request).endpoint.proxy;
        return proxy ? net::text_of(*proxy) + " of " + proxy->source : "direct";
    } catch (const ConfigError& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("the kubeconfig's proxy comes before the environment's, and whatever NO_PROXY says") {
    const std::string plain = "{server: \"https://api.example\"}";
    const std::string proxied = "{server: \"https://api.example\", proxy-url: \"http://k:1\"}";
    CHECK(chosen(plain, {}) == "direct");
    CHECK(chosen(plain, {{"HTTPS_PROXY", "http://e:2"}}) == "http://e:2 of HTTPS_PROXY");
    CHECK(chosen(plain, {{"https_proxy", "http://e:2"}}) == "http://e:2 of https_proxy");
    CHECK(chosen(plain, {{"HTTPS_PROXY", "http://e:2"}, {"NO_PROXY", ".example"}}) == "direct");
    CHECK(chosen(proxied, {{"HTTPS_PROXY", "http://e:2"}}) == "http://k:1 of proxy-url");
    CHECK(chosen(proxied, {{"NO_PROXY", "*"}}) == "http://k:1 of proxy-url");
    CHECK(chosen("{server: \"http://api.example\"}",
                 {{"HTTPS_PROXY", "http://s:1"}, {"HTTP_PROXY", "http://p:2"}}) ==
          "http://p:2 of HTTP_PROXY");
}

TEST_CASE("a proxy variable that is no proxy is refused by its name, without its secret") {
    const auto text = chosen("{server: \"https://api.example\"}",
                             {{"HTTPS_PROXY", "http://me:hidden@proxy:99999"}});
    CHECK_THAT(text, contains("HTTPS_PROXY has no valid port; write http://HOST:PORT") &&
                         !contains("hidden"));
}

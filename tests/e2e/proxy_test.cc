// Where only a proxy leads to the API server; kubectl, with the same configuration, agrees.
#include <csignal>
#include <filesystem>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/http_test_server.h"

using namespace le_run::test;

namespace {

// A proxy that knows where api.test is.
struct ProxyToApiServer {
    explicit ProxyToApiServer(const ApiServerAccess& access)
        : server([port = access.port](const ServedRequest& request) {
              const auto sent = request.headers.find("proxy-authorization");
              Answer answer;
              if (sent == request.headers.end() || sent->second != "Basic bWU6aGlkZGVu") {
                  answer.status = 407;
                  answer.headers = {{"Proxy-Authenticate", "Basic realm=\"x\""}};
              } else if (request.target != std::string(kApiServerName) + ":" + port) {
                  answer.status = 502;
              } else {
                  answer.kind = Answer::Kind::kTunnel;
                  answer.body = port;
              }
              return answer;
          }) {}
    std::string url(const std::string& credentials) const {
        return "http://" + credentials + "127.0.0.1:" + server.port();
    }
    HttpTestServer server;
};

// `kubeconfig` with proxy-url.
std::string with_proxy(const Cluster& cluster, const std::string& url) {
    std::string text = cluster.kubeconfig_text({.host = kApiServerName});
    const std::string before = "    certificate-authority: ";
    text.insert(text.find(before), "    proxy-url: " + url + "\n");
    return cluster.scratch().write("proxied", text);
}

// kubectl's exit code for the same lease and configuration.
std::optional<int> kubectl_get(const Cluster& cluster, const std::string& kubeconfig,
                               const Environment& environment) {
    Process kubectl({.argv = {"kubectl", "--kubeconfig", kubeconfig, "get", "leases",
                              cluster.lease_name(), "--request-timeout", "60s"},
                     .environment = without_settings() + environment +
                                    Environment{{"HOME", cluster.scratch().path()}}, // its cache
                     .inherit_environment = false});
    return kubectl.wait();
}

} // namespace

TEST_CASE("proxy: the environment's and the kubeconfig's lead to the server, as kubectl's do") {
    const bool by_environment = GENERATE(true, false);
    Arena arena(LockKind::kKubernetes);
    const Cluster& cluster = arena.cluster();
    const ProxyToApiServer proxy(cluster.access());
    const std::string url = proxy.url("me:hidden@");
    const std::string kubeconfig =
        by_environment ? cluster.kubeconfig({.host = kApiServerName}) : with_proxy(cluster, url);
    const Environment environment =
        by_environment ? Environment{{"HTTPS_PROXY", url}} : Environment{};
    const Words lock = {"--lock", cluster.lock(), "--kubeconfig", kubeconfig};
    Replica& a = arena.start_leader("a", {.lock = lock, .environment = environment});
    arena.start_standby("b", {.lock = lock, .environment = environment}); // a watch goes through
    CHECK_FALSE(arena.record().newest("a").pid == 0);
    if (std::filesystem::exists("/usr/bin/kubectl")) {
        CHECK(kubectl_get(cluster, kubeconfig, environment) == 0);
    } else {
        WARN("no kubectl: not compared");
    }
    a.signal(SIGTERM);
    CHECK(a.wait() == 0);
    REQUIRE(arena.has_started("b"));
    for (const auto& request : proxy.server.requests()) {
        CHECK(request.method == "CONNECT");
    }
    CHECK_FALSE(proxy.server.requests().empty());
    CHECK_THAT(arena.logs(), !contains("hidden"));
    CHECK(arena.disorder() == "");
}

TEST_CASE("proxy: one that refuses is named in the log, with what to change, without the secret") {
    Arena arena(LockKind::kKubernetes);
    const Cluster& cluster = arena.cluster();
    const ProxyToApiServer proxy(cluster.access());
    const std::string kubeconfig = with_proxy(cluster, proxy.url("me:hydden@"));
    Replica& a = arena.start("a", {.lock = {"--lock", cluster.lock(), "--kubeconfig", kubeconfig}});
    const bool is_said = wait_until([&] {
        return a.logged({"cannot get lease " + cluster.lease_namespace() + "/job",
                         "api.test:" + cluster.access().port,
                         "through the proxy http://127.0.0.1:" + proxy.server.port(),
                         "does not accept the user and password of proxy-url", "correct them"});
    });
    INFO(a.log());
    CHECK(is_said);
    CHECK_THAT(a.log(), !contains("hydden"));
    CHECK(arena.record().starts("a") == 0);
}

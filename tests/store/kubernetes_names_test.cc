#include "helpers/catch.h"
#include "kubernetes/kubeconfig.h"
#include "store/kubernetes/kubernetes_store.h"

using namespace le_run;
using le_run::test::contains;

namespace {

std::string complaint(const std::string& lease_namespace, const std::string& name) {
    boost::asio::io_context loop;
    kubernetes::ClusterConfig config;
    config.endpoint.tls = false;
    config.endpoint.host = "127.0.0.1";
    config.endpoint.port = "1";
    try {
        kubernetes_store::make_kubernetes_store(loop, config, lease_namespace, name);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("names that Kubernetes takes") {
    for (const std::string name : {"a", "0", "my-worker", "a--b", "team.my-worker", "a.b.c"}) {
        CAPTURE(name);
        CHECK(complaint("default", name).empty());
    }
    CHECK(complaint("default", std::string(253, 'a')).empty());
    CHECK(complaint(std::string(63, 'n'), "a").empty());
}

TEST_CASE("names that would be another path or that Kubernetes refuses") {
    for (const std::string name : {"", ".", "..", "a/b", "../x", "a?b", "a%2fb", "A", "-a", "a-",
                                   "a..b", ".a", "a.", "a.-b", "a b", "a\n", "\xc3\xa4"}) {
        CAPTURE(name);
        CHECK_THAT(complaint("default", name), contains("lease name \"") && !contains("\n"));
    }
    CHECK_THAT(complaint("default", std::string(254, 'a')), contains("at most 253"));
    for (const std::string lease_namespace : {"", "a.b", "A", "a/b", "-"}) {
        CAPTURE(lease_namespace);
        CHECK_THAT(complaint(lease_namespace, "a"), contains("namespace \""));
    }
    CHECK_THAT(complaint(std::string(64, 'n'), "a"), contains("at most 63"));
}

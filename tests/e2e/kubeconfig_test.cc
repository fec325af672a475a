// What a kubeconfig asks for, from the command line to the API server.
#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

TEST_CASE("kubeconfig: two files as one, a context, cluster and user from each") {
    const Cluster cluster(shared_api_server());
    const ScratchFolder scratch;
    const std::string first = scratch.write(
        "first",
        "current-context: other\nusers: [{name: me, user: {token: " + std::string(kReplicaToken) +
            "}}]\ncontexts: [{name: here, context: {cluster: gone, user: gone, namespace: " +
            cluster.lease_namespace() + "}}]\n");
    const std::string list =
        first + ":" + scratch.file("gone") + ":" + cluster.kubeconfig({Credentials::kNobody});
    Replica replica({.name = "a",
                     .record = scratch.file("record"),
                     .options = {"--lock", "k8s://" + cluster.lease_name(), "--context", "here",
                                 "--cluster", "test", "--user", "me"},
                     .environment = {{"KUBECONFIG", list}}});
    const bool leads =
        wait_until([&] { return WorkRecord(scratch.file("record")).starts("a") == 1; });
    INFO(replica.log());
    REQUIRE(leads);
    CHECK(WorkRecord(scratch.file("record")).newest("a").lock == cluster.lock());
    replica.signal(SIGTERM);
    CHECK(replica.wait() == 0);
}

TEST_CASE("kubeconfig: without verification any server is taken, and the log says it loudly") {
    const Cluster cluster(shared_api_server());
    const ScratchFolder scratch;
    std::string text = cluster.kubeconfig_text({.wrong_ca = true});
    const std::string ca = "certificate-authority: " + cluster.access().file("other-ca.crt");
    text.replace(text.find(ca), ca.size(), "insecure-skip-tls-verify: true");
    Replica replica(
        {.name = "a",
         .record = scratch.file("record"),
         .options = {"--lock", cluster.lock(), "--kubeconfig", scratch.write("kubeconfig", text)}});
    const bool leads =
        wait_until([&] { return WorkRecord(scratch.file("record")).starts("a") == 1; });
    INFO(replica.log());
    REQUIRE(leads);
    CHECK(replica.log_lines({"warning", "DANGER", "insecure-skip-tls-verify"}).size() == 1);
    CHECK_FALSE(replica.logged({kReplicaToken}));
    replica.signal(SIGTERM);
    CHECK(replica.wait() == 0);
}

// It is the child's, or the machine's: what it says of ciphers, and the modules it names, are no
// business of le-run's connections.
TEST_CASE("kubeconfig: OpenSSL's configuration file has no say") {
    const Cluster cluster(shared_api_server());
    const ScratchFolder scratch;
    const std::string no_tls = scratch.write(
        "openssl.cnf", "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n"
                       "[tls]\nMaxProtocol = TLSv1.1\n");
    Replica replica({.name = "a",
                     .record = scratch.file("record"),
                     .options = {"--lock", cluster.lock(), "--kubeconfig",
                                 cluster.kubeconfig({.credentials = Credentials::kAdmin})},
                     .environment = {{"OPENSSL_CONF", no_tls}}});
    const bool leads =
        wait_until([&] { return WorkRecord(scratch.file("record")).starts("a") == 1; });
    INFO(replica.log());
    REQUIRE(leads);
    replica.signal(SIGTERM);
    CHECK(replica.wait() == 0);
}

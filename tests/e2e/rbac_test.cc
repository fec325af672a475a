// `le-run rbac`: what it prints is applied as it is, and is all that a replica needs.
#include "helpers/catch.h"
#include "helpers/cluster.h"
#include "helpers/said.h"

using namespace le_run::test;

TEST_CASE("rbac: kubectl applies what is printed, and le-run runs with exactly these rights") {
    const Cluster cluster(shared_api_server(), "0815"); // a name that looks like a number
    const Said printed = say({"rbac", "--lock", cluster.lock()});
    REQUIRE(printed.code == 0);
    for (int i = 0; i < 2; ++i) { // the second time nothing changes
        Process kubectl(cluster.kubectl({"apply", "-f", "-"}, printed.out));
        const auto applied = kubectl.wait();
        INFO(kubectl.out() + kubectl.err());
        REQUIRE(applied == 0);
        CHECK_THAT(kubectl.out(), contains(i == 0 ? "role.rbac.authorization.k8s.io/0815-leader "
                                                    "created"
                                                  : "serviceaccount/0815 unchanged"));
    }

    const std::string token = cluster.service_account_token("0815");
    REQUIRE(wait_until([&] { return cluster.status_for(token, "GET", "0815") == 404; }));
    std::string kubeconfig = cluster.kubeconfig_text();
    kubeconfig.replace(kubeconfig.find(kReplicaToken), std::string(kReplicaToken).size(), token);
    const ScratchFolder scratch;
    const Words options = {"--lock", cluster.lock(), "--kubeconfig",
                           scratch.write("config", kubeconfig)};

    const Said checked = say(Words{"check"} + options);
    INFO(checked.out);
    CHECK(checked.code == 0);
    CHECK_THAT(checked.out, !contains("not tried"));
    CHECK(checked.says("ok", "rights", {"watch is granted"}));
    const Said ran = say(options + Words{"--", "sh", "-c", "exit 7"});
    INFO(ran.err);
    CHECK(ran.code == 7);
    CHECK_THAT(ran.err, !contains("denies it"));
    CHECK(cluster.history().size() == 2); // acquired, released
    CHECK(cluster.history().back().is_release());

    CHECK(cluster.status_for(token, "GET", "other") == 403);
    CHECK(cluster.status_for(token, "DELETE", "0815") == 403);
    CHECK(cluster.status_for(token, "GET", "") == 403); // the list
}

TEST_CASE("rbac: whose namespace it is, and what needs no rights (file)") {
    const ScratchFolder scratch;
    const std::string config =
        scratch.write("config", "{apiVersion: v1, kind: Config, current-context: a, contexts: "
                                "[{name: a, context: {cluster: a, namespace: of-the-context}}], "
                                "clusters: [{name: a, cluster: {server: \"https://h.invalid\"}}]}");
    const Said from_context = say({"rbac", "--lock", "k8s://job", "--kubeconfig", config});
    CHECK(from_context.code == 0);
    CHECK_THAT(from_context.out, contains("namespace: \"of-the-context\""));
    // What an administrator is to apply holds nothing that a kubeconfig could slip into it.
    const std::string injected = scratch.write(
        "injected", "{apiVersion: v1, kind: Config, current-context: a, contexts: [{name: a, "
                    "context: {cluster: "
                    "a, namespace: \"a\\\"\\n---\\nkind: ClusterRoleBinding\"}}], "
                    "clusters: [{name: a, cluster: {server: \"https://h.invalid\"}}]}");
    const Said refused = say({"rbac", "--lock", "k8s://job", "--kubeconfig", injected});
    CHECK(refused.code == 125);
    CHECK(refused.out.empty());
    CHECK_THAT(refused.err, contains("is not valid: "));
    // The one who grants rights needs neither the kubeconfig nor the program of the run.
    const Said named = say({"rbac", "--lock", "k8s://team/job", "--kubeconfig", "/no/such/file",
                            "--", "no-such-program"});
    CHECK(named.code == 0);
    CHECK_THAT(named.out, contains("namespace: \"team\""));

    const Said unknown = say({"rbac", "--lock", "k8s://job", "--kubeconfig", "/no/such/file"});
    CHECK(unknown.code == 125);
    CHECK(unknown.out.empty());
    CHECK_THAT(unknown.err, contains("k8s://NAMESPACE/job") && contains("/no/such/file"));
    const Said file = say({"rbac", "--lock", "file:///tmp/lock"});
    CHECK(file.code == 125);
    CHECK_THAT(file.err, contains("k8s://"));
    CHECK_THAT(say({"rbac"}, {{"LE_RUN_ENABLED", "false"}}).err, contains("--lock"));
}

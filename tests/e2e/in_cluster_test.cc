// In a pod: the API server from the environment, token, CA and namespace from the service account's
// folder.
#include <csignal>

#include <sys/stat.h>
#include <unistd.h>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/pod.h"

using namespace le_run::test;

namespace {

// le-run with `folder` mounted where Kubernetes mounts the service account, in a mount namespace of
// its own.
Command in_a_pod(const Cluster& cluster, const std::string& folder, const std::string& record) {
    const Words le_run = Words{le_run_binary(), "--lock", "k8s://" + cluster.lease_name()};
    return {.argv = Words{"unshare", "--mount", "sh", "-c",
                          mounts_service_account(folder) + "exec \"$@\"", "pod"} +
                    le_run + Words{"--", TEST_WORKER, "--drain", "100"},
            .environment =
                without_settings() + api_server_variables(cluster.access()) +
                Environment{{"TEST_WORKER_REPLICA", "a"}, {"TEST_WORKER_RECORD", record}},
            .inherit_environment = false};
}

} // namespace

TEST_CASE("in cluster: the pod's service account, its namespace, and a token that is replaced") {
    if (::geteuid() != 0) {
        WARN("needs root: not run");
        return;
    }
    const Cluster cluster(shared_api_server());
    ScratchFolder folder;
    ScratchFolder scratch;
    folder.write("ca.crt", cluster.access().text("ca.crt"));
    folder.write("namespace", cluster.lease_namespace());
    folder.write("token", "a-token-that-has-expired");

    Process pod(in_a_pod(cluster, folder.path(), scratch.file("record")));
    const auto logged = [&](const std::string& word) {
        return pod.err().find(word) != std::string::npos;
    };
    const bool was_denied = wait_until([&] { return logged("(401"); });
    INFO(pod.err());
    REQUIRE(was_denied);
    folder.write("token", kReplicaToken); // as the kubelet does; read again because of the 401
    REQUIRE(wait_until([&] { return WorkRecord(scratch.file("record")).starts("a") == 1; }));
    CHECK(WorkRecord(scratch.file("record")).newest("a").lock == cluster.lock());
    pod.signal(SIGTERM);
    CHECK(pod.wait() == 0);
    CHECK(cluster.holder().empty());
    CHECK_FALSE(logged(kReplicaToken));
    CHECK_FALSE(logged("a-token-that-has-expired"));
}

TEST_CASE("in cluster: a child of another user cannot read the token, as le-run(1) says") {
    if (::geteuid() != 0) {
        WARN("needs root: not run");
        return;
    }
    const Cluster cluster(shared_api_server());
    ScratchFolder folder;
    folder.write("ca.crt", cluster.access().text("ca.crt"));
    folder.write("namespace", cluster.lease_namespace());
    const std::string token = folder.write("token", kReplicaToken);
    REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
    REQUIRE(::chmod(token.c_str(), 0400) == 0);
    const std::string mounted = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    const Words child = {"setpriv",
                         "--reuid=65534",
                         "--regid=65534",
                         "--clear-groups",
                         "sh",
                         "-c",
                         "id -u; cat " + mounted + " || exit 7"};
    Process pod({.argv = Words{"unshare", "--mount", "sh", "-c",
                               mounts_service_account(folder.path()) + "exec \"$@\"", "pod"} +
                         Words{le_run_binary(), "--lock", "k8s://" + cluster.lease_name(), "--"} +
                         child,
                 .environment = without_settings() + api_server_variables(cluster.access()),
                 .inherit_environment = false});
    const auto code = pod.wait();
    INFO(pod.err());
    CHECK(code == 7);
    CHECK(pod.out().find("65534") != std::string::npos);
    CHECK(pod.out().find(kReplicaToken) == std::string::npos);
    CHECK(pod.err().find("Permission denied") != std::string::npos);
    CHECK(cluster.holder().empty()); // won, and released after the child's end
}

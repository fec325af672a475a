// What lies in examples/ works as it is.
#include <csignal>
#include <cstdlib>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/https_client.h"

using namespace le_run::test;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
    return text;
}

std::vector<std::string> documents_of(const std::string& yaml) {
    std::vector<std::string> documents;
    for (std::size_t begin = 0; begin != std::string::npos;) {
        const auto end = yaml.find("\n---\n", begin);
        documents.push_back(yaml.substr(begin, end == std::string::npos ? end : end - begin + 1));
        begin = end == std::string::npos ? end : end + 5;
    }
    return documents;
}

std::string path_for(const std::string& document, const std::string& lease_namespace) {
    const auto is = [&](const std::string& kind) {
        return document.find("\nkind: " + kind + "\n") != std::string::npos;
    };
    const std::string rest = "/namespaces/" + lease_namespace;
    if (is("ServiceAccount")) {
        return "/api/v1" + rest + "/serviceaccounts";
    }
    if (is("Role")) {
        return "/apis/rbac.authorization.k8s.io/v1" + rest + "/roles";
    }
    if (is("RoleBinding")) {
        return "/apis/rbac.authorization.k8s.io/v1" + rest + "/rolebindings";
    }
    return is("Deployment") ? "/apis/apps/v1" + rest + "/deployments" : "";
}

} // namespace

// In a namespace of its own, and with the Role bound to a user who has no other right.
TEST_CASE("examples: the Deployment is accepted, and its Role is all that le-run needs") {
    Arena arena(LockKind::kKubernetes);
    const Cluster& cluster = arena.cluster();
    const std::string& lease_namespace = cluster.lease_namespace();
    const std::string yaml =
        replaced(read_file(LE_RUN_SOURCE_DIR "/examples/kubernetes/deployment.yaml"),
                 "namespace: default", "namespace: " + lease_namespace);
    const auto post = [&](const std::string& document) {
        const auto reply = https_request({.port = cluster.access().port,
                                          .ca_pem = cluster.access().text("ca.crt"),
                                          .method = "POST",
                                          .path = path_for(document, lease_namespace),
                                          .token = kAdminToken,
                                          .body = document,
                                          .content_type = "application/yaml"});
        INFO(reply.body);
        CHECK(reply.status == 201);
    };
    const auto documents = documents_of(yaml);
    REQUIRE(documents.size() == 4);
    for (const std::string& document : documents) {
        post(document);
    }
    post("\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  name: "
         "for-the-test\n"
         "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: example-leader}\n"
         "subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: nobody}]\n");

    Replica& a = arena.start(
        "a", {.worker = {"--drain", "100"},
              .lock = {"--kubeconfig", cluster.kubeconfig({.credentials = Credentials::kNobody}),
                       "--lock", "k8s://" + lease_namespace + "/example"}});
    REQUIRE(arena.has_started("a"));
    CHECK(arena.record().newest("a").lock == "k8s://" + lease_namespace + "/example");
    a.signal(SIGTERM);
    CHECK(a.wait() == 0);
    CHECK(a.logged({"released"}));
}

TEST_CASE("examples: the systemd unit is sound (file)") {
    ScratchFolder scratch;
    const std::string unit =
        replaced(read_file(LE_RUN_SOURCE_DIR "/examples/systemd/example-worker.service"),
                 "/usr/bin/le-run", le_run_binary());
    CHECK_THAT(unit, contains("KillMode=mixed") && contains("TimeoutStopSec="));
    const std::string file = scratch.write("example-worker.service", unit);
    const std::string said = scratch.file("said");
    // It complains of units of this machine too; of ours it must not.
    (void)std::system(("systemd-analyze verify --man=no " + file + " >" + said + " 2>&1").c_str());
    CHECK(read_file(said).find("example-worker.service") == std::string::npos);
}

TEST_CASE("examples: storage refuses what a paused leader writes too late (file)") {
    Process show({.argv = {LE_RUN_SOURCE_DIR "/examples/fencing/show.sh"},
                  .environment = {{"LE_RUN", le_run_binary()}}});
    const auto code = show.wait(std::chrono::minutes(5));
    INFO(show.out());
    INFO(show.err());
    CHECK(code == 0);
    CHECK_THAT(show.out(), contains("\"late\" refused by the database"));
    CHECK_THAT(show.out(), contains("\"late\" refused by the server"));
    const auto between = [&](const std::string& from, const std::string& to) {
        const auto begin = show.out().find(from);
        REQUIRE(begin != std::string::npos);
        return show.out().substr(begin, show.out().find(to, begin) - begin);
    };
    for (const std::string& held :
         {between("The table holds:", "== object"), between("The object holds:", "== end")}) {
        CHECK_THAT(held, contains("first") && contains("second"));
        CHECK(held.find("late") == std::string::npos);
    }
}

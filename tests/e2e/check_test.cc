// `le-run check`: what works and what does not, in words; nothing is changed.
#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/cluster.h"
#include "helpers/faulty_front.h"
#include "helpers/http_test_server.h"
#include "helpers/pod.h"
#include "helpers/said.h"

using namespace le_run::test;

namespace {

Said check(const Cluster& cluster, const KubeconfigChoice& choice = {},
           const std::string& lock = "", const Words& more = {}) {
    return say(Words{"check", "--lock", lock.empty() ? cluster.lock() : lock, "--kubeconfig",
                     cluster.kubeconfig(choice)} +
               more);
}

Said check_with(const Cluster& cluster, const std::string& kubeconfig) {
    const ScratchFolder scratch;
    return say(
        {"check", "--lock", cluster.lock(), "--kubeconfig", scratch.write("config", kubeconfig)});
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

// It ends with 125; what is behind the one that failed was not tried.
void fails_at(const Said& bad, const std::string& subject, const Words& words,
              const std::string& not_tried = "login") {
    INFO(bad.out + bad.err);
    CHECK(bad.code == 125);
    CHECK(bad.says("FAILED", subject, words));
    CHECK(bad.says("not tried", not_tried, {subject}));
    CHECK(bad.says("not tried", "latency", {subject}));
    CHECK_FALSE(bad.says("ok", "login", {}));
    CHECK_THAT(bad.out, contains("cannot be won"));
    CHECK(bad.err.empty());
}

std::string with_plugin(const Cluster& cluster, const std::string& plugin) {
    return replaced(cluster.kubeconfig_text(), std::string("token: ") + kReplicaToken,
                    "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, "
                    "command: " +
                        plugin + "}");
}

} // namespace

TEST_CASE("check: a lock file (file)") {
    const ScratchFolder scratch;
    const Said good = say({"check", "--lock", "file://" + scratch.file("lock")});
    INFO(good.out + good.err);
    CHECK(good.code == 0);
    CHECK(good.says("ok", "settings", {"15s", "12.97s"}));
    CHECK(good.says("ok", "file", {scratch.path()}));
    CHECK(good.says("ok", "lease", {"none yet"}));
    CHECK(std::filesystem::is_empty(scratch.path()));

    const Said bad = say({"check", "--lock", "file://" + scratch.file("missing/lock")});
    CHECK(bad.code == 125);
    CHECK(bad.says("FAILED", "file", {scratch.file("missing")}));
    CHECK(bad.says("not tried", "lease", {"file"}));
    CHECK(bad.err.empty());

    scratch.write("broken", "no lease");
    const Said broken = say({"check", "--lock", "file://" + scratch.file("broken")});
    INFO(broken.out);
    CHECK(broken.code == 125);
    CHECK(broken.says("FAILED", "lease", {scratch.file("broken")}));
    CHECK(read_file(scratch.file("broken")) == "no lease");
}

TEST_CASE("check: a lock file that others may read, lock or replace (file)") {
    const ScratchFolder scratch;
    const std::string path = scratch.file("lock");
    const Words lock = {"check", "--lock", "file://" + path};
    const Words won = {"--lock", "file://" + path, "--", "true"};
    REQUIRE(say(won).code == 0);
    REQUIRE(::chmod(path.c_str(), 0644) == 0); // as version 0.1.0 made it
    const Said readable = say(lock);
    INFO(readable.out);
    CHECK(readable.code == 0);
    CHECK(readable.says("warning", "locks", {"other users may read", path}));

    const int reader = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct flock all{};
    all.l_type = F_RDLCK;
    all.l_whence = SEEK_SET;
    REQUIRE(::fcntl(reader, F_OFD_SETLK, &all) == 0);
    const Said locked = say(lock);
    INFO(locked.out);
    CHECK(locked.code == 125);
    CHECK(locked.says("FAILED", "locks", {"process " + std::to_string(::getpid())}));
    ::close(reader);

    if (::geteuid() == 0) { // a file of another user, as if it had made it first
        REQUIRE(::chmod(path.c_str(), 0600) == 0);
        REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
        const Said foreign = say(lock);
        INFO(foreign.out);
        CHECK(foreign.code == 125);
        CHECK(foreign.says("FAILED", "file", {path, "65534"}));
        CHECK(say(won).code == 125);
        REQUIRE(::chown(path.c_str(), 0, 0) == 0);
    }

    REQUIRE(::chmod(scratch.path().c_str(), 0777) == 0);
    const Said replaceable = say(lock);
    INFO(replaceable.out);
    CHECK(replaceable.code == 125);
    CHECK(replaceable.says("FAILED", "file", {"other users may write the folder"}));
    CHECK(say(won).code == 125); // and a run says the same
}

TEST_CASE("check: a holder that renews is told from one that does not (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a");
    const Words words =
        Words{"check", "--lock", "file://" + arena.lock_file()} +
        Words{"--lease-duration", "6s", "--renew-deadline", "2500ms", "--retry-period", "500ms"};
    const Said live = say(words);
    INFO(live.out + live.err);
    CHECK(live.code == 0);
    CHECK(live.says("ok", "holder", {"a renews the lease"}));

    const Said other = say({"check", "--lock", "file://" + arena.lock_file()});
    CHECK(other.code == 0);
    CHECK(other.says("warning", "lease", {"6s", "15s", "give all candidates the same"}));

    ::kill(a.guard(), SIGSTOP); // it would release the lease
    a.signal(SIGKILL);
    ::kill(a.guard(), SIGKILL);
    a.wait();
    const Said stale = say(words);
    INFO(stale.out + stale.err);
    CHECK(stale.code == 0);
    CHECK(stale.says("warning", "holder", {"a has not renewed the lease for 2s", "after"}));
}

// Kubernetes before 1.28, as the real one of the other tests, does not have it.
TEST_CASE("check: the user is named by the server, where it can say who asks") {
    const HttpTestServer server([](const ServedRequest& request) -> Answer {
        if (request.target == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") {
            return {.status = 201, .body = R"({"status":{"allowed":true}})"};
        }
        if (request.target == "/apis/authentication.k8s.io/v1/selfsubjectreviews" &&
            request.method == "POST" &&
            request.body.find("SelfSubjectReview") != std::string::npos) {
            return {.status = 201,
                    .body = R"({"status":{"userInfo":{"username":"jane\u001b@example.com"}}})"};
        }
        return {.status = 404,
                .body = R"({"kind":"Status","reason":"NotFound","details":{"name":"job",)"
                        R"("kind":"leases"}})"};
    });
    const ScratchFolder scratch;
    const std::string config = scratch.write(
        "config", "{clusters: [{name: c, cluster: {server: 'http://127.0.0.1:" + server.port() +
                      "'}}], contexts: [{name: c, context: {cluster: c}}], current-context: c}");
    const Said named = say({"check", "--lock", "k8s://prod/job", "--kubeconfig", config});
    INFO(named.out);
    CHECK(named.says("ok", "login", {"accepts the credentials of jane @example.com"}));
}

TEST_CASE("check: options are refused as in a run, and a command is looked for (file)") {
    const Said bad = say({"check", "--lock", "file:///tmp/lock", "--lease-duration", "1.5s"});
    CHECK(bad.code == 125);
    CHECK_THAT(bad.err, contains("1.5s"));
    CHECK(bad.out.empty());
    CHECK_THAT(say({"check"}).err, contains("--lock"));
    for (const char* name : {"file:///tmp/lock\n", "k8s://prod/job\n", "k8s://prod\n/job"}) {
        const Said with_line_end = say({"check", "--lock", name});
        INFO(with_line_end.out + with_line_end.err);
        CHECK(with_line_end.code == 125);
        CHECK_THAT(with_line_end.err, contains("--lock"));
        CHECK(with_line_end.out.empty());
    }
    CHECK_THAT(say({"check", "rbac"}).err, contains("rbac"));
    const ScratchFolder scratch;
    const Words lock = {"check", "--lock", "file://" + scratch.file("lock"), "--"};
    CHECK(say(lock + Words{"touch", scratch.file("started")}).code == 0);
    CHECK_FALSE(std::filesystem::exists(scratch.file("started")));
    CHECK(say(lock + Words{"no-such-program"}).code == 127);

    const Said off = say({"check"}, {{"LE_RUN_ENABLED", "false"}});
    CHECK(off.code == 0);
    CHECK(off.says("warning", "settings", {"LE_RUN_ENABLED"}));
}

TEST_CASE("check: what a replica with the minimal Role can do") {
    const Cluster cluster(shared_api_server());
    const Said good = check(cluster);
    INFO(good.out + good.err);
    CHECK(good.code == 0);
    CHECK(good.says("ok", "kubeconfig", {"kubeconfig", cluster.lease_namespace() + "/job"}));
    CHECK(good.says("ok", "connection", {"127.0.0.1:"}));
    for (const char* verb : {"get", "create", "update", "watch"}) {
        CHECK(good.says("ok", "rights", {std::string(verb) + " is granted"}));
    }
    for (const char* subject : {"credentials", "TLS", "server", "login", "create", "watch"}) {
        CHECK(good.says("ok", subject, {}));
    }
    CHECK(good.says("ok", "clock", {"s"}));
    CHECK(good.says("ok", "lease", {"none yet"}));
    CHECK_THAT(good.out, contains("5 reads"));
    CHECK_THAT(good.out, contains("can be won"));
    CHECK_THAT(good.out, !contains("not tried"));
    CHECK_THAT(good.out, !contains(kReplicaToken));

    cluster.create_lease({{"holderIdentity", "somebody"}, {"leaseDurationSeconds", 16}});
    const Said held = check(cluster);
    CHECK(held.code == 0);
    CHECK(held.says("ok", "lease", {"held by somebody"}));
    CHECK(held.says("warning", "lease", {"16s", "15s"}));
    CHECK(held.says("warning", "holder", {"somebody has not renewed", "16s after"}));
}

TEST_CASE("check: nothing is changed, and little is asked") {
    const Cluster cluster(shared_api_server());
    check(cluster);
    CHECK_FALSE(cluster.lease().has_value());
    cluster.create_lease({{"holderIdentity", "somebody"}, {"leaseDurationSeconds", 15}});
    const auto before = cluster.lease();
    check(cluster);
    CHECK(cluster.lease() == before); // the version, too

    const auto asked = cluster.changing_requests_of("replica");
    CHECK(asked.size() == 2);
    for (const std::string& request : asked) {
        CHECK_THAT(request, contains("/leases?dryRun=All")); // nothing else, and only dry
    }
    CHECK(cluster.requests_of("replica", "watch") == 2);
}

TEST_CASE("check: each missing right is named with its rule") {
    const Cluster cluster(shared_api_server());
    SECTION("all") {
        const Said bad = check(cluster, {.credentials = Credentials::kNobody});
        INFO(bad.out);
        CHECK(bad.code == 125);
        for (const char* verb : {"get", "create", "update"}) {
            CHECK(bad.says("FAILED", "rights",
                           {verb, "Role", "resourceNames", cluster.lease_namespace() + "/job"}));
        }
        CHECK(bad.says("warning", "rights", {"watch"}));
        for (const char* subject : {"create", "watch", "lease", "latency"}) {
            CHECK(bad.says("not tried", subject, {"right"}));
        }
    }
    SECTION("watch alone: it works, with a warning") {
        cluster.forbid_watching();
        const Said checked = check(cluster);
        CHECK(checked.code == 0);
        CHECK(checked.says("warning", "rights", {"watch", "2s"}));
        CHECK(checked.says("not tried", "watch", {"right"}));
    }
    SECTION("create, where the lease is there: it works, with a warning") {
        cluster.create_lease({{"holderIdentity", ""}});
        cluster.forbid_creating();
        const Said checked = check(cluster);
        INFO(checked.out);
        CHECK(checked.code == 0);
        CHECK(checked.says("warning", "rights", {"create", "exists"}));
    }
}

TEST_CASE("check: the first thing that is wrong on the way is named, and the rest not tried") {
    const Cluster cluster(shared_api_server());
    SECTION("the kubeconfig") {
        fails_at(say({"check", "--lock", "k8s://a/b", "--kubeconfig", "/no/such/file"}),
                 "kubeconfig", {"/no/such/file"});
    }
    SECTION("the name") {
        fails_at(check(cluster, {.host = "no-such-host.invalid"}), "name",
                 {"no-such-host.invalid", "correct"});
    }
    SECTION("nobody listens there") {
        fails_at(check(cluster, {.port = "1"}), "connection", {"127.0.0.1:1", "refused"});
    }
    SECTION("a proxy that is not there") {
        const std::string text =
            replaced(cluster.kubeconfig_text(),
                     "    server:", "    proxy-url: http://127.0.0.1:1\n    server:");
        fails_at(check_with(cluster, text), "connection", {"127.0.0.1:1 (proxy)", "refused"});
    }
    SECTION("a credential plugin") {
        const ScratchFolder scratch;
        const std::string plugin = scratch.write("plugin", "#!/bin/sh\necho please log in >&2\n"
                                                           "exit 3\n");
        std::filesystem::permissions(plugin, std::filesystem::perms::owner_all);
        fails_at(check_with(cluster, with_plugin(cluster, plugin)), "credentials",
                 {plugin, "3", "please log in"});
    }
    SECTION("the server's certificate") {
        fails_at(check(cluster, {.wrong_ca = true}), "TLS", {"127.0.0.1"});
    }
    SECTION("the server fails") {
        FaultyFront front(cluster.access());
        front.set(FaultyFront::Mode::kAnswer500);
        fails_at(check(cluster, {.port = front.port()}), "server", {"500"});
    }
    SECTION("the server accepts connections and says nothing") {
        FaultyFront front(cluster.access());
        front.set(FaultyFront::Mode::kHang);
        fails_at(check(cluster, {.port = front.port()}), "server", {front.port(), "timed out"});
    }
    SECTION("the credentials") {
        const Said bad = check_with(
            cluster, replaced(cluster.kubeconfig_text(), kReplicaToken, "a-token-of-nobody"));
        fails_at(bad, "login", {"401", "config"}, "rights");
        CHECK_THAT(bad.out, !contains("a-token-of-nobody"));
    }
    SECTION("the namespace") {
        const Said bad =
            check(cluster, {.credentials = Credentials::kAdmin}, "k8s://no-such-namespace/job");
        CHECK(bad.code == 125);
        CHECK(bad.says("FAILED", "create", {"no-such-namespace", "does not exist"}));
    }
}

TEST_CASE("check: with credentials of a plugin") {
    const Cluster cluster(shared_api_server());
    const ScratchFolder scratch;
    const std::string plugin = scratch.write(
        "plugin", std::string("#!/bin/sh\necho '{\"apiVersion\": "
                              "\"client.authentication.k8s.io/v1\", \"kind\": \"ExecCredential\", "
                              "\"status\": {\"token\": \"") +
                      kReplicaToken + "\"}}'\n");
    std::filesystem::permissions(plugin, std::filesystem::perms::owner_all);
    const Said good = check_with(cluster, with_plugin(cluster, plugin));
    INFO(good.out + good.err);
    CHECK(good.code == 0);
    CHECK(good.says("ok", "credentials", {"plugin"}));
    CHECK_THAT(good.out, !contains(kReplicaToken));
}

TEST_CASE("check: a server that is not verified works, with warnings") {
    const Cluster cluster(shared_api_server());
    std::string text = replaced(cluster.kubeconfig_text(), "certificate-authority: ", "ignored: ");
    const Said checked = check_with(
        cluster, replaced(text, "    server:", "    insecure-skip-tls-verify: true\n    server:"));
    INFO(checked.out);
    CHECK(checked.code == 0);
    CHECK(checked.says("warning", "kubeconfig", {"insecure-skip-tls-verify"}));
    CHECK(checked.says("warning", "TLS", {"not verified"}));
}

// The server knows of the pod; that none runs makes no difference to what is asked.
TEST_CASE("check: a pod's grace period, as far as the pod may see it") {
    const Cluster cluster(shared_api_server());
    const auto apply = [&](const std::string& yaml) {
        Process kubectl(
            cluster.kubectl({"--namespace", cluster.lease_namespace(), "apply", "-f", "-"}, yaml));
        const auto code = kubectl.wait();
        INFO(kubectl.err());
        REQUIRE(code == 0);
    };
    apply(say({"rbac", "--lock", cluster.lock()}).out);
    apply("---\n{apiVersion: v1, kind: Pod, metadata: {name: worker-0}, spec: {serviceAccountName: "
          "job, "
          "terminationGracePeriodSeconds: 40, containers: [{name: a, image: b}]}}");
    const std::string token = cluster.service_account_token("job", "worker-0");
    const auto may = [&](const char* verb, const std::string& resource) {
        Process kubectl(cluster.kubectl(
            {"auth", "can-i", verb, resource, "--namespace", cluster.lease_namespace(), "--as",
             "system:serviceaccount:" + cluster.lease_namespace() + ":job"}));
        return kubectl.wait() == 0;
    };
    REQUIRE(wait_until([&] { return may("watch", "leases/job"); }));
    const ScratchFolder scratch;
    const std::string config = scratch.write(
        "config", replaced(cluster.kubeconfig_text(), std::string("token: ") + kReplicaToken,
                           "tokenFile: " + scratch.write("token", token))); // as a pod has it
    const auto checked = [&](const Words& options) {
        return say(Words{"check", "--lock", cluster.lock(), "--kubeconfig", config} + options);
    };

    const Said unseen = checked({"--stop-grace", "35s"});
    INFO(unseen.out);
    CHECK(unseen.code == 0);
    CHECK(unseen.says("warning", "pod", {"cannot be seen", "40s"}));
    CHECK(unseen.says("ok", "login", {"system:serviceaccount:", ":job"}));

    const std::string names = "metadata: {name: sees-pods}, ";
    apply("---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, " + names +
          "rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]}");
    apply("---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, " + names +
          "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: sees-pods}, "
          "subjects: [{kind: ServiceAccount, name: job}]}");
    REQUIRE(wait_until([&] { return may("get", "pods"); }));
    CHECK(checked({"--stop-grace", "35s"}).says("ok", "pod", {"40s"}));
    CHECK(checked({"--stop-grace", "36s"}).says("warning", "pod", {"40s", "41s"}));
    CHECK(checked({}).says("warning", "pod", {"40s", "--stop-grace"}));
    CHECK(checked({}).code == 0);
}

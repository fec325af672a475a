// Credentials that change, fail or hang under a running leader.
#include <atomic>
#include <csignal>

#include <sys/stat.h>
#include <sys/wait.h>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/http_test_server.h"

using namespace le_run::test;

namespace {

// Before the API server: takes bearer tokens as `accepts` judges them, instead of the server's own.
class Judge {
public:
    using Accepts = std::function<bool(const std::string& token)>;

    Judge(const ApiServerAccess& server, Accepts accepts)
        : server_(server), accepts_(std::move(accepts)),
          front_([this](const ServedRequest& request) { return answer(request); }, options()) {}

    std::string port() const { return front_.port(); }
    // It shows another certificate from the next connection on.
    void show(const PkiIdentity& identity) { front_.set_identity(identity); }
    int handshakes() const { return front_.handshakes(); }
    int refused() const { return refused_; }
    int accepted() const { return accepted_; }
    std::set<std::string> tokens() const {
        std::set<std::string> all;
        for (auto request : front_.requests()) {
            all.insert(request.headers["authorization"]);
        }
        return all;
    }

private:
    HttpTestServer::Options options() const {
        HttpTestServer::Options options;
        options.tls = ServerTls();
        options.tls->identity = {server_.text("server.crt"), server_.text("server.key")};
        return options;
    }

    Answer answer(const ServedRequest& request) {
        Answer answer;
        if (request.target.find("watch=true") != std::string::npos) {
            answer.status = 403; // le-run polls then
            return answer;
        }
        const auto authorization = request.headers.find("authorization");
        const std::string bearer = "Bearer ";
        if (authorization == request.headers.end() || !authorization->second.starts_with(bearer) ||
            !accepts_(authorization->second.substr(bearer.size()))) {
            ++refused_;
            answer.status = 401;
            return answer;
        }
        ++accepted_;
        const auto reply = https_request({.port = server_.port,
                                          .ca_pem = server_.text("ca.crt"),
                                          .method = request.method,
                                          .path = request.target,
                                          .token = kReplicaToken,
                                          .body = request.body});
        answer.status = reply.status == 0 ? 503 : reply.status;
        answer.body = reply.body;
        return answer;
    }

    ApiServerAccess server_;
    Accepts accepts_;
    std::atomic<int> refused_ = 0;
    std::atomic<int> accepted_ = 0;
    HttpTestServer front_;
};

// A le-run whose user is a credential plugin: a shell script that counts its runs in a file. Others
// are set before it starts.
struct Plugged {
    explicit Plugged(const Judge::Accepts& accepts) : judge(cluster.access(), accepts) {}

    // `behave`: shell; $run is the number of the run. Its token goes through `give`.
    void write_plugin(const std::string& behave) const {
        const std::string runs = scratch.file("runs");
        scratch.write(
            "plugin.new",
            "#!/bin/sh\necho run >>" + runs + "\nrun=$(wc -l <" + runs + ")\necho $$ >" +
                scratch.file("pid") +
                "\ngive() { echo '{\"kind\":\"ExecCredential\",\"apiVersion\":"
                "\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"'$1'\"'\"$2\"'}}'; "
                "}\n" +
                behave + "\n");
        REQUIRE(::chmod(scratch.file("plugin.new").c_str(), 0755) == 0);
        std::filesystem::rename(scratch.file("plugin.new"), scratch.file("plugin"));
    }

    std::string kubeconfig() const {
        return scratch.write(
            "kubeconfig",
            "current-context: c\ncontexts: [{name: c, context: {cluster: c, user: u, namespace: " +
                cluster.lease_namespace() +
                "}}]\nclusters: [{name: c, cluster: {server: \"https://127.0.0.1:" + port +
                "\", certificate-authority: ca.crt}}]\nusers: [{name: u, user: " + user + "}]\n");
    }

    Replica& start() {
        replica.emplace(Replica::Setup{
            .name = "a",
            .record = scratch.file("record"),
            .options = Words{"--lock", cluster.lock(), "--kubeconfig", kubeconfig()} + kLongerLease,
            .worker = {"--drain", "100"},
            .environment = environment,
            .launcher = launcher});
        return *replica;
    }

    int runs() const {
        const std::string text = read_file(scratch.file("runs"));
        return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    }
    int starts() const { return WorkRecord(scratch.file("record")).starts("a"); }
    pid_t plugin_pid() const { return std::stoi("0" + read_file(scratch.file("pid"))); }
    bool leads() {
        const bool started = wait_until([&] { return starts() == 1; });
        INFO(replica->log());
        CHECK(started);
        return started;
    }
    // One worker from the beginning to now, no renewal failed, and no secret was told.
    void check_undisturbed() {
        INFO(replica->log());
        CHECK(starts() == 1);
        CHECK(replica->runs());
        CHECK_FALSE(replica->logged({"renewal failing"}));
        CHECK_FALSE(replica->logged({"lost"}));
        check_secrets();
    }
    void check_secrets() {
        for (const char* secret : {"5ecret", kReplicaToken}) {
            CHECK_FALSE(replica->logged({secret}));
        }
    }
    void stop() {
        replica->signal(SIGTERM);
        CHECK(replica->wait() == 0);
        CHECK(cluster.holder().empty());
    }

    Cluster cluster{shared_api_server()};
    ScratchFolder scratch;
    Judge judge;
    const std::string ca_file = scratch.write("ca.crt", cluster.access().text("ca.crt"));
    std::string port = judge.port();
    std::string user = "{exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, "
                       "interactiveMode: Never, env: [{name: PLUGIN_ENV, value: "
                       "env-5ecret-value}]}}";
    Environment environment;
    Words launcher;
    std::optional<Replica> replica;
};

// Renewals and all other accepted writes so far, of one user or of all.
std::size_t writes(const Cluster& cluster, const std::string& user = "") {
    const auto all = cluster.history();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& write) {
        return user.empty() || write.user == user;
    }));
}

} // namespace

TEST_CASE("credentials: a client certificate that is rotated under a running leader") {
    const Cluster cluster(shared_api_server());
    const ScratchFolder scratch;
    const auto& access = cluster.access();
    scratch.write("client.crt", access.text("admin.crt"));
    scratch.write("client.key", access.text("admin.key"));
    std::string text = cluster.kubeconfig_text({.credentials = Credentials::kAdminCertificate});
    for (const std::string half : {"crt", "key"}) {
        const std::string file = access.file("admin." + half);
        text.replace(text.find(file), file.size(), "client." + half); // relative to it
    }
    Replica replica({.name = "a",
                     .record = scratch.file("record"),
                     .options = Words{"--lock", cluster.lock(), "--kubeconfig",
                                      scratch.write("kubeconfig", text)} +
                                kLongerLease});
    REQUIRE(wait_until([&] { return writes(cluster) >= 3; }));
    scratch.write("client.crt", access.text("admin-2.crt")); // for a moment they do not match
    const std::size_t before = writes(cluster);
    REQUIRE(wait_until([&] { return writes(cluster) >= before + 2; }));
    scratch.write("client.key", access.text("admin-2.key"));
    REQUIRE(wait_until([&] { return writes(cluster, "admin-2") >= 3; }));

    INFO(replica.log());
    const auto history = cluster.history();
    const auto first_new = std::find_if(history.begin(), history.end(),
                                        [](const auto& write) { return write.user == "admin-2"; });
    CHECK(std::all_of(first_new, history.end(),
                      [](const auto& write) { return write.user == "admin-2"; }));
    CHECK(WorkRecord(scratch.file("record")).starts("a") == 1);
    CHECK_FALSE(replica.logged({"renewal failing"}));
    CHECK(replica.log_lines({"client.key does not belong", "stays in use"}).size() == 1);
    CHECK_FALSE(replica.logged({"PRIVATE KEY"}));
    replica.signal(SIGTERM);
    CHECK(replica.wait() == 0);
}

TEST_CASE("credentials: a plugin renews its token under a running leader, time after time") {
    // The token names its end; a server allows some seconds for clocks that differ.
    Plugged plugged([](const std::string& token) {
        return token.starts_with("5ecret-") &&
               std::time(nullptr) <= std::atoll(token.c_str() + 7) + 5;
    });
    plugged.write_plugin("end=$(($(date +%s) + 6)); "
                         "give 5ecret-$end ',\"expirationTimestamp\":\"'$(date -u -d @$end "
                         "+%Y-%m-%dT%H:%M:%SZ)'\"'");
    plugged.start();
    REQUIRE(plugged.leads());
    REQUIRE(wait_until([&] { return plugged.judge.tokens().size() >= 4; }));
    CHECK(plugged.judge.refused() == 0);
    plugged.check_undisturbed();
    const pid_t worker = WorkRecord(plugged.scratch.file("record")).newest("a").pid;
    const std::string environment = read_file("/proc/" + std::to_string(worker) + "/environ");
    CHECK_FALSE(environment.empty());
    for (const std::string part : {"5ecret", "PLUGIN_ENV", "KUBERNETES_EXEC_INFO"}) {
        CHECK(environment.find(part) == std::string::npos);
    }
    plugged.stop();
}

TEST_CASE("credentials: a plugin gives another client certificate under a running leader") {
    Plugged plugged([](const std::string&) { return false; });
    const auto& access = plugged.cluster.access();
    plugged.port = access.port; // certificates are the server's own business
    const auto answer = [&](const std::string& name, const std::string& end) {
        const nlohmann::json status = {{"clientCertificateData", access.text(name + ".crt")},
                                       {"clientKeyData", access.text(name + ".key")},
                                       {"expirationTimestamp", end}};
        plugged.scratch.write(name,
                              nlohmann::json{{"kind", "ExecCredential"},
                                             {"apiVersion", "client.authentication.k8s.io/v1"},
                                             {"status", status}}
                                  .dump());
    };
    answer("admin", "2001-01-01T00:00:00Z"); // so it is asked for another one soon
    answer("admin-2", "2222-01-01T00:00:00Z");
    plugged.write_plugin("cd " + plugged.scratch.path() +
                         "; if [ $run = 1 ]; then cat admin; else cat admin-2; fi");
    plugged.start();
    REQUIRE(plugged.leads());
    REQUIRE(wait_until([&] { return writes(plugged.cluster, "admin-2") >= 3; }));
    CHECK(writes(plugged.cluster, "admin") >= 1);
    CHECK(plugged.runs() == 2);
    CHECK_FALSE(plugged.replica->logged({"PRIVATE KEY"}));
    plugged.check_undisturbed();
    plugged.stop();
}

TEST_CASE(
    "credentials: a server with a certificate of another CA is taken under a running leader") {
    Plugged plugged([](const std::string& token) { return token == "5ecret-token"; });
    plugged.user = "{token: 5ecret-token}";
    plugged.start();
    REQUIRE(plugged.leads());
    const TestCa other("other ca");
    plugged.judge.show(other.issue({.common_name = "server", .ips = {"127.0.0.1"}}));
    const int handshakes = plugged.judge.handshakes();
    plugged.scratch.write("ca.crt", other.certificate_pem());
    REQUIRE(wait_until([&] { return plugged.judge.handshakes() > handshakes; }));
    const std::size_t before = writes(plugged.cluster);
    REQUIRE(wait_until([&] { return writes(plugged.cluster) >= before + 3; }));
    plugged.check_undisturbed();
    plugged.stop();
}

TEST_CASE("credentials: a token file that is gone for a moment costs nothing") {
    std::atomic<bool> refuse = false; // the next request
    Plugged plugged([&](const std::string& token) {
        return token.starts_with("5ecret-") && !refuse.exchange(false);
    });
    plugged.user = "{tokenFile: token}";
    plugged.scratch.write("token", "5ecret-old\n");
    plugged.start();
    REQUIRE(plugged.leads());
    std::filesystem::remove(plugged.scratch.file("token"));
    refuse = true; // so that it is read again before the minute is over
    REQUIRE(wait_until([&] { return plugged.judge.refused() == 1; }));
    const std::size_t before = writes(plugged.cluster);
    REQUIRE(wait_until([&] { return writes(plugged.cluster) >= before + 3; }));
    INFO(plugged.replica->log());
    CHECK(plugged.replica->log_lines({"token file", "is missing", "stays in use"}).size() == 1);
    plugged.scratch.write("token", "5ecret-new\n");
    REQUIRE(wait_until([&] { return plugged.judge.tokens().contains("Bearer 5ecret-new"); }));
    CHECK(plugged.judge.refused() == 1);
    plugged.check_undisturbed();
    plugged.stop();
}

TEST_CASE("credentials: a le-run that crashes leaves no core file") {
    const auto dumps_core = [](pid_t pid) {
        siginfo_t end{};
        REQUIRE(::kill(pid, SIGABRT) == 0);
        REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED | WNOWAIT) == 0);
        return end.si_code == CLD_DUMPED;
    };
    const Words may_dump = {"sh", "-c", "ulimit -c unlimited && exec \"$@\"", "sh"};
    const ScratchFolder folder;
    Process other({.argv = may_dump + Words{"sh", "-c", "echo here; exec sleep 1000"},
                   .folder = folder.path()});
    REQUIRE(wait_until([&] { return other.out() == "here\n" || !other.runs(); }));
    if (!other.runs() || !dumps_core(other.pid())) {
        WARN("nothing leaves a core file on this machine: not run");
        return;
    }
    Plugged plugged([](const std::string&) { return true; });
    plugged.user = "{token: 5ecret-token}";
    plugged.launcher = may_dump;
    plugged.environment = {{"ASAN_OPTIONS", "disable_coredump=0"}}; // the sanitizer forbids it, too
    plugged.start();
    REQUIRE(plugged.leads());
    CHECK_FALSE(dumps_core(plugged.replica->pid()));
}

TEST_CASE("credentials: a token that the server refuses is given anew within the same renewal") {
    std::atomic<int> valid = 1;
    Plugged plugged([&](const std::string& token) {
        return token == "5ecret-" + std::to_string(valid.load());
    });
    plugged.write_plugin("give 5ecret-$run");
    plugged.start();
    REQUIRE(plugged.leads());
    REQUIRE(wait_until([&] { return writes(plugged.cluster) >= 4; }));
    valid = 2;
    const std::size_t before = writes(plugged.cluster);
    REQUIRE(wait_until([&] { return writes(plugged.cluster) >= before + 3; }));
    CHECK(plugged.runs() == 2);
    plugged.check_undisturbed();
    plugged.stop();
}

TEST_CASE("credentials: a plugin that hangs costs nothing, and goes with le-run") {
    Plugged plugged([](const std::string& token) { return token.starts_with("5ecret"); });
    plugged.write_plugin("[ $run = 1 ] || exec sleep 1000; give 5ecret "
                         "',\"expirationTimestamp\":\"2001-01-01T00:00:00Z\"'");
    plugged.start();
    REQUIRE(plugged.leads());
    REQUIRE(wait_until([&] { return plugged.runs() == 2; }));
    const std::size_t before = writes(plugged.cluster);
    REQUIRE(wait_until([&] { return writes(plugged.cluster) >= before + 5; }));
    plugged.check_undisturbed();
    REQUIRE(wait_until([&] { return is_alive(plugged.plugin_pid()); }));
    const pid_t hung = plugged.plugin_pid();
    plugged.stop();
    reap_orphans();
    CHECK(wait_until([&] { return !is_alive(hung); }));
}

TEST_CASE("credentials: a token that is refused once while its plugin hangs loses no lease") {
    std::atomic<bool> refuse = false; // the next request
    Plugged plugged(
        [&](const std::string& token) { return token == "5ecret" && !refuse.exchange(false); });
    plugged.write_plugin("[ $run = 1 ] || exec sleep 1000; give 5ecret");
    plugged.start();
    REQUIRE(plugged.leads());
    REQUIRE(wait_until([&] { return writes(plugged.cluster) >= 4; }));
    refuse = true;
    REQUIRE(wait_until([&] { return plugged.runs() == 2; }));
    const std::size_t before = writes(plugged.cluster);
    REQUIRE(wait_until([&] { return writes(plugged.cluster) >= before + 6; }));
    INFO(plugged.replica->log());
    CHECK(plugged.starts() == 1);
    CHECK_FALSE(plugged.replica->logged({"lost"}));
    plugged.stop();
}

TEST_CASE("credentials: a plugin that hangs does not outlive a le-run that lost its guard") {
    Plugged plugged([](const std::string& token) { return token.starts_with("5ecret"); });
    plugged.write_plugin("[ $run = 1 ] || exec sleep 1000; give 5ecret "
                         "',\"expirationTimestamp\":\"2001-01-01T00:00:00Z\"'");
    Replica& replica = plugged.start();
    REQUIRE(plugged.leads());
    REQUIRE(wait_until([&] { return plugged.runs() == 2; }));
    const pid_t hung = plugged.plugin_pid();
    for (const pid_t child : children_of(replica.pid())) {
        if (read_file("/proc/" + std::to_string(child) + "/comm") == "le-run-guard\n") {
            ::kill(child, SIGKILL);
        }
    }
    CHECK(replica.wait() == 125);
    CHECK(plugged.cluster.holder().empty()); // the tree was gone, so it was released
    reap_orphans();
    CHECK(wait_until([&] { return !is_alive(hung); }));
}

TEST_CASE("credentials: a plugin that fails is told of, and used as soon as it works") {
    Plugged plugged([](const std::string& token) { return token == "5ecret-good"; });
    plugged.write_plugin("echo 'not logged in with env-5ecret-value' >&2; echo 5ecret-out; exit 3");
    Replica& replica = plugged.start();
    REQUIRE(wait_until([&] {
        return replica.logged(
            {"the credential plugin ./plugin exited with 3; it said: not logged in"});
    }));
    plugged.write_plugin("echo 5ecret-garbage");
    REQUIRE(
        wait_until([&] { return replica.logged({"printed something that is no JSON object"}); }));
    CHECK(plugged.starts() == 0);
    plugged.write_plugin("give 5ecret-good");
    REQUIRE(plugged.leads());
    plugged.check_secrets();
    plugged.stop();
}

TEST_CASE("credentials: a plugin that is not there ends le-run at once") {
    Plugged plugged([](const std::string&) { return false; });
    Replica& replica = plugged.start();
    CHECK(replica.wait() == 125);
    CHECK(replica.logged({"users[u].user.exec.command names a credential plugin that cannot be run",
                          "was not found"}));
    CHECK(plugged.judge.accepted() + plugged.judge.refused() == 0);
}

// Bad input: one clear line that names the flag or file and the value, exit code 125, nothing
// started, nothing written.
#include <algorithm>
#include <filesystem>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

// Runs le-run; it must end by itself with 125, having said one line that holds all `words`, having
// started nothing.
void refused(const Words& arguments, const Words& words, const Environment& more = {}) {
    const ScratchFolder scratch;
    Environment environment = without_settings() + more;
    environment.emplace_back("TEST_WORKER_RECORD", scratch.file("record"));
    Process program({.argv = Words{le_run_binary()} + arguments,
                     .environment = environment,
                     .inherit_environment = false});
    const auto code = program.wait();
    INFO(program.err());
    CHECK(code == 125);
    auto lines = lines_of(program.err());
    lines.erase(std::remove_if(lines.begin(), lines.end(),
                               [](const std::string& line) {
                                   return line.find(" contending for ") != line.npos;
                               }),
                lines.end());
    CHECK(lines.size() == 1);
    for (const std::string& word : words) {
        CHECK_THAT(program.err(), contains(word));
    }
    CHECK(program.out().empty());
    CHECK_FALSE(std::filesystem::exists(scratch.file("record")));
}

const Words kCommand = {"--", TEST_WORKER};

} // namespace

TEST_CASE("bad input: the command line (file)") {
    const ScratchFolder scratch;
    const Words lock = {"--lock", "file://" + scratch.file("lock")};
    refused(lock, {"no command", "--"});
    refused(lock + Words{"--"}, {"no command"});
    refused(kCommand, {"--lock", "LE_RUN_LOCK"});
    refused(lock + Words{"--no-such-option"} + kCommand, {"--no-such-option"});
    refused(lock + Words{TEST_WORKER}, {TEST_WORKER, "--"});
    refused(lock + Words{"--lease-duration", "1.5s"} + kCommand,
            {"--lease-duration", "1.5s", "whole"});
    refused(lock + Words{"--lease-duration", "soon"} + kCommand, {"--lease-duration", "soon"});
    refused(lock + Words{"--renew-deadline", "14s"} + kCommand,
            {"--renew-deadline", "14s", "15s", "12.97s"});
    refused(lock + Words{"--retry-period", "10s"} + kCommand, {"--retry-period", "10s"});
    refused(lock + Words{"--lost-grace", "5s"} + kCommand, {"--lost-grace", "5s"});
    refused(lock + Words{"--on-lost", "panic"} + kCommand, {"--on-lost", "panic", "standby"});
    refused(lock + Words{"--stop-signal", "SIGNOTHING"} + kCommand,
            {"--stop-signal", "SIGNOTHING"});
    refused(Words{"--lock", "http://x"} + kCommand, {"--lock", "http://x"});
    refused(kCommand, {"LE_RUN_LOCK", "nonsense"}, {{"LE_RUN_LOCK", "nonsense"}});
    refused(lock + kCommand, {"LE_RUN_WAIT", "later"}, {{"LE_RUN_WAIT", "later"}});
    CHECK_FALSE(std::filesystem::exists(scratch.file("lock")));
}

TEST_CASE("bad input: all broken relations at once (file)") {
    const ScratchFolder scratch;
    refused(Words{"--lock", "file://" + scratch.file("lock"), "--lease-duration", "2500ms",
                  "--renew-deadline", "9s", "--retry-period", "9s"} +
                kCommand,
            {"--lease-duration 2.5s", "--renew-deadline 9s", "--retry-period 9s"});
}

TEST_CASE("bad input: the configuration file, and other programs' names (file)") {
    const ScratchFolder scratch;
    const Words lock = {"--lock", "file://" + scratch.file("lock")};
    const std::string config = scratch.write("le-run.yaml", "\nretryPeriod: 2s\n");
    refused(lock + Words{"--config", config} + kCommand,
            {config + ":2", "retryPeriod", "write retry-period"});
    refused(lock + Words{"--config", scratch.file("none")} + kCommand,
            {"--config", scratch.file("none"), "missing"});
    refused(lock + Words{"--print-config", "--retry-period", "2"}, {"--retry-period", "\"2\""});
    refused(kCommand, {"K8S_AWAIT_ELECTION_STATUS_ENDPOINT", ":9999"},
            {{"K8S_AWAIT_ELECTION_ENABLED", "1"},
             {"K8S_AWAIT_ELECTION_LOCK_NAME", "a"},
             {"K8S_AWAIT_ELECTION_STATUS_ENDPOINT", ":9999"}});
    refused(lock + kCommand, {"K8S_AWAIT_ELECTION_ENABLED", "--lock"},
            {{"K8S_AWAIT_ELECTION_LOCK_NAME", "a"}});
    refused(Words{"--leader-elect-resource-lock", "endpoints"} + lock + kCommand,
            {"--leader-elect-resource-lock", "endpoints", "leases"});
    CHECK_FALSE(std::filesystem::exists(scratch.file("lock")));
}

TEST_CASE("bad input: --print-config tells where each value is from, and starts nothing (file)") {
    const ScratchFolder scratch;
    const std::string config = scratch.write("le-run.yaml", "retry-period: 1s\n");
    Process program({.argv = Words{LE_RUN_BINARY, "--print-config", "--lock",
                                   "file://" + scratch.file("lock"), "--config", config} +
                             kCommand,
                     .environment = without_settings() +
                                    Environment{{"LE_RUN_WAIT", "9s"},
                                                {"HTTPS_PROXY", "http://me:some-5ecret@proxy:1"},
                                                {"TEST_WORKER_RECORD", scratch.file("record")}},
                     .inherit_environment = false});
    CHECK(program.wait() == 0);
    CHECK(program.err().empty());
    const std::string out = program.out();
    INFO(out);
    CHECK_THAT(out, contains("\nlock: file://" + scratch.file("lock")) && contains("# --lock\n"));
    CHECK_THAT(out, contains("\nwait: 9s ") && contains("# LE_RUN_WAIT\n"));
    CHECK_THAT(out, contains("\nretry-period: 1s ") && contains("# " + config + ":1"));
    CHECK(out.find("5ecret") == std::string::npos);
    CHECK_FALSE(std::filesystem::exists(scratch.file("lock")));
    CHECK_FALSE(std::filesystem::exists(scratch.file("record")));
}

TEST_CASE("bad input: the lock file (file)") {
    const ScratchFolder scratch;
    const std::string nowhere = scratch.file("no/such/folder/lock");
    refused(Words{"--lock", "file://" + nowhere} + kCommand, {nowhere, "does not exist"});
    refused(Words{"--lock", "file://" + scratch.path()} + kCommand, {scratch.path()});
    const std::string garbage = scratch.write("garbage", "this is not JSON");
    refused(Words{"--lock", "file://" + garbage} + kCommand, {garbage});
    CHECK(read_file(garbage) == "this is not JSON");
}

TEST_CASE("bad input: the kubeconfig (file)") {
    const ScratchFolder scratch;
    const auto with = [&](const std::string& file) {
        return Words{"--lock", "k8s://ns/job", "--kubeconfig", file} + kCommand;
    };
    const auto text = [](const std::string& context, const std::string& user) {
        return "apiVersion: v1\nkind: Config\ncurrent-context: " + context +
               "\ncontexts: [{name: here, context: {cluster: c, user: u}}]\n"
               "clusters: [{name: c, cluster: {server: \"https://127.0.0.1:1\"}}]\n"
               "users: [{name: u, user: " +
               user + "}]\n";
    };
    refused(with(scratch.file("missing")), {scratch.file("missing")});
    const std::string not_yaml = scratch.write("not-yaml", "a: [b\nc: }");
    refused(with(not_yaml), {not_yaml, "YAML"});
    const std::string no_context = scratch.write("no-context", text("elsewhere", "{token: t}"));
    refused(with(no_context), {no_context, "elsewhere"});
    const std::string no_key = scratch.write(
        "no-key", text("here", "{client-certificate: gone.crt, client-key: gone.key}"));
    refused(with(no_key), {no_key, "gone."});
    refused(Words{"--lock", "k8s://ns/job"} + kCommand, {"KUBECONFIG", scratch.file("missing")},
            {{"KUBECONFIG", scratch.file("missing")}});
}

TEST_CASE("bad input: a server that the kubeconfig's CA does not vouch for") {
    const Cluster cluster(shared_api_server());
    const std::string kubeconfig = cluster.kubeconfig({.wrong_ca = true});
    const ScratchFolder scratch;
    Process program(
        {.argv = Words{le_run_binary(), "--lock", cluster.lock(), "--kubeconfig", kubeconfig} +
                 kShortLease + kCommand,
         .environment =
             without_settings() + Environment{{"TEST_WORKER_RECORD", scratch.file("record")}},
         .inherit_environment = false});
    CHECK(program.wait() == 125);
    INFO(program.err());
    CHECK_THAT(program.err(), contains("127.0.0.1:" + cluster.access().port));
    CHECK_THAT(program.err(), contains("certificate"));
    CHECK_FALSE(std::filesystem::exists(scratch.file("record")));
    CHECK_FALSE(cluster.lease());
}

TEST_CASE("bad input: no rights: the verb, resource, namespace and rule, tried for one renew "
          "deadline, then 125") {
    const Cluster cluster(shared_api_server());
    const ScratchFolder scratch;
    Process program({.argv = Words{le_run_binary(), "--lock", cluster.lock(), "--kubeconfig",
                                   cluster.kubeconfig({.credentials = Credentials::kNobody})} +
                             kShortLease + kCommand,
                     .environment = without_settings() +
                                    Environment{{"TEST_WORKER_RECORD", scratch.file("record")}},
                     .inherit_environment = false});
    CHECK(program.wait() == 125);
    INFO(program.err());
    for (const std::string& word :
         {std::string("get"), std::string("leases"), cluster.lease_namespace(),
          std::string("coordination.k8s.io"), std::string("verbs"), std::string("update")}) {
        CHECK_THAT(program.err(), contains(word));
    }
    CHECK_FALSE(std::filesystem::exists(scratch.file("record")));
    CHECK_FALSE(cluster.lease());
    CHECK(cluster.requests_of("nobody") >= 3); // rights may lag: it asked again
}

TEST_CASE("bad input: no secret in any message") {
    const Cluster cluster(shared_api_server());
    std::string text = cluster.kubeconfig_text();
    text.replace(text.find(kReplicaToken), std::string(kReplicaToken).size(),
                 "some-wrong-token-0815");
    const std::string kubeconfig = cluster.scratch().write("wrong-token", text);
    Process program({.argv = Words{le_run_binary(), "--lock", cluster.lock(), "--kubeconfig",
                                   kubeconfig, "--log-level", "debug"} +
                             kShortLease + kCommand,
                     .environment = without_settings(),
                     .inherit_environment = false});
    CHECK(program.wait() == 125);
    CHECK_THAT(program.err(), contains("401"));
    CHECK(program.err().find("some-wrong-token-0815") == std::string::npos);
}

TEST_CASE("bad input: the timings of the field are accepted (file)") {
    for (const auto& [duration, deadline, period] :
         {std::tuple{"15s", "10s", "2s"}, std::tuple{"60s", "15s", "5s"},
          std::tuple{"137s", "107s", "26s"}}) {
        Arena arena(LockKind::kFile);
        Replica& a = arena.start("a", {.worker = {"--exit-after", "0"},
                                       .timing = {"--lease-duration", duration, "--renew-deadline",
                                                  deadline, "--retry-period", period}});
        INFO(a.log());
        CHECK(a.wait() == 0);
        CHECK(arena.record().starts("a") == 1);
    }
}

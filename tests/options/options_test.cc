// The door: what is accepted, what each value becomes, and that bad input is named with its source,
// value and remedy.
#include "helpers/catch.h"

#include <csignal>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/scratch_folder.h"
#include "options/options.h"
#include "options/values.h"

namespace le_run::test {

using namespace le_run::kubernetes_store;
using namespace le_run::options;
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

const Words kPath{"PATH=/usr/bin:/bin"};

Options parse(const Words& arguments, Words environment = {}) {
    environment.insert(environment.end(), kPath.begin(), kPath.end());
    return std::get<Options>(parse_options(arguments, environment));
}

// With the lock and the command that every valid call has.
Options parse_with(Words flags, const Words& environment = {}) {
    flags.insert(flags.begin(), {"--lock", "file:///tmp/lease"});
    flags.insert(flags.end(), {"--", "true"});
    return parse(flags, environment);
}

struct Refusal {
    int code = 0;
    std::string text;
};

Refusal refused(const Words& arguments, Words environment = {}) {
    try {
        parse(arguments, std::move(environment));
    } catch (const OptionsError& error) {
        return {error.code(), error.what()};
    }
    return {};
}

Refusal refused_with(Words flags, const Words& environment = {}) {
    flags.insert(flags.begin(), {"--lock", "file:///tmp/lease"});
    flags.insert(flags.end(), {"--", "true"});
    return refused(flags, environment);
}

} // namespace

TEST_CASE("the defaults", "[options]") {
    const Options options = parse({"--lock", "k8s://team/app", "--", "sh", "-c", "exit 7"});
    const auto& lock = std::get<KubernetesLock>(options.lock);
    CHECK(lock.lease_namespace == "team");
    CHECK(lock.name == "app");
    CHECK(options.command == Words{"sh", "-c", "exit 7"});
    CHECK(options.program == "/usr/bin/sh");
    CHECK(options.election.timing.lease_duration == 15s);
    CHECK(options.election.timing.renew_deadline == 10s);
    CHECK(options.election.timing.retry_period == 2s);
    CHECK_FALSE(options.election.timing.lost_grace);
    CHECK_FALSE(options.election.stop_grace);
    CHECK_FALSE(options.election.wait);
    CHECK(options.election.standby_after_loss);
    CHECK_FALSE(options.election.standby_after_work_ended);
    CHECK(options.stop_signal == SIGTERM);
    CHECK_FALSE(options.allow_new_privileges);
    CHECK_FALSE(options.pid_namespace);
    CHECK(options.log_level == observe::LogLevel::kInfo);
    CHECK(options.log_format == observe::LogFormat::kText);
}

TEST_CASE("a first word may ask for something else than a run", "[options]") {
    const Options check = parse({"check", "--lock", "k8s://team/app"});
    CHECK(check.task == Task::kCheck);
    CHECK(check.command.empty());
    CHECK(std::get<KubernetesLock>(check.lock).name == "app");
    CHECK(parse({"check", "--lock", "k8s://team/app", "--", "true"}).program == "/usr/bin/true");
    CHECK(parse({"rbac"}, {"LE_RUN_LOCK=k8s://team/app"}).task == Task::kRbac);
    CHECK(parse({"--lock", "k8s://team/app", "--", "true", "check"}).task == Task::kRun);
    CHECK_THAT(std::get<JustPrint>(parse_options({"check", "--help"}, {})).text,
               contains("le-run check [options]") && contains("le-run rbac [options]"));

    CHECK_THAT(refused({"check", "more", "--lock", "k8s://team/app"}).text, contains("\"more\""));
    CHECK_THAT(refused({"--lock", "k8s://team/app", "check"}).text, contains("\"check\""));
    CHECK_THAT(refused({"chek", "--lock", "k8s://team/app"}).text, contains("\"chek\""));
    CHECK_THAT(refused({"check", "--lock", "k8s://team/app", "--renew-deadline", "14s"}).text,
               contains("14s"));
    CHECK_THAT(refused({"rbac"}).text, contains("--lock"));
    CHECK_THAT(refused({"rbac", "--enabled=false"}).text, contains("--lock"));
}

TEST_CASE("each option, as a flag, in the environment and in a file", "[options]") {
    const Words flags{
        "--id=me",           "--lease-duration=30s", "--renew-deadline",  "20s",
        "--retry-period=1s", "--stop-signal=INT",    "--stop-grace=1m",   "--lost-grace=5s",
        "--on-lost=exit",    "--on-exit=standby",    "--wait=0",          "--allow-new-privileges",
        "--pid-namespace",   "--log-level=debug",    "--log-format=json", "--hold=90s"};
    const Words variables{"LE_RUN_ID=me",
                          "LE_RUN_LEASE_DURATION=30s",
                          "LE_RUN_RENEW_DEADLINE=20s",
                          "LE_RUN_RETRY_PERIOD=1s",
                          "LE_RUN_STOP_SIGNAL=INT",
                          "LE_RUN_STOP_GRACE=1m",
                          "LE_RUN_LOST_GRACE=5s",
                          "LE_RUN_ON_LOST=exit",
                          "LE_RUN_ON_EXIT=standby",
                          "LE_RUN_WAIT=0",
                          "LE_RUN_ALLOW_NEW_PRIVILEGES=true",
                          "LE_RUN_PID_NAMESPACE=1",
                          "LE_RUN_LOG_LEVEL=debug",
                          "LE_RUN_LOG_FORMAT=json",
                          "LE_RUN_HOLD=90s"};
    const ScratchFolder folder;
    const std::string file = folder.write(
        "le-run.yaml", "id: 'me'\nlease-duration: 30s\nrenew-deadline: 20s\nretry-period: 1s\n"
                       "stop-signal: 2\nstop-grace: 1m\nlost-grace: 5s\non-lost: exit\n"
                       "on-exit: standby\nwait: 0\nlog-level: debug\nlog-format: json\n"
                       "allow-new-privileges: true\npid-namespace: true\nhold: 90s\n");
    const auto place = GENERATE(Origin::kFlag, Origin::kEnvironment, Origin::kFile);
    const Options options = place == Origin::kFlag          ? parse_with(flags)
                            : place == Origin::kEnvironment ? parse_with({}, variables)
                                                            : parse_with({"--config", file});
    CHECK(options.election.id == election::HolderIdentity{"me"});
    CHECK(options.election.timing.lease_duration == 30s);
    CHECK(options.election.timing.renew_deadline == 20s);
    CHECK(options.election.timing.retry_period == 1s);
    CHECK(options.election.timing.lost_grace == Duration(5s));
    CHECK(options.election.stop_grace == Duration(1min));
    CHECK(options.election.wait == Duration(0s));
    CHECK(options.election.hold == Duration(90s));
    CHECK_FALSE(options.election.standby_after_loss);
    CHECK(options.election.standby_after_work_ended);
    CHECK(options.stop_signal == SIGINT);
    CHECK(options.allow_new_privileges);
    CHECK(options.pid_namespace);
    CHECK(options.log_level == observe::LogLevel::kDebug);
    CHECK(options.log_format == observe::LogFormat::kJson);
}

TEST_CASE("a flag wins over the environment, an empty variable is none", "[options]") {
    CHECK(parse_with({"--retry-period=1s"}, {"LE_RUN_RETRY_PERIOD=3s"})
              .election.timing.retry_period == 1s);
    CHECK(parse_with({}, {"LE_RUN_RETRY_PERIOD="}).election.timing.retry_period == 2s);
    const Options options =
        parse({"--lock", "file:///a", "--", "true"}, {"LE_RUN_LEASE_LOCK_NAME=b"});
    CHECK(std::get<file_store::FileLock>(options.lock).path == "/a");
    const auto by_flag = parse({"--lock", "k8s://a/b", "--", "true"},
                               {"LE_RUN_LEASE_LOCK_NAMESPACE=c", "LE_RUN_KUBECONFIG=/k"});
    CHECK(std::get<KubernetesLock>(by_flag.lock).lease_namespace == "a");
    CHECK(std::get<KubernetesLock>(by_flag.lock).kubeconfig == "/k");
    CHECK_FALSE(parse_with({"--pid-namespace=false"}, {"LE_RUN_PID_NAMESPACE=1"}).pid_namespace);
}

TEST_CASE("the lock", "[options]") {
    CHECK(std::get<file_store::FileLock>(parse({"--", "true"}, {"LE_RUN_LOCK=file:///x/y"}).lock)
              .path == "/x/y");
    const auto by_names = std::get<KubernetesLock>(
        parse({"--lease-lock-name=a", "--lease-lock-namespace=b", "--kubeconfig=/k", "--context=x",
               "--cluster=y", "--user=z", "--", "true"})
            .lock);
    CHECK(by_names.context == "x");
    CHECK(by_names.cluster == "y");
    CHECK(by_names.user == "z");
    CHECK(by_names.name == "a");
    CHECK(by_names.lease_namespace == "b");
    CHECK(by_names.kubeconfig == "/k");
    const auto without = std::get<KubernetesLock>(parse({"--lock=k8s://a.b-c", "--", "true"}).lock);
    CHECK(without.name == "a.b-c");
    CHECK_FALSE(without.lease_namespace);
}

TEST_CASE("identities are unique unless given", "[options]") {
    const auto first = parse_with({}).election.id;
    const auto second = parse_with({}).election.id;
    CHECK(first.text.size() > 20);
    CHECK_FALSE(first == second);
}

TEST_CASE("option variables are le-run's own, everything else is passed on", "[options]") {
    const Options options =
        parse({"--", "true"}, {"LE_RUN_LOCK=file:///x", "LE_RUN_WAIT=1s",
                               "LE_RUN_PORT=tcp://10.0.0.1:80", "KUBECONFIG=/k", "EMPTY="});
    CHECK(options.environment ==
          Words{"LE_RUN_PORT=tcp://10.0.0.1:80", "KUBECONFIG=/k", "EMPTY=", "PATH=/usr/bin:/bin"});
}

TEST_CASE("what is behind -- belongs to the command", "[options]") {
    CHECK(parse({"--lock=file:///x", "--", "echo", "--lock", "--", "", "-x"}).command ==
          Words{"echo", "--lock", "--", "", "-x"});
}

TEST_CASE("--help and --version need nothing else", "[options]") {
    CHECK_THAT(std::get<JustPrint>(parse_options({"--help"}, {})).text,
               contains("le-run [options] -- command") && contains("--stop-grace"));
    CHECK_THAT(std::get<JustPrint>(parse_options({"--version"}, {})).text, contains("le-run 0."));
}

TEST_CASE("bad input: one line that names source, value and remedy, and 125", "[options]") {
    struct Row {
        Refusal refusal;
        std::vector<std::string> parts;
    };
    const std::vector<Row> rows{
        {refused({"--lock=file:///x"}), {"no command", "le-run [options] -- command"}},
        {refused({"--lock=file:///x", "--"}), {"no command"}},
        {refused({"--lock=file:///x", "true"}), {"\"true\"", "--"}},
        {refused({"--", "true"}), {"no lock", "--lock", "LE_RUN_LOCK"}},
        {refused_with({"--colour"}), {"\"--colour\"", "--help"}},
        {refused_with({"--id"}), {"--id"}},
        {refused({"--lock=http://x", "--", "true"}), {"--lock \"http://x\"", "k8s://"}},
        {refused({"--", "true"}, {"LE_RUN_LOCK=http://x"}), {"LE_RUN_LOCK \"http://x\""}},
        {refused({"--lock=file://x", "--", "true"}), {"whole path", "file:///PATH"}},
        {refused({"--lock=file://./lock", "--", "true"}), {"\"file://./lock\"", "file:///PATH"}},
        {refused({"--lock=file:///x/", "--", "true"}), {"not a folder"}},
        {refused({"--lock=k8s://A/b", "--", "true"}), {"namespace \"A\"", "lower-case"}},
        {refused({"--lock=k8s://a/b_c", "--", "true"}), {"\"b_c\""}},
        {refused({"--lock=k8s://a/b/c", "--", "true"}), {"\"b/c\""}},
        {refused({"--lock=k8s://", "--", "true"}), {"lease name"}},
        {refused({"--lock=k8s://a/b", "--lease-lock-name=c", "--", "true"}), {"--lease-lock-name"}},
        {refused({"--lock=k8s://a/b", "--lease-lock-namespace=c", "--", "true"}),
         {"\"c\"", "\"a\""}},
        {refused_with({"--kubeconfig=/k"}), {"--kubeconfig \"/k\"", "file lock"}},
        {refused_with({"--context=x"}), {"--context \"x\"", "file lock"}},
        {refused_with({"--user=x"}), {"--user \"x\"", "file lock"}},
        {refused_with({"--lease-duration=1.5s"}), {"--lease-duration 1.5s", "whole"}},
        {refused_with({"--lease-duration=fifteen"}), {"--lease-duration \"fifteen\"", "15s"}},
        {refused_with({}, {"LE_RUN_LEASE_DURATION=15"}), {"LE_RUN_LEASE_DURATION \"15\""}},
        {refused_with({"--renew-deadline=14s"}), {"--renew-deadline 14s", "12.97s"}},
        {refused_with({"--stop-signal=STOP"}), {"--stop-signal \"STOP\"", "SIGTERM"}},
        {refused_with({"--stop-signal=99"}), {"--stop-signal \"99\""}},
        {refused_with({"--on-lost=restart"}), {"--on-lost \"restart\"", "standby", "exit"}},
        {refused_with({"--on-exit=restart"}), {"--on-exit \"restart\""}},
        {refused_with({"--log-level=loud"}), {"--log-level \"loud\"", "warning"}},
        {refused_with({"--log-format=xml"}), {"--log-format \"xml\"", "json"}},
        {refused_with({"--wait=-1s"}), {"--wait \"-1s\""}},
        {refused_with({}, {"LE_RUN_ALLOW_NEW_PRIVILEGES=maybe"}),
         {"LE_RUN_ALLOW_NEW_PRIVILEGES", "true"}},
        {refused_with({"--id=a\nb"}), {"--id", "a line break"}},
        {refused_with({"--id=a\u00e9"}), {"--id", "printable"}},
        {refused_with({"--kubeconfig="}), {"--kubeconfig=: has no value"}},
        {refused_with({"--id", ""}), {"--id \"\": has no value"}},
        {refused_with({"--pid-namespace=maybe"}), {"--pid-namespace \"maybe\"", "false"}},
        {refused({"--", "true"}, {"LE_RUN_LOCK=k8s://a/b", "LE_RUN_LEASE_LOCK_NAME=c"}),
         {"LE_RUN_LOCK", "LE_RUN_LEASE_LOCK_NAME"}},
    };
    for (const Row& row : rows) {
        INFO(row.refusal.text);
        CHECK(row.refusal.code == 125);
        for (const std::string& part : row.parts) {
            CHECK_THAT(row.refusal.text, contains(part));
        }
        CHECK(row.refusal.text.find("\n\n") == std::string::npos);
    }
}

TEST_CASE("an unknown flag or variable is an error that says what was meant", "[options]") {
    struct Row {
        Refusal refusal;
        std::vector<std::string> parts;
    };
    const std::vector<Row> rows{
        {refused_with({"--stopgrace=5s"}), {"\"--stopgrace=5s\"", "write --stop-grace"}},
        {refused_with({"--wiat", "5s"}), {"\"--wiat\"", "write --wait"}},
        {refused_with({"-id", "me"}), {"\"-id\"", "write --id"}},
        {refused_with({"--leader-elect-lease-duraton=5s"}),
         {"write --leader-elect-lease-duration"}},
        {refused({"chekc", "--lock=file:///x"}), {"\"chekc\"", "write check"}},
        {refused_with({}, {"LE_RUN_STOPGRACE=5s"}),
         {"LE_RUN_STOPGRACE", "write LE_RUN_STOP_GRACE"}},
        {refused_with({}, {"LE_RUN_LEASEDURATION=5s"}), {"write LE_RUN_LEASE_DURATION"}},
        {refused_with({}, {"LE_RUN_LOCKS=file:///y"}), {"LE_RUN_LOCKS", "write LE_RUN_LOCK"}},
        {refused_with({}, {"LE_RUN_LOKC="}), {"LE_RUN_LOKC", "write LE_RUN_LOCK"}},
        {refused_with({}, {"LE_RUN_lock=file:///y"}), {"LE_RUN_lock", "write LE_RUN_LOCK"}},
        {refused_with({}, {"LE_RUN_COLOUR=red"}), {"LE_RUN_COLOUR", "le-run --help"}},
        {refused_with({}, {"LE_RUN_PRINT_CONFIG=1"}), {"LE_RUN_PRINT_CONFIG", "--print-config"}},
        {refused_with({}, {"LE_RUN_PORTS=1"}), {"LE_RUN_PORTS"}},
        {refused({"check"}, {"LE_RUN_LOCK=file:///x", "LE_RUN_WAITS=1s"}), {"write LE_RUN_WAIT"}},
        {refused({"--enabled=false", "--", "true"}, {"LE_RUN_ENABELD=1"}),
         {"write LE_RUN_ENABLED"}},
    };
    for (const Row& row : rows) {
        INFO(row.refusal.text);
        CHECK(row.refusal.code == 125);
        for (const std::string& part : row.parts) {
            CHECK_THAT(row.refusal.text, contains(part));
        }
    }
}

TEST_CASE("variables that Kubernetes and le-run itself set are no settings", "[options]") {
    const Words links{"LE_RUN_SERVICE_HOST=10.0.0.1",
                      "LE_RUN_SERVICE_PORT=8080",
                      "LE_RUN_SERVICE_PORT_HTTP=8080",
                      "LE_RUN_PORT=tcp://10.0.0.1:8080",
                      "LE_RUN_PORT_8080_TCP=tcp://10.0.0.1:8080",
                      "LE_RUN_PORT_8080_TCP_PROTO=tcp",
                      "LE_RUN_PORT_8080_TCP_PORT=8080",
                      "LE_RUN_PORT_8080_TCP_ADDR=10.0.0.1",
                      "LE_RUN_PORT_53_UDP_ADDR=10.0.0.1",
                      "LE_RUN_METRICS_SERVICE_HOST=10.0.0.1", // a Service named le-run-metrics
                      "LE_RUN_METRICS_PORT_8080_TCP_ADDR=10.0.0.1"};
    Words environment = links;
    // As a child of another le-run, and where an image names the version that it installed.
    environment.insert(environment.end(),
                       {"LE_RUN_HELD_LOCK=k8s://a/b", "LE_RUN_HOLDER_IDENTITY=me",
                        "LE_RUN_FENCING_TOKEN=7", "LE_RUN_VERSION=0.2.0", "LE_RUNNER=else"});
    const Options options = parse_with({}, environment);
    CHECK(std::equal(environment.begin(), environment.end(), options.environment.begin()));
}

TEST_CASE("a text that no value may have is refused, wherever it was given", "[options]") {
    const std::string lock = "file:///run/lease";
    const std::vector<std::string> bad{
        lock + "\n",       lock + "\r\n",   "\n" + lock,           lock + " ",
        " " + lock,        "file:///a\tb",  "file:///a\x7f",       "file:///a\u0085",
        "file:///a\u2028", lock + "\u200b", "file:///a\xff\xfe/b", "file:///\x1b[2J"};
    for (const std::string& text : bad) {
        const ScratchFolder folder;
        INFO(text);
        const Refusal by_flag = refused({"--lock", text, "--", "true"});
        const Refusal by_variable = refused({"--", "true"}, {"LE_RUN_LOCK=" + text});
        const Refusal by_await_election =
            refused({"--", "true"},
                    {"K8S_AWAIT_ELECTION_ENABLED=1", "K8S_AWAIT_ELECTION_IDENTITY=" + text});
        CHECK(by_flag.code == 125);
        CHECK(by_variable.code == 125);
        CHECK(by_await_election.code == 125);
        CHECK_THAT(by_flag.text, contains("--lock") && contains("remove it"));
        CHECK_THAT(by_variable.text, contains("LE_RUN_LOCK") && contains("remove it"));
        CHECK_THAT(by_await_election.text, contains("IDENTITY") && contains("remove it"));
        std::string escaped; // as YAML writes it between double quotes
        for (const char c : text) {
            char hex[8];
            std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(c));
            const bool is_control = static_cast<unsigned char>(c) < ' ' || c == 0x7f;
            escaped += is_control ? std::string(hex) : std::string(1, c);
        }
        const std::string file = folder.write("f", "lock: \"" + escaped + "\"\n");
        const Refusal by_file = refused({"--config", file, "--", "true"});
        CHECK(by_file.code == 125);
        CHECK_THAT(by_file.text, contains("f:1: lock") && contains("remove it"));
    }
}

TEST_CASE("the command is found before anything else happens", "[options]") {
    const auto refusal = [](const std::string& command) {
        return refused({"--lock=file:///x", "--", command});
    };
    CHECK(refusal("no-such-program").code == 127);
    CHECK_THAT(refusal("no-such-program").text, contains("no-such-program") && contains("PATH"));
    CHECK(refusal("/no/such/program").code == 127);
    CHECK(refusal("/etc/passwd").code == 126);
    CHECK(refusal("/etc/passwd/x").code == 127);
    CHECK(refusal("/tmp").code == 126);
    CHECK(refusal("").code == 127);
    CHECK(refusal("sleep 10").code == 127);
    CHECK_THAT(refusal("sleep 10").text, contains("blank") && contains("words of their own"));
    CHECK_THAT(refusal("/bin/sleep 10").text, contains("blank"));
}

TEST_CASE("a folder in PATH that may not be entered hides nothing behind it", "[options]") {
    if (::geteuid() != 0) {
        WARN("needs root");
        return;
    }
    const ScratchFolder folder;
    const std::string closed = folder.file("closed");
    REQUIRE(::mkdir(closed.c_str(), 0700) == 0);
    const pid_t pid = ::fork();
    if (pid == 0) {
        if (::setresuid(65534, 65534, 65534) != 0) {
            ::_exit(1);
        }
        const auto code_of = [&](const char* command) {
            return refused({"--lock=file:///x", "--", command}, {"PATH=" + closed + ":/bin"}).code;
        };
        ::_exit(code_of("true") == 0 && code_of("no-such-program") == 126 ? 0 : 2);
    }
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    CHECK(WEXITSTATUS(status) == 0);
}

} // namespace le_run::test

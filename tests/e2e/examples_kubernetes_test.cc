// What lies in examples/kubernetes works as it is: the API server accepts it, and le-run, set up as
// it says and with the rights that it grants, leads, is watched and hands over.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <sstream>

#include <unistd.h>

#include "base/duration_text.h"
#include "election/timing.h"
#include "helpers/catch.h"
#include "helpers/cluster.h"
#include "helpers/pod.h"

using namespace le_run;
using namespace le_run::test;
using nlohmann::json;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
    return text;
}

// A manifest in the namespace of a test's own, and what the API server makes of it.
class Example {
public:
    explicit Example(const std::string& name)
        : cluster_(shared_api_server()),
          file_(scratch_.write(
              name, in_our_server(read_file(LE_RUN_SOURCE_DIR "/examples/kubernetes/" + name)))) {
        std::istringstream printed(kubectl({"create", "--dry-run=server", "-o", "json", "-f"}));
        while (printed >> std::ws, !printed.eof()) {
            printed >> objects_.emplace_back();
        }
    }

    // As the administrator, with the manifest behind the last word.
    std::string kubectl(const Words& command) const {
        Process program(cluster_.kubectl(command + Words{file_}));
        const auto code = program.wait();
        INFO(program.err());
        REQUIRE(code == 0);
        return program.out();
    }

    const Cluster& cluster() const { return cluster_; }
    const std::vector<json>& objects() const { return objects_; }
    json object(const std::string& kind) const {
        for (const json& candidate : objects_) {
            if (candidate.at("kind") == kind) {
                return candidate;
            }
        }
        FAIL("no " << kind);
        return {};
    }
    json workload() const {
        for (const json& candidate : objects_) {
            if (candidate.contains("spec") && candidate.at("spec").contains("template")) {
                return candidate;
            }
        }
        FAIL("no workload");
        return {};
    }
    json pod_spec() const { return workload().at("spec").at("template").at("spec"); }
    json container() const { return pod_spec().at("containers").at(0); }
    Words args() const { return container().at("args").get<Words>(); }
    Environment environment() const {
        Environment result;
        const json entries = container().at("env");
        for (const json& entry : entries) {
            result.emplace_back(entry.at("name"), entry.at("value"));
        }
        return result;
    }
    std::string lease_name() const {
        return object("Role").at("rules").at(1).at("resourceNames").at(0);
    }
    std::string user() const {
        return "system:serviceaccount:" + cluster_.lease_namespace() + ":" +
               object("ServiceAccount").at("metadata").at("name").get<std::string>();
    }

    // Creates everything. Returns a folder such as a pod of it gets, with a token of the service
    // account, once the server grants what its Role says.
    std::string create() {
        kubectl({"create", "-f"});
        const std::string name = object("ServiceAccount").at("metadata").at("name");
        token_ = cluster_.service_account_token(name);
        REQUIRE(
            wait_until([&] { return cluster_.status_for(token_, "GET", lease_name()) == 404; }));
        service_account_.write("token", token_);
        service_account_.write("ca.crt", cluster_.access().text("ca.crt"));
        service_account_.write("namespace", cluster_.lease_namespace());
        return service_account_.path();
    }
    // What the pods' token may not do.
    int status_of_delete() const { return cluster_.status_for(token_, "DELETE", lease_name()); }

private:
    // policy/v1 came with Kubernetes 1.21, where policy/v1beta1 has the same fields.
    std::string in_our_server(const std::string& yaml) const {
        return replaced(
            replaced(yaml, "namespace: default", "namespace: " + cluster_.lease_namespace()),
            "apiVersion: policy/v1\n", "apiVersion: policy/v1beta1\n");
    }

    Cluster cluster_;
    ScratchFolder scratch_;
    ScratchFolder service_account_;
    std::string file_;
    std::string token_;
    std::vector<json> objects_;
};

std::string value_of(const Environment& environment, const std::string& name) {
    for (const auto& [candidate, value] : environment) {
        if (candidate == name) {
            return value;
        }
    }
    FAIL("no " << name);
    return "";
}

// What the pod needs from SIGTERM to the end of a release, by le-run's own arithmetic; the timing
// is le-run's default.
Duration needed_to_stop(const Environment& environment) {
    const election::Timing timing;
    const auto grace = parse_duration(value_of(environment, "LE_RUN_STOP_GRACE"));
    REQUIRE(grace.has_value());
    return *grace + timing.kappa + 2 * timing.request_timeout();
}

bool needs_root() {
    if (::geteuid() != 0) {
        WARN("needs root: not run");
    }
    return ::geteuid() != 0;
}

} // namespace

TEST_CASE("examples: kubectl and the API server accept each manifest, and it holds together") {
    int seen = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(LE_RUN_SOURCE_DIR "/examples/kubernetes")) {
        INFO(file.path());
        const Example example(file.path().filename());
        ++seen;
        CHECK(example.workload().at("spec").at("replicas") == 2);

        const json labels =
            example.workload().at("spec").at("template").at("metadata").at("labels");
        CHECK(example.object("PodDisruptionBudget").at("spec").at("selector").at("matchLabels") ==
              labels);
        const json apart = example.pod_spec()
                               .at("affinity")
                               .at("podAntiAffinity")
                               .at("preferredDuringSchedulingIgnoredDuringExecution")
                               .at(0)
                               .at("podAffinityTerm");
        CHECK(apart.at("labelSelector").at("matchLabels") == labels);
        CHECK(apart.at("topologyKey") == "kubernetes.io/hostname");

        const Environment environment = example.environment();
        CHECK(value_of(environment, "LE_RUN_LOCK") == "k8s://" + example.lease_name());
        for (const auto& [name, value] : environment) {
            // The derivation stands on the default timing, and on no CPU limit.
            CHECK_FALSE((name == "LE_RUN_LEASE_DURATION" || name == "LE_RUN_RENEW_DEADLINE" ||
                         name == "LE_RUN_RETRY_PERIOD"));
        }
        const auto resources = example.container().at("resources");
        CHECK_FALSE((resources.contains("limits") && resources.at("limits").contains("cpu")));
        CHECK(std::chrono::seconds(
                  example.pod_spec().at("terminationGracePeriodSeconds").get<int>()) ==
              needed_to_stop(environment));
        CHECK(example.pod_spec().at("serviceAccountName") ==
              example.object("ServiceAccount").at("metadata").at("name"));
    }
    CHECK(seen == 3);
}

// Two pods with the manifest's arguments and environment, examples/worker.sh as the worker, and a
// token of its service account, which has no right but its Role's.
TEST_CASE("examples: with exactly its Role a pod leads, renews, another watches, and takes over") {
    if (needs_root()) {
        return;
    }
    const std::string name = GENERATE("deployment.yaml", "statefulset.yaml");
    INFO(name);
    Example example(name);
    const Pod::Setup setup{.command = Words{le_run_binary(), "--"} + example.args(),
                           .environment =
                               example.environment() + Environment{{"LE_RUN_LOG_LEVEL", "debug"}},
                           .service_account = example.create(),
                           .programs = {{"worker", LE_RUN_SOURCE_DIR "/examples/worker.sh"}}};
    const Cluster& cluster = example.cluster();
    const auto probe =
        example.container().at("livenessProbe").at("exec").at("command").get<Words>();

    Pod a(cluster.access(), setup);
    const bool a_works = wait_until([&] { return a.has_said("started, fencing token"); });
    INFO(a.log());
    REQUIRE(a_works);
    Pod b(cluster.access(), setup);
    REQUIRE(wait_until([&] { return b.log().find("watching k8s://") != std::string::npos; }));
    REQUIRE(wait_until([&] { return cluster.history().size() >= 3; })); // acquired, renewed twice

    REQUIRE(wait_until([&] { return a.exec(probe) == 0; }));
    CHECK(b.exec(probe) == 0); // a standby has no worker to ask
    // A leader whose worker works no more: only the probe tells.
    a.exec({"sh", "-c", "kill -STOP $(grep -lx worker /proc/[0-9]*/comm | cut -d/ -f3)"});
    CHECK(a.exec({"touch", "-d", "-2 minutes", "/tmp/worked"}) == 0);
    CHECK(a.exec(probe) != 0);

    CHECK(example.status_of_delete() == 403);
    a.signal(SIGTERM);
    CHECK(a.process().wait() == 0);
    CHECK(a.has_said("ended"));
    const bool b_works = wait_until([&] { return b.has_said("started, fencing token"); });
    INFO(b.log());
    CHECK(b_works);
    b.signal(SIGTERM);
    CHECK(b.process().wait() == 0);
    CHECK(cluster.history().back().is_release());
    // The audit log tells of a watch when it has ended.
    CHECK(wait_until([&] { return cluster.requests_of(example.user(), "watch") >= 1; }));
    for (const Pod* pod : {&a, &b}) {
        CHECK(pod->log().find("denies it") == std::string::npos);
    }
}

// The clock of b is a second behind: it strikes when a's batch has long ended.
TEST_CASE("examples: the batch runs once per tick, in either replica, though their clocks differ") {
    if (needs_root()) {
        return;
    }
    constexpr int kEvery = 4;
    constexpr std::int64_t kHold = 3;
    Example example("batch.yaml");
    ScratchFolder scratch;
    const std::string runs = scratch.write("runs", "");
    const std::string batch = scratch.write(
        "batch", "#!/bin/sh\necho \"$REPLICA $(/bin/date +%s%3N)\" >>" + runs + "\nexit 3\n");
    const std::string behind =
        scratch.write("date", "#!/bin/sh\nexec /bin/date -d '1 second ago' \"$@\"\n");
    Words command = example.container().at("command").get<Words>();
    command.front() = "/bin/sh";
    command.back() =
        replaced(command.back(), "--hold 60s", "--hold " + std::to_string(kHold) + "s");
    const auto setup_of = [&](const std::string& name) {
        Environment environment = example.environment();
        for (auto& [variable, value] : environment) {
            value = variable == "EVERY" ? std::to_string(kEvery) : value;
        }
        environment.emplace_back("REPLICA", name);
        return Pod::Setup{.command = command, .environment = environment};
    };
    Pod::Setup of_a = setup_of("a");
    of_a.service_account = example.create();
    of_a.programs = {{"batch", batch}, {"le-run", le_run_binary()}};
    Pod::Setup of_b = setup_of("b");
    of_b.service_account = of_a.service_account;
    of_b.programs = of_a.programs;
    of_b.programs.emplace_back("date", behind);
    Pod a(example.cluster().access(), of_a);
    Pod b(example.cluster().access(), of_b);
    const auto lines = [&] { return lines_of(read_file(runs)); };
    const auto runs_of = [&](const std::string& name) {
        const auto all = lines();
        return std::count_if(all.begin(), all.end(),
                             [&](const std::string& line) { return line.starts_with(name); });
    };
    const auto end = [](Pod& pod) {
        pod.signal(SIGTERM);
        CHECK(pod.process().wait() == 0);
        CHECK(pod.log().find("denies it") == std::string::npos);
    };

    const bool ran = wait_until([&] { return runs_of("a") >= 3; });
    INFO(read_file(runs));
    INFO(a.log());
    INFO(b.log());
    CHECK(ran);
    CHECK(wait_until([&] { return b.log().find("exit code 75") != std::string::npos; }));
    CHECK(b.process().runs());
    end(a);
    const auto before = runs_of("b"); // none, unless a was late
    CHECK(wait_until([&] { return runs_of("b") > before; }));
    end(b);
    std::int64_t last = 0;
    for (const std::string& line : lines()) {
        const std::int64_t at = std::stoll(line.substr(2));
        CHECK(at - last > kHold * 1000 - 1000); // from won to won it is the hold
        last = at;
    }
}

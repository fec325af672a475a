// A swap in one line: the variables of k8s-await-election and the flags of kube-scheduler.
#include "helpers/catch.h"

#include "options/options.h"

namespace le_run::test {

using namespace le_run::kubernetes_store;
using namespace le_run::options;
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

const std::string kAwait = "K8S_AWAIT_ELECTION_";

Options parse(Words flags, Words environment) {
    flags.insert(flags.end(), {"--", "true"});
    environment.emplace_back("PATH=/usr/bin:/bin");
    return std::get<Options>(parse_options(flags, environment));
}

// With that prefix, and ENABLED=1.
Words await_variables(Words names) {
    names.emplace_back("ENABLED=1");
    for (std::string& name : names) {
        name.insert(0, kAwait);
    }
    return names;
}

std::string refused(const Words& flags, const Words& environment) {
    try {
        parse(flags, environment);
    } catch (const OptionsError& error) {
        CHECK(error.code() == 125);
        return error.what();
    }
    return "accepted";
}

} // namespace

TEST_CASE("k8s-await-election: what it reads is what le-run does", "[options]") {
    const Words variables =
        await_variables({"NAME=any", "LOCK_NAME=lease", "LOCK_NAMESPACE=space", "IDENTITY=pod-1",
                         "LEASE_DURATION=30", "RENEW_DEADLINE=20", "RETRY_PERIOD=3",
                         "POD_IP=10.0.0.1", "NODE_NAME=n", "STATUS_ENDPOINT="});
    const Options options = parse({}, variables);
    const auto& lock = std::get<KubernetesLock>(options.lock);
    CHECK(options.election_off.empty());
    CHECK(lock.name == "lease");
    CHECK(lock.lease_namespace == "space");
    CHECK(options.election.id == election::HolderIdentity{"pod-1"});
    CHECK(options.election.timing.lease_duration == 30s);
    CHECK(options.election.timing.renew_deadline == 20s);
    CHECK(options.election.timing.retry_period == 3s);
    Words passed_on = variables; // the child saw them there, too
    passed_on.emplace_back("PATH=/usr/bin:/bin");
    CHECK(options.environment == passed_on);
    // A flag wins.
    const Options by_flag = parse({"--lock=k8s://b", "--retry-period=1s"}, variables);
    CHECK(std::get<KubernetesLock>(by_flag.lock).name == "b");
    CHECK(std::get<KubernetesLock>(by_flag.lock).lease_namespace == "space");
    CHECK(by_flag.election.timing.retry_period == 1s);
}

TEST_CASE("k8s-await-election: every variable of its README, set as there", "[options]") {
    const Words variables{kAwait + "ENABLED=1",
                          kAwait + "NAME=linstor-controller",
                          kAwait + "LOCK_NAME=piraeus-op-cs",
                          kAwait + "LOCK_NAMESPACE=default",
                          kAwait + "IDENTITY=my-singleton-with-replicas-5d9c7c6b8-2xkqz",
                          kAwait + "LEASE_DURATION=30",
                          kAwait + "RENEW_DEADLINE=20",
                          kAwait + "RETRY_PERIOD=3",
                          kAwait + "SERVICE_NAMESPACE=default",
                          kAwait + "SERVICE_PORTS_JSON=[{\"name\":\"http\",\"port\":3370}]",
                          kAwait + "POD_IP=10.0.0.1",
                          kAwait + "NODE_NAME=node-1"};
    const Options options = parse({}, variables);
    CHECK(std::get<KubernetesLock>(options.lock).name == "piraeus-op-cs");
    CHECK(options.election.timing.lease_duration == 30s);
    CHECK(options.election.timing.renew_deadline == 20s);
    CHECK(options.election.timing.retry_period == 3s);
    for (const char* refused_one : {"STATUS_ENDPOINT=:9999", "SERVICE_NAME=my-service"}) {
        Words all = variables;
        all.push_back(kAwait + refused_one);
        CHECK_THAT(refused({}, all), contains(kAwait + std::string(refused_one).substr(0, 12)));
    }
    // Shown in the notation that le-run's own options have, so that --config reads it.
    const auto printed = std::get<JustPrint>(parse_options({"--print-config"}, variables)).text;
    CHECK_THAT(printed, contains("\nlease-duration: 30s") && contains("\nretry-period: 3s"));
}

TEST_CASE("k8s-await-election: without ENABLED nothing is elected, unless le-run is told",
          "[options]") {
    CHECK_THAT(parse({}, {kAwait + "LOCK_NAME=a"}).election_off, contains(kAwait + "ENABLED"));
    CHECK_FALSE(parse({}, {kAwait + "ENABLED="}).election_off.empty());
    // As there, nothing else is looked at then.
    CHECK_FALSE(
        parse({}, {kAwait + "ENABLED=", kAwait + "STATUS_ENDPOINT=:9999"}).election_off.empty());
    CHECK(parse({"--enabled=true"}, {kAwait + "LOCK_NAME=a"}).election_off.empty());
    CHECK_FALSE(parse({"--enabled=false"}, await_variables({"LOCK_NAME=a"})).election_off.empty());
    CHECK_FALSE(parse({}, {"LE_RUN_ENABLED=false"}).election_off.empty());
    CHECK(parse({}, {"LE_RUN_ENABLED=true", "LE_RUN_LOCK=k8s://a", kAwait + "POD_IP=10.0.0.1"})
              .election_off.empty());
    const std::string unclear = refused({"--lock=k8s://a/b"}, {kAwait + "POD_IP=10.0.0.1"});
    CHECK_THAT(unclear, contains("--lock \"k8s://a/b\"") && contains(kAwait + "ENABLED") &&
                            contains("--enabled=true"));
}

TEST_CASE("k8s-await-election: what le-run cannot do, or nobody knows, is refused", "[options]") {
    struct Row {
        Words variables;
        std::vector<std::string> parts;
    };
    const std::vector<Row> rows{
        {{kAwait + "ENABLED=false"}, {"ENABLED \"false\"", "write 1"}},
        {{kAwait + "ENABLED=0"}, {"ENABLED \"0\""}},
        {await_variables({"LOCK_NAME=a", "STATUS_ENDPOINT=:9999"}),
         {kAwait + "STATUS_ENDPOINT \":9999\"", "probe"}},
        {await_variables({"LOCK_NAME=a", "SERVICE_NAME=web"}),
         {kAwait + "SERVICE_NAME \"web\"", "readiness"}},
        {await_variables({"LOCK_NAME=a", "LEASE_DURATON=15s"}),
         {kAwait + "LEASE_DURATON", "LEASE_DURATION"}},
        {{kAwait + "LOCKNAME=a"}, {kAwait + "LOCKNAME"}},
        {await_variables({"LOCK_NAME=a", "LEASE_DURATION=15s"}),
         {kAwait + "LEASE_DURATION \"15s\"", "whole seconds"}},
        {await_variables({"LOCK_NAME=a", "RENEW_DEADLINE=10s"}), {kAwait + "RENEW_DEADLINE"}},
        {await_variables({"LOCK_NAME=a", "RETRY_PERIOD=1m"}), {kAwait + "RETRY_PERIOD"}},
        {await_variables({"LOCK_NAME=a", "RETRY_PERIOD=1.5"}), {kAwait + "RETRY_PERIOD"}},
        {await_variables({"LOCK_NAME=A"}), {kAwait + "LOCK_NAME", "\"A\""}},
        {await_variables({"LOCK_NAME=a", "IDENTITY=\t"}), {kAwait + "IDENTITY"}},
        {await_variables({}), {"no lock"}},
    };
    for (const Row& row : rows) {
        const std::string text = refused({}, row.variables);
        INFO(text);
        for (const std::string& part : row.parts) {
            CHECK_THAT(text, contains(part));
        }
    }
    // Two names of one setting in one place.
    Words both = await_variables({"LOCK_NAME=a"});
    both.emplace_back("LE_RUN_LOCK=k8s://b");
    CHECK_THAT(refused({}, both), contains("LE_RUN_LOCK") && contains(kAwait + "LOCK_NAME"));
    // A Service of that name puts these into each pod: they are no settings.
    CHECK(parse({"--lock=file:///x"},
                {kAwait + "SERVICE_HOST=10.0.0.1", kAwait + "SERVICE_PORT=80",
                 kAwait + "SERVICE_PORT_HTTP=80", kAwait + "PORT=tcp://10.0.0.1:80",
                 kAwait + "PORT_80_TCP_ADDR=10.0.0.1"})
              .election_off.empty());
}

TEST_CASE("kube-scheduler: --leader-elect-* are names of le-run's options", "[options]") {
    const Options options =
        parse({"--leader-elect", "--leader-elect-lease-duration=30s",
               "--leader-elect-renew-deadline=20s", "--leader-elect-retry-period", "3s",
               "--leader-elect-resource-lock=leases", "--leader-elect-resource-name=my-scheduler",
               "--leader-elect-resource-namespace=kube-system"},
              {});
    const auto& lock = std::get<KubernetesLock>(options.lock);
    CHECK(lock.name == "my-scheduler");
    CHECK(lock.lease_namespace == "kube-system");
    CHECK(options.election.timing.lease_duration == 30s);
    CHECK(options.election.timing.renew_deadline == 20s);
    CHECK(options.election.timing.retry_period == 3s);
    CHECK(options.election_off.empty());
    CHECK_FALSE(parse({"--leader-elect=false"}, {}).election_off.empty());

    CHECK_THAT(refused({"--leader-elect-resource-lock=endpoints"}, {}),
               contains("--leader-elect-resource-lock \"endpoints\"") && contains("leases"));
    CHECK_THAT(refused({"--leader-elect=maybe"}, {}), contains("--leader-elect \"maybe\""));
    CHECK_THAT(refused({"--leader-elect-retry-period=2"}, {}),
               contains("--leader-elect-retry-period \"2\""));
    CHECK_THAT(refused({"--retry-period=1s", "--leader-elect-retry-period=2s"}, {}),
               contains("--retry-period") && contains("--leader-elect-retry-period"));
    CHECK_THAT(refused({"--leader-elect-resource-lok=leases"}, {}), contains("unknown option"));
}

} // namespace le_run::test

// The Kubernetes store against a real kube-apiserver: the shared contract, and what only Kubernetes
// has.
#include <sstream>

#include "helpers/catch.h"
#include "helpers/wait_until.h"
#include "store/contract.h"
#include "store/kubernetes/kubernetes_store.h"
#include "store/kubernetes_place.h"
#include "store/lease_json.h"

using namespace le_run;
using namespace le_run::election;
using namespace le_run::net;
using namespace le_run::test;
using namespace std::chrono_literals;

namespace {

// The contract suite freezes its server, so it cannot be the shared one.
class KubernetesUnderTest : public StoreUnderTest {
public:
    explicit KubernetesUnderTest(ApiServer& server) : server_(server) {}

    std::unique_ptr<store::LeaseStore> make_store(boost::asio::io_context& loop) override {
        return admin_.store(loop, lease_namespace_, name_);
    }
    void delete_lease() override { admin_.delete_lease(lease_namespace_, name_); }
    nlohmann::ordered_json read_raw() override { return admin_.get_lease(lease_namespace_, name_); }
    void edit_raw(const std::function<void(nlohmann::ordered_json&)>& edit) override {
        admin_.edit_lease(lease_namespace_, name_, edit);
    }
    void hang() override {
        server_.freeze();
        // Its threads stop one after the other; then nobody answers any more.
        if (!wait_until([this] { return !admin_.is_answered(1s); })) {
            throw std::runtime_error("the API server does not freeze");
        }
    }
    void resume() override { server_.thaw(); }

private:
    ApiServer& server_;
    KubernetesAdmin admin_{server_.access()};
    std::string lease_namespace_ = admin_.make_namespace();
    std::string name_ = fresh_name("contract");
};

} // namespace

TEST_CASE("kubernetes: the store keeps the store contract") {
    static ApiServer server; // one for all sections
    check_store_contract([] { return std::make_unique<KubernetesUnderTest>(server); });
}

TEST_CASE("kubernetes: the Lease is what client-go writes") {
    Place place;
    const auto written = place.must_write(record_of("host_1", 3), {});
    const auto lease = place.admin.get_lease(place.lease_namespace, place.name);
    CHECK(lease.at("spec") == nlohmann::ordered_json::parse(
                                  R"({"holderIdentity":"host_1","leaseDurationSeconds":15,
                                      "acquireTime":"2026-01-02T03:04:05.123456Z",
                                      "renewTime":"2026-01-02T03:04:08.123456Z","leaseTransitions":3})"));
    CHECK(lease.at("metadata").at("resourceVersion") == written.lease.version.text);
    CHECK(written.token.text == written.lease.version.text);
    CHECK(written.lease.record == record_of("host_1", 3));

    LeaseRecord released = record_of("", 4);
    released.lease_duration_seconds = 1;
    place.must_write(released, written.lease);
    const auto after = place.admin.get_lease(place.lease_namespace, place.name);
    CHECK(after.at("spec").value("holderIdentity", "?") == "");
    CHECK(after.at("spec").at("leaseDurationSeconds") == 1);
    CHECK(after.at("metadata").at("uid") == lease.at("metadata").at("uid"));
}

TEST_CASE("kubernetes: a Lease that others made empty is a record of nobody") {
    Place place;
    const auto first = place.must_write(record_of("a"), {});
    place.admin.edit_lease(place.lease_namespace, place.name, [](nlohmann::ordered_json& lease) {
        lease["spec"] = nlohmann::ordered_json::object();
    });
    const auto read = place.read();
    REQUIRE(std::holds_alternative<StoredLease>(read));
    CHECK(std::get<StoredLease>(read).record == LeaseRecord{});
    place.must_write(record_of("b"), std::get<StoredLease>(read));
}

TEST_CASE(
    "kubernetes: a deleted Lease is not re-created by a renewal, nor its successor overwritten") {
    Place place;
    const auto first = place.must_write(record_of("a"), {});
    place.admin.delete_lease(place.lease_namespace, place.name);
    CHECK(describe(place.write(record_of("a", 1), first.lease)) == "Conflict"); // as 1.20 has it
    CHECK_FALSE(place.admin.has_lease(place.lease_namespace, place.name));

    const auto second = place.must_write(record_of("b"), {});
    CHECK(is_greater(second.token, first.token));
    // The version of the successor does not help a base with the uid of the old one.
    StoredLease mixed = first.lease;
    mixed.version = second.lease.version;
    CHECK(describe(place.write(record_of("a", 1), mixed)) == "Conflict");
    CHECK(describe(place.read()) == "Found b");
}

TEST_CASE("kubernetes: managed fields, labels and finalizers survive a renewal") {
    Place place;
    place.must_write(record_of("a"), {});
    place.admin.edit_lease(place.lease_namespace, place.name, [](nlohmann::ordered_json& lease) {
        lease["metadata"]["labels"] = {{"team", "a"}};
        lease["metadata"]["finalizers"] = {"example.org/keep"};
    });
    const auto read = place.read();
    REQUIRE(std::holds_alternative<StoredLease>(read));
    place.must_write(record_of("a", 1), std::get<StoredLease>(read));
    const auto lease = place.admin.get_lease(place.lease_namespace, place.name);
    CHECK(lease.at("metadata").at("labels").at("team") == "a");
    CHECK(lease.at("metadata").at("finalizers").at(0) == "example.org/keep");
    CHECK(lease.at("metadata").contains("managedFields"));
    place.admin.edit_lease(place.lease_namespace, place.name,
                           [](nlohmann::ordered_json& l) { l["metadata"].erase("finalizers"); });
}

TEST_CASE("kubernetes: a namespace that is not there") {
    Place place;
    const std::string missing = fresh_name("missing");
    place.store = place.admin.store(place.loop, missing, place.name);
    CHECK(describe(place.read()) == "Absent"); // the API server does not tell
    const auto outcome = place.write(record_of("a"), {});
    const auto& failure = failure_in(outcome);
    CHECK(failure.kind == Failure::Kind::kDenied);
    CHECK_THAT(failure.text, contains("cannot create lease " + missing + "/" + place.name +
                                      " at https://127.0.0.1:") &&
                                 contains("namespace " + missing + " does not exist"));
}

TEST_CASE("kubernetes: without rights, and with exactly those that the message names") {
    Place place;
    place.use(std::string("{token: ") + kNobodyToken + "}");
    const auto read = place.read();
    const auto denied = failure_in(read);
    CHECK(denied.kind == Failure::Kind::kDenied);
    CHECK_THAT(denied.text,
               contains("User \"nobody\" cannot get resource \"leases\"") &&
                   contains("in the namespace \"" + place.lease_namespace + "\"") &&
                   contains("add to a Role in namespace " + place.lease_namespace) &&
                   contains("resourceNames: [\"" + place.name +
                            "\"], verbs: [\"get\", \"update\", \"watch\"]}") &&
                   contains("verbs: [\"create\"]} (create cannot be limited by resourceNames)"));
    const auto write = place.write(record_of("a"), {});
    CHECK_THAT(failure_in(write).text, contains("cannot create resource \"leases\""));

    place.admin.grant(
        place.lease_namespace, "nobody",
        {{{"apiGroups", {"coordination.k8s.io"}}, {"resources", {"leases"}}, {"verbs", {"create"}}},
         {{"apiGroups", {"coordination.k8s.io"}},
          {"resources", {"leases"}},
          {"resourceNames", {place.name}},
          {"verbs", {"get", "update", "watch"}}}});
    REQUIRE(wait_until([&] { return describe(place.read()) == "Absent"; })); // rights lag
    const auto first = place.must_write(record_of("a"), {});
    place.must_write(record_of("a", 1), first.lease);
    CHECK(describe(place.read()) == "Found a");

    place.name = fresh_name("other");
    place.use(std::string("{token: ") + kNobodyToken + "}");
    const auto other = place.read();
    CHECK_THAT(failure_in(other).text,
               contains("leases.coordination.k8s.io \"" + place.name + "\" is forbidden"));
}

TEST_CASE("kubernetes: a namespace that is being deleted is denied without advice on Roles") {
    Place place;
    place.must_write(record_of("a"), {});
    // Nothing finishes the deletion: the namespace controller is not part of the API server.
    place.admin.delete_namespace(place.lease_namespace);
    place.admin.delete_lease(place.lease_namespace, place.name);
    const auto outcome = place.write(record_of("a"), {});
    const auto& failure = failure_in(outcome);
    CHECK(failure.kind == Failure::Kind::kDenied);
    CHECK_THAT(failure.text, contains("because it is being terminated") && !contains("Role"));
}

TEST_CASE("kubernetes: a server that the CA did not sign is not trusted, and sees no token") {
    Place place;
    place.use(std::string("{token: ") + kAdminToken + "}", "other-ca.crt");
    const auto read = place.read();
    CHECK(failure_in(read).kind == Failure::Kind::kUntrusted);
    CHECK_THAT(failure_in(read).text, contains("127.0.0.1") && !contains(kAdminToken));
    CHECK(failure_in(place.write(record_of("a"), {})).kind == Failure::Kind::kUntrusted);
    CHECK_FALSE(place.admin.has_lease(place.lease_namespace, place.name));
}

TEST_CASE("kubernetes: a path that leads elsewhere is no Kubernetes API, not an absent Lease") {
    Place place;
    place.use(std::string("{token: ") + kAdminToken + "}", "ca.crt", "/elsewhere");
    const auto read = place.read();
    CHECK(failure_in(read).kind == Failure::Kind::kUnreachable);
    CHECK_THAT(failure_in(read).text, contains("this is not a Kubernetes API"));
}

TEST_CASE("kubernetes: a record that the server refuses is denied in its words") {
    Place place;
    LeaseRecord record = record_of("a");
    record.lease_duration_seconds = 0;
    const auto outcome = place.write(record, {});
    const auto& failure = failure_in(outcome);
    CHECK(failure.kind == Failure::Kind::kDenied);
    CHECK_THAT(failure.text, contains("it answered 422") && contains("must be greater than 0"));
    CHECK(describe(place.read()) == "Absent");
}

TEST_CASE("kubernetes: nobody answers at the port") {
    Place place;
    auto config = place.admin.config(std::string("{token: ") + kAdminToken + "}");
    config.endpoint.port = "1";
    place.store = kubernetes_store::make_kubernetes_store(place.loop, config, place.lease_namespace,
                                                          place.name);
    const auto outcome = place.write(record_of("a"), {});
    CHECK(failure_in(outcome).kind == Failure::Kind::kUnreachable);
    CHECK_THAT(failure_in(outcome).text, contains("127.0.0.1:1"));
}

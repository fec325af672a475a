// The program and a server whose Lease holds what others wrote, or which answers something else.
#include <atomic>
#include <mutex>

#include <nlohmann/json.hpp>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/http_test_server.h"

using namespace le_run::test;

namespace {

using Json = nlohmann::ordered_json;

Json lease_of_others(int transitions) {
    Json lease = {{"kind", "Lease"}, {"apiVersion", "coordination.k8s.io/v1"}};
    lease["metadata"] = {
        {"name", "w"}, {"namespace", "n"}, {"uid", "u"}, {"resourceVersion", "41"}};
    lease["spec"] = {
        {"holderIdentity", ""}, {"leaseDurationSeconds", 1}, {"leaseTransitions", transitions}};
    return lease;
}

// Keeps one Lease, as an API server does: what it does not take is answered with 422.
class LeaseKeeper {
public:
    // `digits`: before those of each version.
    explicit LeaseKeeper(Json lease, std::string digits = "")
        : lease_(std::move(lease)), digits_(std::move(digits)) {}

    Answer answer(const ServedRequest& request) { // from any thread
        const std::lock_guard lock(mutex_);
        if (request.target.find("watch=true") != std::string::npos) {
            return {.status = 200, .kind = Answer::Kind::kSilent};
        }
        if (request.method == "PUT") {
            Json sent = Json::parse(request.body);
            const auto transitions = sent["spec"]["leaseTransitions"].get<std::int64_t>();
            if (transitions < 0 || transitions > 2147483647) {
                return {.status = 422, .body = R"({"kind":"Status","message":"transitions"})"};
            }
            sent["metadata"]["resourceVersion"] = digits_ + std::to_string(++version_);
            lease_ = std::move(sent);
        }
        return {.status = 200, .body = lease_.dump()};
    }

private:
    std::mutex mutex_;
    Json lease_;
    std::string digits_;
    int version_ = 41;
};

// le-run with a worker that ends by itself, at this server.
Process le_run_at(const HttpTestServer& server, const ScratchFolder& scratch, Words options = {}) {
    const std::string kubeconfig = scratch.write(
        "kubeconfig", "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
                      "contexts: [{name: c, context: {cluster: k, user: u}}]\n"
                      "clusters: [{name: k, cluster: {server: \"http://127.0.0.1:" +
                          server.port() + "\"}}]\nusers: [{name: u, user: {token: t}}]\n");
    return Process(
        {.argv = Words{le_run_binary(), "--lock", "k8s://n/w", "--kubeconfig", kubeconfig,
                       "--lease-duration", "15s", "--retry-period", "500ms"} +
                 options + Words{"--", "echo", "worked"},
         .environment = without_settings(),
         .inherit_environment = false});
}

} // namespace

TEST_CASE("foreign answers: JSON that is no Lease is waited for, like a page or a 503 (file)") {
    const ScratchFolder scratch;
    LeaseKeeper keeper(lease_of_others(3));
    std::atomic<int> count = 0;
    HttpTestServer server([&](const ServedRequest& request) {
        return ++count <= 3 ? Answer{.status = 200, .body = R"({"error":"upstream starting"})"}
                            : keeper.answer(request);
    });
    Process program = le_run_at(server, scratch);
    CHECK(program.wait() == 0);
    INFO(program.err());
    CHECK(program.out() == "worked\n");
    CHECK_THAT(program.err(), contains(R"(something else than the Lease ({"error":"upstream st)"));
}

TEST_CASE("foreign answers: --wait limits how long a server that answers nonsense is waited for "
          "(file)") {
    const ScratchFolder scratch;
    HttpTestServer server([](const ServedRequest&) {
        return Answer{.status = 200, .body = R"({"error":"upstream starting"})"};
    });
    Process program = le_run_at(server, scratch, {"--wait", "2s"});
    CHECK(program.wait() == 75);
    CHECK(program.out().empty());
}

TEST_CASE("foreign answers: a Lease at the bounds of what Kubernetes stores is won (file)") {
    const ScratchFolder scratch;
    Json lease = lease_of_others(2147483647);
    const std::string most = "3402823669209384634633746074317682114"; // and 55: 128 bits
    lease["metadata"]["resourceVersion"] = most + "41";
    lease["spec"]["acquireTime"] = "10000-01-01T04:59:59.000000Z";
    lease["spec"]["renewTime"] = nullptr;
    for (int i = 0; i < 2100; ++i) {
        lease["metadata"]["annotations"]["a" + std::to_string(i)] = "";
    }
    lease["metadata"]["annotations"]["large"] = std::string(256 * 1024, '<');
    LeaseKeeper keeper(lease, most);
    HttpTestServer server([&](const ServedRequest& request) { return keeper.answer(request); });
    Process program = le_run_at(server, scratch, {"--wait", "20s"});
    CHECK(program.wait() == 0);
    INFO(program.err());
    CHECK(program.out() == "worked\n");
    CHECK_THAT(program.err(), contains("does not fit into a signed 64-bit integer"));
}

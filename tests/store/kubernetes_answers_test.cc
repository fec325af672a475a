// The Kubernetes store and answers that a healthy API server does not give.
#include <chrono>

#include "helpers/catch.h"
#include "helpers/http_test_server.h"
#include "helpers/scratch_folder.h"
#include "kubernetes/kubeconfig.h"
#include "store/contract.h"
#include "store/kubernetes/kubernetes_store.h"
#include "store/lease_json.h"
#include "store/scripted_server.h"

using namespace le_run;
using namespace le_run::election;
using namespace le_run::net;
using namespace le_run::store;
using namespace le_run::test;
using namespace std::chrono_literals;

namespace {

LeaseRecord record_of(const std::string& holder) {
    return {{holder}, 15, WallTime{1}, WallTime{2}, 3};
}

std::string lease_of(const std::string& holder, const std::string& version,
                     const std::string& name = "w") {
    return R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":")" + name +
           R"(","namespace":"n","uid":"u-1","resourceVersion":")" + version +
           R"("},"spec":{"holderIdentity":")" + holder + R"(","leaseDurationSeconds":15}})";
}

std::string status_of(int code, const std::string& reason, const std::string& message,
                      const std::string& details = "{}") {
    return R"({"kind":"Status","apiVersion":"v1","status":"Failure","reason":")" + reason +
           R"(","message":")" + message + R"(","details":)" + details + R"(,"code":)" +
           std::to_string(code) + "}";
}

const std::string kLeaseNotFound =
    status_of(404, "NotFound", "leases.coordination.k8s.io \\\"w\\\" not found",
              R"({"name":"w","group":"coordination.k8s.io","kind":"leases"})");

// A store for lease n/w against scripted answers.
struct Scripted {
    boost::asio::io_context loop;
    ScriptedServer server{loop};
    ScratchFolder folder;
    std::unique_ptr<store::LeaseStore> store;

    explicit Scripted(kubernetes::TokenSource token = {}) {
        kubernetes::ClusterConfig config;
        config.endpoint.tls = false;
        config.endpoint.host = "127.0.0.1";
        config.endpoint.port = server.port();
        config.token = std::move(token);
        config.source = "the test";
        store = kubernetes_store::make_kubernetes_store(loop, std::move(config), "n", "w");
    }

    ReadOutcome read(Duration timeout = 60s) { return read_and_wait(loop, *store, timeout); }
    WriteOutcome create() { return write_and_wait(loop, *store, record_of("a"), {}); }
    WriteOutcome update(Duration timeout = 60s) {
        const auto base = std::get<LeaseObject>(parse_lease_object(lease_of("b", "41")));
        return write_and_wait(loop, *store, record_of("a"),
                              StoredLease{base.record, {"41"}, base.object}, timeout);
    }
    Failure failed_read() {
        const auto outcome = read();
        INFO(describe(outcome));
        REQUIRE(std::holds_alternative<Failure>(outcome));
        return std::get<Failure>(outcome);
    }
    Failure failed_update() {
        const auto outcome = update();
        INFO(describe(outcome));
        REQUIRE(std::holds_alternative<Failure>(outcome));
        return std::get<Failure>(outcome);
    }
};

using Kind = Failure::Kind;

} // namespace

TEST_CASE("answers: the requests as they go out") {
    Scripted s({"a-token", ""});
    s.server.answer(200, lease_of("b", "41"));
    s.server.answer(200, lease_of("a", "42"));
    s.server.answer(201, lease_of("a", "43"));
    CHECK(describe(s.read()) == "Found b");
    const auto updated = s.update();
    REQUIRE(describe(updated) == "Written");
    CHECK(std::get<Written>(updated).token.text == "42");
    CHECK(dump_json(tree_of(*std::get<Written>(updated).lease.object)) == lease_of("a", "42"));
    CHECK(describe(s.create()) == "Written");

    const auto& requests = s.server.requests();
    REQUIRE(requests.size() == 3);
    CHECK(requests[0].starts_with(
        "GET /apis/coordination.k8s.io/v1/namespaces/n/leases/w HTTP/1.1\r\n"));
    CHECK(requests[1].starts_with(
        "PUT /apis/coordination.k8s.io/v1/namespaces/n/leases/w HTTP/1.1\r\n"));
    CHECK(requests[2].starts_with(
        "POST /apis/coordination.k8s.io/v1/namespaces/n/leases HTTP/1.1\r\n"));
    for (const auto& request : requests) {
        CHECK_THAT(request, contains("Bearer a-token\r\n"));
    }
    CHECK_THAT(requests[1], contains("\"uid\":\"u-1\"") && contains("\"resourceVersion\":\"41\"") &&
                                contains("\"holderIdentity\":\"a\""));
    CHECK_THAT(requests[2], !contains("uid") && !contains("resourceVersion"));
}

TEST_CASE("answers: 401 is asked once again, with the token that lies in the file now") {
    const ScratchFolder folder;
    const std::string path = folder.write("token", "old");
    Scripted s({"", path});
    folder.write("token", "new");
    s.server.answer(401, status_of(401, "Unauthorized", "Unauthorized"));
    s.server.answer(200, lease_of("b", "41"));
    CHECK(describe(s.read()) == "Found b");
    REQUIRE(s.server.requests().size() == 2);
    CHECK_THAT(s.server.requests()[0], contains("Bearer old\r\n"));
    CHECK_THAT(s.server.requests()[1], contains("Bearer new\r\n"));

    s.server.answer(401, status_of(401, "Unauthorized", "Unauthorized"));
    s.server.answer(401, status_of(401, "Unauthorized", "Unauthorized"));
    const auto failure = s.failed_update();
    CHECK(failure.kind == Kind::kDenied);
    CHECK_THAT(failure.text, contains("401: Unauthorized") && contains("they come from the test"));
    CHECK(s.server.requests().size() == 4); // no third try
}

TEST_CASE("answers: 401 with a token file that is gone says so") {
    const ScratchFolder folder;
    const std::string path = folder.write("token", "hidden");
    Scripted s({"", path});
    std::filesystem::remove(path);
    s.server.answer(401, "");
    s.server.answer(401, "");
    const auto failure = s.failed_read();
    CHECK(failure.kind == Kind::kDenied);
    CHECK_THAT(failure.text, contains("token file " + path + " is missing") && !contains("hidden"));
}

TEST_CASE("answers: 401 for a fixed token is final") {
    Scripted s({"fixed", ""});
    s.server.answer(401, "");
    CHECK(s.failed_read().kind == Kind::kDenied);
    CHECK(s.server.requests().size() == 1);
}

TEST_CASE("answers: both tries of a 401 share one timeout") {
    const ScratchFolder folder;
    Scripted s({"", folder.write("token", "t")});
    s.server.answer(401, ""); // the second request hangs
    const auto start = std::chrono::steady_clock::now();
    const auto outcome = s.update(1s);
    CHECK(std::chrono::steady_clock::now() - start < 30s);
    REQUIRE(std::holds_alternative<Failure>(outcome));
    CHECK(std::get<Failure>(outcome).kind == Kind::kUnreachable);
    CHECK(s.server.requests().size() == 2);
}

TEST_CASE("answers: a server that is busy or ill is unreachable, and says when to come again") {
    struct Row {
        int status;
        std::string headers;
        std::optional<Duration> retry_after;
    };
    const auto row = GENERATE(values<Row>({{429, "Retry-After: 3\r\n", 3s},
                                           {503, "Retry-After: 1\r\n", 1s},
                                           {500, "", {}},
                                           {502, "", {}},
                                           {504, "", {}},
                                           {408, "", {}},
                                           {302, "Location: http://127.0.0.1:1/\r\n", {}},
                                           {204, "", {}}}));
    CAPTURE(row.status);
    Scripted s;
    const std::string body =
        row.status == 204 ? "" : status_of(row.status, "X", "overloaded \\n today");
    s.server.answer(row.status, body, row.headers);
    s.server.answer(row.status, body, row.headers);
    for (const auto& failure : {s.failed_read(), s.failed_update()}) {
        CHECK(failure.kind == Kind::kUnreachable);
        CHECK(failure.retry_after == row.retry_after);
        CHECK_THAT(failure.text,
                   contains("it answered " + std::to_string(row.status)) && !contains("\n"));
    }
    CHECK(s.server.requests().size() == 2);
}

TEST_CASE(
    "answers: a 200 that is no Lease of this name is malformed when read, unknown when written") {
    const auto body = GENERATE(values<std::string>({
        "",
        "<html>sign in</html>",
        "{}",
        R"({"error":"upstream starting"})",
        R"({"kind":"LeaseList","apiVersion":"coordination.k8s.io/v1","items":[]})",
        lease_of("a", "41", "other"),
        lease_of("a", ""),
        lease_of("a", "041"),
        lease_of("a", "v1"),
        lease_of("a", std::string(40, '9')),
        R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"w","resourceVersion":"1"}})",
        lease_of("a", "41").substr(0, 90),
        std::string(100'000, '['),
    }));
    CAPTURE(body.substr(0, 100));
    Scripted s;
    s.server.answer(200, body);
    s.server.answer(200, body);
    s.server.answer(201, body);
    // Whatever something on the way, or a server that is starting, says instead: it is waited out.
    CHECK(s.failed_read().kind == Kind::kUnreachable);
    const auto update = s.failed_update();
    CHECK(update.kind == Kind::kUnreachable);
    CHECK_THAT(update.text, contains("whether it was written is unknown"));
    const auto created = s.create();
    REQUIRE(std::holds_alternative<Failure>(created));
    CHECK(std::get<Failure>(created).kind == Kind::kUnreachable);
}

TEST_CASE("answers: a record that cannot be read stays as it is, and is not waited out") {
    Scripted s;
    s.server.answer(200, R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":)"
                         R"({"name":"w","uid":"u","resourceVersion":"1"},"spec":)"
                         R"({"leaseDurationSeconds":-1}})");
    const auto failure = s.failed_read();
    CHECK(failure.kind == Kind::kMalformed);
    CHECK_THAT(failure.text, contains("the record in the Lease cannot be read: "
                                      "`spec.leaseDurationSeconds` is -1"));
}

TEST_CASE("answers: a Lease with 2,100 annotations is read and renewed, all of them kept") {
    std::string annotations;
    for (int i = 0; i < 2100; ++i) {
        annotations += (i == 0 ? "\"a" : ",\"a") + std::to_string(i) + "\":\"\"";
    }
    std::string lease = lease_of("a", "41");
    lease.replace(lease.find("\"name\""), 0, "\"annotations\":{" + annotations + "},");
    Scripted s;
    s.server.answer(200, lease);
    const auto outcome = s.read();
    INFO(describe(outcome));
    REQUIRE(std::holds_alternative<StoredLease>(outcome));
    s.server.answer(200, lease);
    const auto written =
        write_and_wait(s.loop, *s.store, record_of("a"), std::get<StoredLease>(outcome));
    CHECK(std::holds_alternative<Written>(written));
    CHECK_THAT(s.server.requests().back(), contains(annotations));
}

TEST_CASE("answers: only a NotFound that names this lease means absent") {
    Scripted s;
    s.server.answer(404, kLeaseNotFound);
    CHECK(describe(s.read()) == "Absent");
    s.server.answer(404, kLeaseNotFound);
    CHECK(describe(s.update()) == "Absent");

    for (const std::string& body :
         {std::string(), std::string("404 page not found"), status_of(404, "NotFound", "gone"),
          status_of(404, "NotFound", "x", R"({"name":"other","kind":"leases"})"),
          status_of(404, "NotFound", "x", R"({"name":"w","kind":"services"})"),
          status_of(404, "", "the server could not find the requested resource"),
          lease_of("a", "41")}) {
        CAPTURE(body);
        s.server.answer(404, body);
        const auto failure = s.failed_read();
        CHECK(failure.kind == Kind::kUnreachable);
        CHECK_THAT(failure.text, contains("not a Kubernetes API"));
        s.server.answer(404, body);
        CHECK(s.failed_update().kind == Kind::kUnreachable);
    }

    const std::string no_namespace =
        status_of(404, "NotFound", "x", R"({"name":"n","kind":"namespaces"})");
    s.server.answer(404, no_namespace);
    const auto failure = s.failed_read();
    CHECK(failure.kind == Kind::kDenied);
    CHECK_THAT(failure.text, contains("namespace n does not exist"));
    // A create cannot find the lease absent: it says that something is wrong.
    s.server.answer(404, kLeaseNotFound);
    CHECK(std::holds_alternative<Failure>(s.create()));
}

TEST_CASE("answers: 409 is a conflict, and one request") {
    Scripted s;
    s.server.answer(409, status_of(409, "AlreadyExists", "x"));
    CHECK(describe(s.create()) == "Conflict");
    s.server.answer(409, status_of(409, "Conflict", "the object has been modified"));
    CHECK(describe(s.update()) == "Conflict");
    s.server.answer(409, "no Status");
    CHECK(describe(s.update()) == "Conflict");
    s.server.answer(404, kLeaseNotFound);
    CHECK(describe(s.update()) == "Absent");
    CHECK(s.server.requests().size() == 4);
}

TEST_CASE("answers: refusals in the server's words") {
    Scripted s;
    s.server.answer(
        403, status_of(403, "Forbidden", "User \\\"u\\\" cannot update resource \\\"leases\\\""));
    auto failure = s.failed_update();
    CHECK(failure.kind == Kind::kDenied);
    CHECK_THAT(failure.text,
               contains("User \"u\" cannot update") && contains("resourceNames: [\"w\"]"));
    s.server.answer(403, status_of(403, "Forbidden", "exceeded quota"));
    failure = s.failed_update();
    CHECK_THAT(failure.text, contains("exceeded quota") && !contains("resourceNames"));
    s.server.answer(403, "");
    failure = s.failed_read();
    CHECK(failure.kind == Kind::kDenied);
    CHECK_THAT(failure.text,
               contains("not as a Kubernetes API does") && !contains("resourceNames"));
    for (const int status : {400, 422}) {
        s.server.answer(status, status_of(status, "Invalid", "spec is wrong"));
        failure = s.failed_update();
        CHECK(failure.kind == Kind::kDenied);
        CHECK_THAT(failure.text, contains("spec is wrong"));
    }
    // Whatever status a webhook chooses, what helps follows from the server's words.
    for (const int status : {400, 403, 422, 500, 503}) {
        const bool is_denial = status != 500;
        s.server.answer(status, status_of(status, "",
                                          is_denial ? "admission webhook \\\"p.test\\\" denied "
                                                      "the request: not on Fridays"
                                                    : "Internal error occurred: failed calling "
                                                      "webhook \\\"p.test\\\": no route to host"));
        failure = s.failed_update();
        CHECK_THAT(failure.text, contains(is_denial ? "not on Fridays" : "no route to host") &&
                                     contains(is_denial ? "a policy of the cluster forbids it"
                                                        : "repair or remove it") &&
                                     !contains("address"));
    }
    for (const int status : {400, 405, 415}) {
        s.server.answer(status, status_of(status, "X", "the server says why"));
        CHECK_THAT(s.failed_update().text, contains("says why") && !contains("address"));
        s.server.answer(status, "<html>");
        CHECK_THAT(s.failed_update().text, contains("check") && contains("address"));
    }
    // A message as long as a body may be is cut, and stays one line.
    s.server.answer(500, status_of(500, "X", std::string(1'000'000, 'm')));
    CHECK(s.failed_read().text.size() < 3000);
}

TEST_CASE("answers: a 200 with another record than the one that was sent is no write") {
    Scripted s;
    const auto with_times = [](const std::string& acquired, const std::string& renewed) {
        std::string lease = lease_of("a", "42");
        const std::string more = R"("acquireTime":"1970-01-01T00:00:00.00000)" + acquired +
                                 R"(Z","renewTime":"1970-01-01T00:00:00.00000)" + renewed +
                                 R"(Z",)";
        return lease.insert(lease.find("\"holderIdentity\""), more);
    };
    for (const std::string& cached :
         {lease_of("b", "42"), lease_of("", "42"), with_times("1", "1"), with_times("0", "2")}) {
        CAPTURE(cached);
        s.server.answer(200, cached);
        const auto failure = s.failed_update();
        CHECK(failure.kind == Kind::kUnreachable);
        CHECK_THAT(failure.text,
                   contains("a record that le-run did not send") && contains("written is unknown"));
    }
    s.server.answer(200, with_times("1", "2"));
    CHECK(describe(s.update()) == "Written");
}

TEST_CASE("answers: broken HTTP is unreachable") {
    Scripted s;
    for (const std::string bytes :
         {"", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"kind\":"}) {
        CAPTURE(bytes);
        // The transport may ask twice where a connection was cut.
        s.server.answer_raw(bytes);
        s.server.answer_raw(bytes);
        s.server.answer_raw(bytes);
        const auto outcome = s.read();
        REQUIRE(std::holds_alternative<Failure>(outcome));
        CHECK(std::get<Failure>(outcome).kind == Kind::kUnreachable);
    }
}

TEST_CASE("in a pod: the server's IPv6 address from the environment") {
    const TestCa ca("ca");
    std::unique_ptr<HttpTestServer> server;
    HttpTestServer::Options options;
    options.address = "::1";
    options.tls = ServerTls();
    options.tls->identity = ca.issue({.common_name = "server", .ips = {"::1"}});
    try {
        server = std::make_unique<HttpTestServer>(
            [](const ServedRequest&) { return Answer{.status = 200, .body = lease_of("a", "41")}; },
            options);
    } catch (const std::system_error& without) {
        WARN("no IPv6 on this machine: " << without.what());
        return;
    }
    const ScratchFolder folder;
    folder.write("ca.crt", ca.certificate_pem());
    folder.write("token", "pod-token\n");
    folder.write("namespace", "n\n");
    const std::map<std::string, std::string> environment{
        {"KUBERNETES_SERVICE_HOST", "::1"}, {"KUBERNETES_SERVICE_PORT", server->port()}};
    const auto config = kubernetes::load_cluster_config(
        {.kubeconfig_flag = {},
         .environment = [&](const std::string& name) -> std::optional<std::string> {
             const auto found = environment.find(name);
             return found == environment.end() ? std::nullopt : std::optional(found->second);
         },
         .service_account_folder = folder.path()});
    boost::asio::io_context loop;
    const auto store = kubernetes_store::make_kubernetes_store(
        loop, config, kubernetes::lock_namespace(config, ""), "w");
    CHECK(describe(read_and_wait(loop, *store)) == "Found a");
    REQUIRE(server->requests().size() == 1);
    auto seen = server->requests().front();
    CHECK(seen.headers["authorization"] == "Bearer pod-token");
    CHECK(seen.headers["host"] == "[::1]:" + server->port());
    CHECK(seen.target == "/apis/coordination.k8s.io/v1/namespaces/n/leases/w");
}

// Every way in which a request for a Lease can fail has a text of its own, which names the object,
// the server and what to do: what a user reads in one line of the log.
#include <set>

#include "helpers/catch.h"
#include "helpers/http_test_server.h"
#include "store/contract.h"
#include "store/kubernetes/kubernetes_store.h"
#include "store/kubernetes_admin.h"
#include "store/lease_json.h"

using namespace le_run;
using namespace le_run::election;
using namespace le_run::kubernetes;
using namespace le_run::test;
using namespace std::chrono_literals;

namespace {

using kubernetes::ClusterConfig;
using Kind = Failure::Kind;

const std::string kName = "the-lease";

LeaseRecord any_record() { return {{"a"}, 15, WallTime{1}, WallTime{2}, 3}; }

// The texts so far; each must be new, whatever the ports in it.
struct Texts {
    std::set<std::string> seen;

    void check(const Failure& failure, Kind kind, const ClusterConfig& config,
               const std::string& lease_namespace, const std::vector<std::string>& words) {
        INFO(failure.text);
        CHECK(failure.kind == kind);
        CHECK_THAT(failure.text, contains(" lease " + lease_namespace + "/" + kName));
        const auto& endpoint = config.endpoint;
        CHECK_THAT(failure.text, contains(endpoint.host + ":" + endpoint.port));
        for (const auto& each : words) {
            CHECK_THAT(failure.text, contains(each));
        }
        std::string key;
        for (const char c : failure.text) {
            key += c >= '0' && c <= '9' ? '#' : c;
        }
        CHECK(seen.insert(key).second);
        for (const char c : failure.text) {
            CHECK((c >= ' ' && c <= '~'));
        }
    }
};

Failure read_failure(const ClusterConfig& config, const std::string& lease_namespace,
                     Duration timeout = 60s) {
    boost::asio::io_context loop;
    const auto store =
        kubernetes_store::make_kubernetes_store(loop, config, lease_namespace, kName);
    const auto outcome = read_and_wait(loop, *store, timeout);
    INFO(describe(outcome));
    REQUIRE(std::holds_alternative<Failure>(outcome));
    return std::get<Failure>(outcome);
}

Failure create_failure(const ClusterConfig& config, const std::string& lease_namespace,
                       const LeaseRecord& record = any_record()) {
    boost::asio::io_context loop;
    const auto store =
        kubernetes_store::make_kubernetes_store(loop, config, lease_namespace, kName);
    const auto outcome = write_and_wait(loop, *store, record, {});
    INFO(describe(outcome));
    REQUIRE(std::holds_alternative<Failure>(outcome));
    return std::get<Failure>(outcome);
}

ClusterConfig at(const std::string& port, const std::string& ca_pem = "") {
    ClusterConfig config;
    config.endpoint.tls = !ca_pem.empty();
    config.endpoint.host = "127.0.0.1";
    config.endpoint.port = port;
    config.endpoint.tls_config.ca_pem = ca_pem;
    config.source = "the test";
    return config;
}

Answer answer(int status, const std::string& body = "", Answer::Kind kind = Answer::Kind::kWhole) {
    Answer given;
    given.status = status;
    given.body = body;
    given.kind = kind;
    return given;
}

// {"sub":"system:serviceaccount:prod:worker","exp":1500000000}
const std::string kExpiredToken =
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6cHJvZDp3b3JrZXIiLCJleHAiOjE1MDAwMDAwMDB9.c2ln";

} // namespace

TEST_CASE("errors: each has its own text, which names the lease, the server and what to do") {
    Texts texts;
    const TestCa ca("the CA");
    PkiRequest loopback;
    loopback.common_name = "server";
    loopback.ips = {"127.0.0.1"};
    HttpTestServer::Options options;
    options.tls = ServerTls();

    // No answer.
    const auto check_unreachable = [&](const ClusterConfig& config,
                                       const std::vector<std::string>& words,
                                       Duration timeout = 60s) {
        texts.check(read_failure(config, "prod", timeout), Kind::kUnreachable, config, "prod",
                    words);
    };
    check_unreachable(at(unused_port()),
                      {"connection refused", "check that the server runs, and its host and port"});
    auto unresolved = at("6443", ca.certificate_pem());
    unresolved.endpoint.host = "le-run.invalid";
    check_unreachable(unresolved, {"the name le-run.invalid", "name servers of this machine"});
    const BlackHole hole;
    check_unreachable(at(hole.port()),
                      {"timed out after ", " connecting to 127.0.0.1", "check host and port"},
                      500ms);
    const auto check_answer = [&](const Answer& given, const std::vector<std::string>& words,
                                  Duration timeout = 60s) {
        HttpTestServer server([&](const ServedRequest&) { return given; });
        check_unreachable(at(server.port()), words, timeout);
    };
    check_answer(answer(200, "", Answer::Kind::kSilent),
                 {"timed out after ", " waiting for the answer", "slow or hangs"}, 500ms);
    check_answer(answer(200, "SSH-2.0-x\r\n\r\n", Answer::Kind::kNotHttp),
                 {"not valid HTTP", "if it speaks TLS on this port, write https://"});
    check_answer(answer(200, "", Answer::Kind::kNotHttp),
                 {"closed the connection without an answer"});
    check_answer(answer(200, "", Answer::Kind::kHalfThenEnd), {"the answer broke off"});
    check_answer(answer(200, "", Answer::Kind::kEndless), {"too large", "API server's address"});
    check_answer(answer(200, "<html>"), {"without a JSON object", "check the server's address"});
    check_answer(answer(302), {"it answered 302", "perhaps to a login page"});
    check_answer(answer(404, "<html>"), {"not a Kubernetes API", "check the server's address"});
    check_answer(answer(410), {"it answered 410", "Gone", "le-run asks again"});
    check_answer(answer(429), {"it answered 429", "overloaded", "le-run tries again"});
    // As kube-apiserver says it in plain text, and as a Status.
    for (const int status : {429, 503}) {
        const std::string words = "The apiserver is shutting down, please try again later.";
        HttpTestServer server([&](const ServedRequest&) { return answer(status, words + "\n"); });
        const Failure plain = read_failure(at(server.port()), "prod");
        CHECK_THAT(plain.text, contains("it answered " + std::to_string(status) + ": " + words +
                                        "; le-run tries again"));
        server.set_handler([&](const ServedRequest&) {
            return answer(status, R"({"kind":"Status","message":"etcd is away"})");
        });
        const Failure told = read_failure(at(server.port()), "prod");
        CHECK_THAT(told.text, contains(std::to_string(status) + ": etcd is away; le-run tries"));
        server.set_handler([&](const ServedRequest&) { return answer(status, "<html><p>x"); });
        CHECK_THAT(read_failure(at(server.port()), "prod").text, !contains("html"));
    }
    check_answer(answer(500), {"it answered 500", "its log says why"});
    check_answer(answer(502), {"it answered 502", "load balancer"});
    check_answer(answer(503), {"it answered 503", "not ready or overloaded"});
    check_answer(answer(504), {"it answered 504", "etcd"});
    {
        HttpTestServer plain([](const ServedRequest&) { return answer(200); });
        check_unreachable(at(plain.port(), ca.certificate_pem()),
                          {"does not speak TLS on this port", "write http:// if that is meant"});
    }

    {
        HttpTestServer pod([](const ServedRequest&) { return answer(200, R"({"kind":"Pod"})"); });
        const auto config = at(pod.port());
        texts.check(read_failure(config, "prod"), Kind::kUnreachable, config, "prod",
                    {R"(it answered 200 with something else than the Lease ({"kind":"Pod"}): )",
                     "it is not a Lease of coordination.k8s.io"});
    }

    // The way there.
    HttpTestServer proxy([](const ServedRequest&) { return answer(403); });
    auto proxied = at("6443", ca.certificate_pem());
    proxied.endpoint.proxy = std::get<net::Proxy>(
        net::parse_proxy("http://me:hidden@127.0.0.1:" + proxy.port(), "HTTPS_PROXY"));
    check_unreachable(proxied, {"through the proxy http://127.0.0.1:" + proxy.port(),
                                "the proxy does not allow connections to the server (403)",
                                "name the server in NO_PROXY"});

    // Trust.
    const auto check_untrusted = [&](const PkiIdentity& identity,
                                     const std::vector<std::string>& words,
                                     const std::string& server_name = "") {
        options.tls->identity = identity;
        HttpTestServer server([](const ServedRequest&) { return answer(200); }, options);
        auto config = at(server.port(), ca.certificate_pem());
        config.endpoint.tls_config.server_name = server_name;
        texts.check(read_failure(config, "prod"), Kind::kUntrusted, config, "prod", words);
    };
    check_untrusted(TestCa("another CA").issue(loopback),
                    {"certificate CN=server (issued by CN=another CA, valid from ",
                     "signed by an unknown authority (CN=another CA)", "certificate-authority"});
    check_untrusted(make_self_signed(loopback), {"self-signed", "certificate-authority"});
    check_untrusted(
        ca.issue(loopback),
        {"hostname mismatch: it is not for other.test but for 127.0.0.1", "tls-server-name"},
        "other.test");
    auto expired = loopback;
    expired.is_expired = true;
    check_untrusted(ca.issue(expired), {"expired on ", "this machine's clock says ", "renew"});
    auto early = loopback;
    early.is_not_yet_valid = true;
    check_untrusted(ca.issue(early), {"not valid before ", "this machine's clock says ", "set it"});
}

TEST_CASE("errors: what credentials say of themselves is said when they are refused") {
    Texts texts;
    HttpTestServer server([](const ServedRequest&) {
        Answer refusal = answer(401, R"({"kind":"Status","message":"Unauthorized"})");
        refusal.headers = {{"Date", "Mon, 01 Jan 2018 00:00:00 GMT"}};
        return refusal;
    });
    auto config = at(server.port());
    config.token.token = kExpiredToken;
    const auto failure = read_failure(config, "prod");
    texts.check(failure, Kind::kDenied, config, "prod",
                {"cannot get lease prod/the-lease as system:serviceaccount:prod:worker at http://",
                 "(401: Unauthorized)", "they come from the test",
                 "the token expired on 2017-07-14 02:40:00 UTC", "get new ones",
                 "this machine's clock is ", " ahead of the server's"});
    CHECK_THAT(failure.text, !contains("eyJ"));
    config.token.token = "opaque";
    texts.check(read_failure(config, "prod"), Kind::kDenied, config, "prod", {"get new ones"});
}

TEST_CASE("errors: what would help against a 403") {
    const auto [message, advice] = GENERATE(table<std::string, std::string>({
        {R"(leases.coordination.k8s.io \"the-lease\" is forbidden: User \"bob\" cannot get resource)"
         R"( \"leases\" in API group \"coordination.k8s.io\" in the namespace \"prod\")",
         "add to a Role in namespace prod"},
        {R"(users \"jane\" is forbidden: User \"bob\" cannot impersonate resource \"users\" in API)"
         R"( group \"\" at the cluster scope)",
         "let that user impersonate"},
        {R"(leases.coordination.k8s.io is forbidden: User \"system:anonymous\" cannot get resource)"
         R"( \"leases\" in API group \"coordination.k8s.io\" in the namespace \"prod\")",
         "it saw no credentials"},
        {R"(admission webhook \"x\" denied the request: you cannot change leases on Sundays)",
         "on Sundays)"},
        {"", "not as a Kubernetes API does"},
    }));
    HttpTestServer server([message = message](const ServedRequest&) {
        return answer(403, message.empty()
                               ? "<html>cannot</html>"
                               : R"({"kind":"Status","reason":"Forbidden","message":")" + message +
                                     "\"}");
    });
    Texts texts;
    const auto config = at(server.port());
    const auto failure = read_failure(config, "prod");
    texts.check(failure, Kind::kDenied, config, "prod", {advice});
    const bool says_rules = failure.text.find("a Role in namespace") != std::string::npos;
    CHECK(says_rules == advice.starts_with("add to a Role"));
}

TEST_CASE("errors: credentials that a server gives back are not shown") {
    const std::string secret = "s3cr3t-t0ken";
    HttpTestServer server([](const ServedRequest& request) {
        return answer(request.method == "GET" ? 401 : 500,
                      R"({"kind":"Status","message":"who is )" +
                          request.headers.at("authorization") + "?\"}");
    });
    auto config = at(server.port());
    SECTION("a token") { config.token.token = secret; }
    SECTION("a password") { config.headers = {{"Authorization", "Basic " + secret}}; }
    for (const auto& failure : {read_failure(config, "prod"), create_failure(config, "prod")}) {
        CHECK_THAT(failure.text, contains(" ***?") && !contains(secret));
    }
}

TEST_CASE("errors: an endless name of a user leaves room for the reason") {
    HttpTestServer server([](const ServedRequest&) { return answer(503); });
    auto config = at(server.port());
    config.headers = {{"Impersonate-User", std::string(5000, 'u')}};
    CHECK_THAT(read_failure(config, "prod").text, contains("uuu... at ") && contains("503"));
}

TEST_CASE("errors: a server that wants TLS behind one that ends it") {
    const TestCa ca("the CA");
    HttpTestServer::Options options;
    options.tls = ServerTls();
    options.tls->identity = ca.issue({.common_name = "server", .ips = {"127.0.0.1"}});
    HttpTestServer server(
        [](const ServedRequest&) {
            return answer(400, "Client sent an HTTP request to an HTTPS server.\n");
        },
        options);
    CHECK_THAT(read_failure(at(server.port(), ca.certificate_pem()), "prod").text,
               contains("without TLS") && !contains("write https"));
}

TEST_CASE("errors: whether a token has expired is judged by the server's clock") {
    const auto [date, expiry, is_clock_off] = GENERATE(table<std::string, std::string, bool>({
        {"Thu, 01 Jan 2015 00:00:00 GMT", "", true},
        {"Wed, 01 Jan 2020 00:00:00 GMT", "the token expired on 2017", true},
        {"Mon, 01 Jan 0001 00:00:00 GMT", "the token expired on 2017", false}, // Go's zero time
        {"Fri, 31 Dec 9999 23:59:59 GMT", "the token expired on 2017", false},
    }));
    HttpTestServer server([date = date](const ServedRequest&) {
        Answer refusal = answer(401, R"({"kind":"Status","message":"Unauthorized"})");
        refusal.headers = {{"Date", date}};
        return refusal;
    });
    auto config = at(server.port());
    config.token.token = kExpiredToken;
    const auto failure = read_failure(config, "prod");
    INFO(failure.text);
    const auto says = [&](const std::string& words) {
        return failure.text.find(words) != std::string::npos;
    };
    CHECK(says(expiry.empty() ? "get new ones" : expiry));
    CHECK(says("expired") == !expiry.empty());
    CHECK(says("clock") == is_clock_off);
}

TEST_CASE("kubernetes: errors: what a real API server refuses") {
    Texts texts;
    const KubernetesAdmin admin(shared_api_server());
    const std::string place = admin.make_namespace();
    const auto as = [&](const std::string& token) {
        return admin.config("{token: " + token + "}");
    };

    auto config = as("hidden-and-wrong");
    texts.check(
        read_failure(config, place), Kind::kDenied, config, place,
        {"does not accept our credentials (401", "they come from kubeconfig ", "get new ones"});
    config = as(kNobodyToken);
    texts.check(read_failure(config, place), Kind::kDenied, config, place,
                {"the server denies it (403", "User \"nobody\" cannot get",
                 "add to a Role in namespace " + place, "resourceNames: [\"" + kName + "\"]",
                 "verbs: [\"get\", \"update\", \"watch\"]"});
    config = as(kAdminToken);
    texts.check(create_failure(config, "not-there"), Kind::kDenied, config, "not-there",
                {"namespace not-there does not exist", "create it or name another one"});
    LeaseRecord invalid = any_record();
    invalid.lease_duration_seconds = 0;
    texts.check(create_failure(config, place, invalid), Kind::kDenied, config, place,
                {"it answered 422", "must be greater than 0", "change what the message names"});
    auto certificate =
        admin.config("{client-certificate: " + shared_api_server().file("admin.crt") +
                     ", client-key: " + shared_api_server().file("admin.key") + "}");
    texts.check(create_failure(certificate, place, invalid), Kind::kDenied, certificate, place,
                {"cannot create lease " + place + "/" + kName + " as admin at https://"});
    auto impersonated = as(kAdminToken);
    impersonated.headers = {{"Impersonate-User", "carol"}};
    texts.check(read_failure(impersonated, place), Kind::kDenied, impersonated, place,
                {"as carol at https://", "User \"carol\" cannot get"});
    config.endpoint.tls = false;
    config.token = {};
    texts.check(read_failure(config, place), Kind::kDenied, config, place,
                {"it needs TLS on this port", "write https://"});
    config = as(kAdminToken);
    config.tls_files.ca.clear();
    config.endpoint.tls_config.ca_pem = TestCa("stranger").certificate_pem();
    texts.check(read_failure(config, place), Kind::kUntrusted, config, place,
                {"certificate ", "issued by ", "unknown authority", "certificate-authority"});
    config = as(kAdminToken);
    config.endpoint.tls_config.server_name = "other.test";
    texts.check(read_failure(config, place), Kind::kUntrusted, config, place,
                {"it is not for other.test but for ", kApiServerName, "tls-server-name"});
}

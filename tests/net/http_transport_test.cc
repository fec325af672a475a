// What the transport does with servers that behave: requests, answers, connections, addresses.
#include <atomic>
#include <memory>
#include <system_error>

#include "helpers/wait_until.h"
#include "net/transport_fixture.h"

using namespace le_run;
using namespace le_run::net;
using namespace le_run::test;
using net::HttpError;
using net::HttpTransport;

TEST_CASE("a request arrives as it was meant") {
    HttpTestServer server(always(text("{\"a\":1}")));
    LoopFixture fixture;
    net::Endpoint endpoint = plain(server.port());
    endpoint.base_path = "/prefix";
    HttpTransport transport(fixture.loop, endpoint);

    net::HttpRequest request = put("{\"b\":2}", "/apis/x%20y?limit=5&q=%2F");
    request.headers = {{"Authorization", "Bearer secret"},
                       {"Content-Type", "application/merge+json"}};
    const auto response = response_of(exchange(fixture, transport, request));

    CHECK(response.status == 200);
    CHECK(response.body == "{\"a\":1}");
    CHECK_FALSE(response.retry_after.has_value());
    REQUIRE(server.requests().size() == 1);
    auto seen = server.requests().front();
    CHECK(seen.method == "PUT");
    CHECK(seen.target == "/prefix/apis/x%20y?limit=5&q=%2F");
    CHECK(seen.body == "{\"b\":2}");
    CHECK(seen.headers["authorization"] == "Bearer secret");
    CHECK(seen.headers["content-type"] == "application/merge+json");
    CHECK(seen.headers["host"] == "127.0.0.1:" + server.port());
    CHECK_THAT(seen.headers["user-agent"], contains("le-run/"));
}

TEST_CASE("a header that comes several times is several lines") {
    HttpTestServer server(always(text("ok")));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server.port()));
    net::HttpRequest request = get();
    request.headers = {{"Impersonate-Group", "a, b"}, {"Impersonate-Group", "c"}};
    CHECK(response_of(exchange(fixture, transport, request)).status == 200);
    request.headers = {{"Impersonate-Group", "a\r\nX: y"}};
    CHECK_THAT(error_of(exchange(fixture, transport, request)).text, contains("is not one line"));
    REQUIRE(server.requests().size() == 1);
    CHECK(server.requests().front().headers["impersonate-group"] == "a, b\nc");
}

TEST_CASE("any status is an answer, and Retry-After comes with it") {
    Answer answer = text("busy");
    const int status = GENERATE(201, 204, 404, 409, 429, 500, 503);
    answer.status = status;
    if (status == 204) {
        answer.body.clear();
    }
    answer.headers = {{"Retry-After", "7"}};
    HttpTestServer server(always(answer));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server.port()));

    const auto response = response_of(exchange(fixture, transport, get()));
    CHECK(response.status == status);
    CHECK(response.body == answer.body);
    REQUIRE(response.retry_after.has_value());
    CHECK(*response.retry_after == std::chrono::seconds(7));
}

TEST_CASE("a body of the greatest length passes, one byte more does not") {
    const std::size_t extra = GENERATE(0U, 1U);
    HttpTestServer server(always(text(std::string(HttpTransport::kMaxBody + extra, 'x'))));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server.port()));
    const auto result = exchange(fixture, transport, get());
    if (extra == 0) {
        CHECK(response_of(result).body.size() == HttpTransport::kMaxBody);
    } else {
        CHECK_THAT(error_of(result).text, contains("too large"));
    }
}

TEST_CASE("a redirect is an answer: the token does not travel") {
    HttpTestServer elsewhere(always(text("caught")));
    const int status = GENERATE(301, 302, 307, 308);
    Answer redirect;
    redirect.status = status;
    redirect.headers = {{"Location", "http://127.0.0.1:" + elsewhere.port() + "/"}};
    HttpTestServer server(always(redirect));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server.port()));
    net::HttpRequest request = get();
    request.headers = {{"Authorization", "Bearer secret"}};
    CHECK(response_of(exchange(fixture, transport, request)).status == status);
    CHECK(elsewhere.connections() == 0);
}

TEST_CASE("requests one after the other share one connection") {
    HttpTestServer server(always(text("ok")));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server.port()));
    for (int i = 0; i < 20; ++i) {
        CHECK(response_of(exchange(fixture, transport, i % 2 == 0 ? get() : put("x"))).status ==
              200);
    }
    CHECK(server.connections() == 1);
    CHECK(server.requests().size() == 20);
}

TEST_CASE("several requests may be under way") {
    HttpTestServer server(always(text("ok")));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server.port()));
    int answered = 0;
    for (int i = 0; i < 10; ++i) {
        transport.async_send(get("/" + std::to_string(i)), kLongTimeout,
                             [&](net::HttpResult result) {
                                 CHECK(response_of(result).status == 200);
                                 ++answered;
                             });
    }
    CHECK(answered == 0);
    REQUIRE(fixture.run_until([&] { return answered == 10; }));
    CHECK(server.requests().size() == 10);
}

TEST_CASE(
    "a keep-alive connection that the server closed meanwhile is noticed and replaced at once") {
    const auto ending = GENERATE(HttpTestServer::Ending::kFin, HttpTestServer::Ending::kReset);
    const bool tls = GENERATE(false, true);
    const std::string method = GENERATE("GET", "PUT");
    const MaybeTls way(tls);
    HttpTestServer server(always(text("ok")), way.options);
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, way.endpoint(server.port()));
    for (int i = 1; i <= 4; ++i) {
        net::HttpRequest request = method == "GET" ? get() : put(std::string(2000, 'x'));
        CHECK(response_of(exchange(fixture, transport, request)).status == 200);
        server.end_connections(ending);
        REQUIRE(wait_until([&] { return server.open_connections() == 0; }));
        CHECK(server.connections() == i); // no try in between, and nothing was sent twice
        CHECK(server.requests().size() == static_cast<std::size_t>(i));
    }
}

TEST_CASE("IPv6 literals work, with TLS and without") {
    const bool tls = GENERATE(false, true);
    const TestCa ca("ca");
    HttpTestServer::Options options;
    options.address = "::1";
    if (tls) {
        PkiRequest wanted;
        wanted.common_name = "server";
        wanted.ips = {"::1"};
        options.tls = ServerTls();
        options.tls->identity = ca.issue(wanted);
    }
    std::unique_ptr<HttpTestServer> server;
    try {
        server = std::make_unique<HttpTestServer>(always(text("six")), options);
    } catch (const std::system_error& without) {
        WARN("no IPv6 on this machine: " << without.what());
        return;
    }
    LoopFixture fixture;
    net::Endpoint endpoint = secure(server->port(), ca.certificate_pem(), "::1");
    endpoint.tls = tls;
    HttpTransport transport(fixture.loop, endpoint);
    CHECK(response_of(exchange(fixture, transport, get())).body == "six");
    auto seen = server->requests().front();
    CHECK(seen.headers["host"] == "[::1]:" + server->port());
    CHECK(seen.server_name.empty());
}

TEST_CASE("a name with addresses of both kinds, of which one answers") {
    HttpTestServer::Options options;
    const bool is_v6 = GENERATE(false, true);
    options.address = is_v6 ? "::1" : "127.0.0.1";
    std::unique_ptr<HttpTestServer> server;
    try {
        server = std::make_unique<HttpTestServer>(always(text("ok")), options);
    } catch (const std::system_error& without) {
        WARN("no IPv6 on this machine: " << without.what());
        return;
    }
    const std::vector<std::string> both = {is_v6 ? "127.0.0.1" : "::1",
                                           is_v6 ? "::1" : "127.0.0.1"};
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server->port(), "api.invalid"),
                            [both](const std::string&) { return net::LookupAnswer{both, {}}; });
    for (int i = 0; i < 3; ++i) {
        CHECK(response_of(exchange(fixture, transport, get())).body == "ok");
    }
    CHECK(server->connections() == 1);
    server.reset();
    error_of(exchange(fixture, transport, get(), std::chrono::hours(1))); // maybe of the old one
    const auto error = error_of(exchange(fixture, transport, get(), std::chrono::hours(1)));
    CHECK_THAT(error.text, contains("127.0.0.1: ") && contains("::1: ")); // each with its reason
}

TEST_CASE("all addresses of a name have their turn, and the one that works is remembered") {
    HttpTestServer server(always(text("ok")));
    LoopFixture fixture;
    const auto lookups = std::make_shared<std::atomic<int>>(0);
    const auto lookup = [lookups](const std::string&) {
        ++*lookups;
        return net::LookupAnswer{{"127.0.0.9", "127.0.0.8", "127.0.0.1"}, {}}; // nobody at 9 and 8
    };
    HttpTransport transport(fixture.loop, plain(server.port(), "api.invalid"), lookup);
    for (int i = 0; i < 5; ++i) {
        CHECK(response_of(exchange(fixture, transport, get())).status == 200);
    }
    CHECK(server.connections() == 1);
    CHECK(server.requests().front().headers["host"] == "api.invalid:" + server.port());
    REQUIRE(fixture.run_until([&] { return *lookups >= 2; })); // looked again after the refusals
}

TEST_CASE("an address that is silent before the request leaves time for the next one") {
    const TestCa ca("ca");
    PkiRequest wanted;
    wanted.common_name = "server";
    wanted.dns = {"api.invalid"};
    HttpTestServer::Options silent;
    silent.handshakes = false;
    silent.address = "127.0.0.2";
    HttpTestServer::Options options;
    options.tls = ServerTls();
    options.tls->identity = ca.issue(wanted);
    std::unique_ptr<HttpTestServer> first, second;
    for (int attempt = 0; attempt < 20 && second == nullptr; ++attempt) {
        first = std::make_unique<HttpTestServer>(always({}), silent);
        options.port = first->port(); // free on the other address too, as a rule
        try {
            second = std::make_unique<HttpTestServer>(always(text("ok")), options);
        } catch (const std::system_error&) {
        }
    }
    REQUIRE(second != nullptr);
    LoopFixture fixture;
    const auto lookup = [](const std::string&) {
        return net::LookupAnswer{{"127.0.0.2", "127.0.0.1"}, {}};
    };
    HttpTransport transport(fixture.loop,
                            secure(first->port(), ca.certificate_pem(), "api.invalid"), lookup);
    const auto timeout = std::chrono::seconds(8); // 4 for each
    CHECK(response_of(exchange(fixture, transport, get(), timeout)).body == "ok");
    CHECK(first->connections() == 1);
    CHECK(response_of(exchange(fixture, transport, get(), timeout)).body == "ok");
    CHECK(first->connections() == 1);
    CHECK(second->connections() == 1);
}

TEST_CASE("a header value of several lines is refused") {
    HttpTestServer server(always(text("ok")));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server.port()));
    net::HttpRequest request = get();
    request.headers = {{"Authorization", "Bearer secret\r\nX-Other: 1"}};
    const auto error = error_of(exchange(fixture, transport, request));
    CHECK_THAT(error.text, contains("Authorization"));
    CHECK_THAT(error.text, !contains("secret"));
    CHECK(server.requests().empty());
}

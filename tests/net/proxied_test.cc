// Through real proxies, good and bad ones: what arrives, what is said, and what is left behind.
#include <atomic>

#include "helpers/test_stream.h"
#include "helpers/wait_until.h"
#include "net/transport_fixture.h"
#include "net/tunnel.h"

using namespace le_run;
using namespace le_run::net;
using namespace le_run::test;
using net::HttpError;
using net::HttpTransport;
using net::Proxy;

namespace {

// Where every proxy's name leads to.
net::LookupAnswer to_loopback(const std::string&) { return {{"127.0.0.1"}, {}}; }

Proxy proxy_at(const std::string& port, const std::string& begin = "http://proxy.invalid") {
    return std::get<Proxy>(net::parse_proxy(begin + ":" + port, "HTTPS_PROXY"));
}

// A TLS server that only the proxy can find by its name, and the CA that vouches for both.
struct HiddenServer {
    TestCa ca{"ca"};
    HttpTestServer server{always(text("ok")), options_for("api.invalid")};

    HttpTestServer::Options options_for(const std::string& name) const {
        PkiRequest wanted;
        wanted.common_name = name;
        wanted.dns = {name};
        HttpTestServer::Options options;
        options.tls = ServerTls();
        options.tls->identity = ca.issue(wanted);
        return options;
    }
    net::Endpoint behind(const Proxy& proxy) const {
        auto endpoint = secure("6443", ca.certificate_pem(), "api.invalid");
        endpoint.proxy = proxy;
        return endpoint;
    }
    Answer tunnel() const {
        Answer answer = text(server.port());
        answer.kind = Answer::Kind::kTunnel;
        return answer;
    }
};

} // namespace

TEST_CASE("through a proxy: the server's name is the proxy's to look up, one tunnel serves all") {
    HiddenServer hidden;
    HttpTestServer proxy(always(hidden.tunnel()));
    LoopFixture fixture;
    std::vector<std::string> looked_up;
    const auto lookup = [&](const std::string& name) {
        looked_up.push_back(name);
        return to_loopback(name);
    };
    {
        HttpTransport transport(
            fixture.loop, hidden.behind(proxy_at(proxy.port(), "http://me:hidden@proxy.invalid")),
            lookup);
        net::HttpRequest request = put("x", "/a");
        request.headers = {{"Authorization", "Bearer secret"}};
        for (int i = 0; i < 20; ++i) {
            CHECK(response_of(exchange(fixture, transport, request)).body == "ok");
        }
    }
    CHECK(looked_up == std::vector<std::string>{"proxy.invalid"});
    REQUIRE(proxy.requests().size() == 1);
    auto asked = proxy.requests().front();
    CHECK(asked.method == "CONNECT");
    CHECK(asked.target == "api.invalid:6443");
    CHECK(asked.headers["host"] == "api.invalid:6443");
    CHECK(asked.headers["proxy-authorization"] == "Basic bWU6aGlkZGVu");
    CHECK(asked.headers.count("authorization") == 0);
    auto seen = hidden.server.requests().back();
    CHECK(seen.server_name == "api.invalid");
    CHECK(seen.headers["host"] == "api.invalid:6443");
    CHECK(seen.headers["authorization"] == "Bearer secret");
    CHECK(seen.headers.count("proxy-authorization") == 0);
    // The transport's end is the end of its connections, here and there.
    CHECK(wait_until(
        [&] { return proxy.open_connections() == 0 && hidden.server.open_connections() == 0; }));
}

TEST_CASE("through a proxy: to a server without TLS, and in both directions as much as may be") {
    const std::string large(HttpTransport::kMaxBody, 'x');
    HttpTestServer server(always(text(large)));
    Answer tunnel = text(server.port());
    tunnel.kind = Answer::Kind::kTunnel;
    HttpTestServer proxy(always(tunnel));
    LoopFixture fixture;
    net::Endpoint endpoint = plain("8080", "api.invalid");
    endpoint.proxy = proxy_at(proxy.port());
    HttpTransport transport(fixture.loop, endpoint, to_loopback);
    for (int i = 0; i < 2; ++i) {
        CHECK(response_of(exchange(fixture, transport, put(std::string(500'000, 'y')))).body ==
              large);
    }
    CHECK(server.requests().back().body.size() == 500'000);
    CHECK(proxy.requests().size() == 1);
    CHECK(proxy.requests().front().target == "api.invalid:8080");
}

TEST_CASE("through a proxy: a server of an IPv6 address") {
    HiddenServer hidden;
    HttpTestServer proxy(always(hidden.tunnel()));
    LoopFixture fixture;
    auto endpoint = hidden.behind(proxy_at(proxy.port()));
    endpoint.host = "2001:db8::1";
    endpoint.tls_config.server_name = "api.invalid";
    HttpTransport transport(fixture.loop, endpoint, to_loopback);
    response_of(exchange(fixture, transport, get()));
    CHECK(proxy.requests().front().target == "[2001:db8::1]:6443");
}

TEST_CASE("through a proxy over TLS, which is verified like a server") {
    HiddenServer hidden;
    HttpTestServer proxy(always(hidden.tunnel()), hidden.options_for("proxy.invalid"));
    LoopFixture fixture;
    const auto at = [&](const std::string& name) {
        return proxy_at(proxy.port(), "https://me:hidden@" + name);
    };
    HttpTransport transport(fixture.loop, hidden.behind(at("proxy.invalid")), to_loopback);
    for (int i = 0; i < 3; ++i) {
        CHECK(response_of(exchange(fixture, transport, get())).body == "ok");
    }
    REQUIRE(proxy.requests().size() == 1);
    CHECK(proxy.requests().front().server_name == "proxy.invalid");
    CHECK(proxy.handshakes() == 1);

    HttpTransport other_name(fixture.loop, hidden.behind(at("other.invalid")), to_loopback);
    auto error = error_of(exchange(fixture, other_name, get()));
    CHECK(error.kind == HttpError::Kind::kUntrusted);
    CHECK_THAT(error.text, contains("api.invalid:6443 through the proxy https://other.invalid:") &&
                               contains("the proxy is not trusted: certificate CN=proxy.invalid") &&
                               !contains("tls-server-name") && !contains("hidden"));
    auto stranger = hidden.behind(at("proxy.invalid"));
    stranger.tls_config.ca_pem = TestCa("stranger").certificate_pem();
    HttpTransport other_ca(fixture.loop, stranger, to_loopback);
    error = error_of(exchange(fixture, other_ca, get()));
    CHECK(error.kind == HttpError::Kind::kUntrusted);
    CHECK_THAT(error.text, contains("the proxy is not trusted") && contains("(CN=ca)"));
    CHECK(proxy.requests().size() == 1); // nothing was said to it
}

TEST_CASE("through a proxy: a server that is not trusted is named, not the proxy") {
    HiddenServer hidden;
    HttpTestServer proxy(always(hidden.tunnel()));
    LoopFixture fixture;
    auto endpoint = hidden.behind(proxy_at(proxy.port()));
    endpoint.host = "other.invalid";
    HttpTransport transport(fixture.loop, endpoint, to_loopback);
    const auto error = error_of(exchange(fixture, transport, get()));
    CHECK(error.kind == HttpError::Kind::kUntrusted);
    CHECK_THAT(error.text, contains("it is not for other.invalid but for api.invalid") &&
                               !contains("proxy is not trusted"));
}

TEST_CASE("through a SOCKS 5 proxy, with and without a password") {
    HiddenServer hidden;
    const bool with_password = GENERATE(false, true);
    HttpTestServer::Options options;
    options.socks = SocksRules{hidden.server.port()};
    if (with_password) {
        options.socks->user = "me";
        options.socks->password = "hidden";
    }
    HttpTestServer proxy(always({}), options);
    LoopFixture fixture;
    const auto with = [&](const std::string& begin) {
        return hidden.behind(proxy_at(proxy.port(), begin));
    };
    HttpTransport transport(fixture.loop, with("socks5://me:hidden@proxy.invalid"), to_loopback);
    for (int i = 0; i < 3; ++i) {
        CHECK(response_of(exchange(fixture, transport, get())).body == "ok");
    }
    REQUIRE(proxy.requests().size() == 1);
    CHECK(proxy.requests().front().target == "api.invalid:6443");
    if (!with_password) {
        return;
    }
    HttpTransport wrong(fixture.loop, with("socks5://me:guess@proxy.invalid"), to_loopback);
    auto error = error_of(exchange(fixture, wrong, get()));
    CHECK_THAT(error.text, contains("does not accept the user and password of HTTPS_PROXY") &&
                               contains("through the proxy socks5://proxy.invalid:") &&
                               !contains("guess"));
    HttpTransport without(fixture.loop, with("socks5://proxy.invalid"), to_loopback);
    error = error_of(exchange(fixture, without, get()));
    CHECK_THAT(error.text, contains("asks for a user and a password"));
}

TEST_CASE("a proxy that does not connect: the text says what it did, and nothing is left open") {
    struct Row {
        Answer answer;
        std::string words;
    };
    const auto answering = [](int status, const std::string& header = "") {
        Answer answer = text("<html>hidden</html>");
        answer.status = status;
        if (!header.empty()) {
            answer.headers = {{"Proxy-Authenticate", header}};
        }
        return answer;
    };
    Answer garbage = text("SSH-2.0-server\r\n");
    garbage.kind = Answer::Kind::kNotHttp;
    Answer nothing = text("");
    nothing.kind = Answer::Kind::kNotHttp;
    const std::vector<Row> rows = {
        {answering(407, "Basic"), "does not accept the user and password of HTTPS_PROXY"},
        {answering(407, "NTLM"), "wants another way to log in"},
        {answering(403), "does not allow connections to the server (403)"},
        {answering(502), "the proxy cannot reach the server (502)"},
        {answering(503), "the proxy cannot reach the server (503)"},
        {answering(405), "answered CONNECT with 405"},
        {garbage, "not an HTTP proxy; check scheme, host and port of HTTPS_PROXY"},
        {nothing, "the proxy closed the connection before it had reached"},
        {behaving(Answer::Kind::kEndlessHeader), "not an HTTP proxy"},
    };
    HiddenServer hidden;
    for (const auto& row : rows) {
        CAPTURE(row.words);
        const bool is_stream = &row == &rows.back() || &row == &rows.front();
        HttpTestServer proxy(always(row.answer));
        LoopFixture fixture;
        HttpTransport transport(
            fixture.loop, hidden.behind(proxy_at(proxy.port(), "http://me:hidden@proxy.invalid")),
            to_loopback);
        std::optional<net::HttpResult> result;
        const auto done = [&](net::HttpResult answered) { result = std::move(answered); };
        is_stream ? transport.async_stream(get(), std::chrono::hours(1), std::chrono::hours(1),
                                           {[] {}, [](const std::string&) {}, done})
                  : transport.async_send(get(), std::chrono::hours(1), done);
        REQUIRE(fixture.run_until([&] { return result.has_value(); }));
        const auto error = error_of(*result);
        CHECK(error.kind == HttpError::Kind::kUnreachable);
        CHECK_THAT(error.text,
                   contains(row.words) && !contains("hidden") &&
                       contains("api.invalid:6443 through the proxy http://proxy.invalid:"));
        CHECK(proxy.requests().size() == 1);
        CHECK(wait_until([&] { return proxy.open_connections() == 0; }));
    }
    CHECK(hidden.server.connections() == 0);
}

TEST_CASE("a proxy that hangs is given up at the deadline, and its connection is closed") {
    HiddenServer hidden;
    HttpTestServer::Options mute;
    mute.handshakes = false;
    HttpTestServer hangs(always(behaving(Answer::Kind::kSilent)));
    HttpTestServer silent(always({}), mute);
    const std::string scheme = GENERATE("http://", "https://", "socks5://");
    HttpTestServer& proxy = scheme == "http://" ? hangs : silent;
    LoopFixture fixture;
    HttpTransport transport(
        fixture.loop, hidden.behind(proxy_at(proxy.port(), scheme + "proxy.invalid")), to_loopback);
    for (int i = 0; i < 3; ++i) {
        const auto error =
            error_of(exchange(fixture, transport, put("x"), std::chrono::milliseconds(300)));
        CHECK_THAT(error.text,
                   contains("timed out after 300 ms connecting") && contains("through the proxy"));
    }
    CHECK(proxy.connections() == 3);
    CHECK(wait_until([&] { return proxy.open_connections() == 0; }));
}

TEST_CASE("a proxy that is not there") {
    HiddenServer hidden;
    LoopFixture fixture;
    const auto port = unused_port();
    HttpTransport refused(fixture.loop, hidden.behind(proxy_at(port)), to_loopback);
    CHECK_THAT(error_of(exchange(fixture, refused, get())).text,
               contains("the proxy cannot be reached: connection refused") &&
                   contains("check host and port of HTTPS_PROXY"));
    HttpTransport unresolved(fixture.loop, hidden.behind(proxy_at(port)), [](const std::string&) {
        return net::LookupAnswer{{}, "no name server"};
    });
    CHECK_THAT(error_of(exchange(fixture, unresolved, get())).text,
               contains("the name proxy.invalid could not be resolved: no name server"));
}

TEST_CASE("all addresses of a proxy have their turn") {
    HiddenServer hidden;
    HttpTestServer plain_server(always(text("ok")));
    const bool tls = GENERATE(true, false);
    Answer tunnel = hidden.tunnel();
    auto endpoint = hidden.behind(proxy_at("1"));
    if (!tls) { // then the request is written before the proxy has been reached
        tunnel.body = plain_server.port();
        endpoint.tls = false;
    }
    HttpTestServer proxy(always(tunnel));
    endpoint.proxy = proxy_at(proxy.port());
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, endpoint, [](const std::string&) {
        return net::LookupAnswer{{"127.0.0.9", "127.0.0.8", "127.0.0.1"}, {}};
    });
    for (int i = 0; i < 3; ++i) {
        CHECK(response_of(exchange(fixture, transport, get())).body == "ok");
    }
    CHECK(proxy.requests().size() == 1);
}

TEST_CASE("a tunnel that the proxy closed is replaced at once") {
    HiddenServer hidden;
    HttpTestServer proxy(always(hidden.tunnel()));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, hidden.behind(proxy_at(proxy.port())), to_loopback);
    for (std::size_t i = 1; i <= 3; ++i) {
        CHECK(response_of(exchange(fixture, transport, put(std::string(2000, 'x')))).body == "ok");
        CHECK(proxy.requests().size() == i);
        proxy.end_connections(HttpTestServer::Ending::kFin);
        REQUIRE(wait_until([&] {
            return proxy.open_connections() == 0 && hidden.server.open_connections() == 0;
        }));
    }
}

TEST_CASE("a stream through a proxy has a tunnel of its own") {
    HiddenServer hidden;
    Answer unended = text("one");
    unended.kind = Answer::Kind::kUnended;
    hidden.server.set_handler([unended](const ServedRequest& request) {
        return request.target == "/watch" ? unended : text("ok");
    });
    HttpTestServer proxy(always(hidden.tunnel()));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, hidden.behind(proxy_at(proxy.port())), to_loopback);
    std::string received;
    bool has_ended = false;
    transport.async_stream(get("/watch"), kLongTimeout, kLongTimeout,
                           {[] {}, [&](const std::string& bytes) { received += bytes; },
                            [&](const net::HttpResult&) { has_ended = true; }});
    REQUIRE(fixture.run_until([&] { return received == "one"; }));
    CHECK(response_of(exchange(fixture, transport, get())).body == "ok");
    CHECK(proxy.requests().size() == 2);
    // cpprest's thread ends with the process, and what it had queued then would seem leaked.
    hidden.server.end_connections(HttpTestServer::Ending::kFin);
    CHECK(fixture.run_until([&] { return has_ended; }));
}

TEST_CASE("nobody else can use the port that leads to the proxy") {
    HiddenServer hidden;
    HttpTestServer proxy(always(hidden.tunnel()));
    boost::asio::io_context thread;
    net::Tunnel tunnel(thread,
                       {proxy_at(proxy.port()), "127.0.0.1", "api.invalid", "6443", {}, {}});
    const auto stranger = TestStream::connect_to(tunnel.address(), tunnel.port());
    stranger->write("hello");
    thread.run_for(std::chrono::milliseconds(100));
    CHECK(stranger->read_some().empty());
    CHECK(proxy.connections() == 0);

    using boost::asio::ip::tcp;
    tcp::socket ours(thread);
    tunnel.expect(ours);
    const tcp::endpoint port(boost::asio::ip::make_address(tunnel.address()),
                             static_cast<std::uint16_t>(std::stoi(tunnel.port())));
    // From the port that is expected, but from another address of this machine.
    tcp::socket neighbour(thread);
    neighbour.open(tcp::v4());
    neighbour.bind({boost::asio::ip::make_address("127.0.0.2"), ours.local_endpoint().port()});
    neighbour.connect(port);
    thread.run_for(std::chrono::milliseconds(100));
    CHECK(proxy.connections() == 0);
    ours.connect(port);
    REQUIRE(wait_until([&] {
        thread.run_for(std::chrono::milliseconds(10));
        return proxy.connections() == 1;
    }));
}

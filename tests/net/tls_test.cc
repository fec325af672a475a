// Whom the transport trusts, what it shows, and what it says when it does not trust.
#include <csignal>
#include <cstdlib>

#include <openssl/ssl.h>

#include "helpers/scratch_folder.h"
#include "helpers/test_stream.h"
#include "helpers/wait_until.h"
#include "net/transport_fixture.h"

using namespace le_run;
using namespace le_run::net;
using namespace le_run::test;
using net::HttpError;
using net::HttpTransport;

namespace {

// What the process finds as the system's bundle: set before any transport exists.
struct SystemCa {
    SystemCa() {
        ::setenv("SSL_CERT_FILE", folder.write("bundle.pem", ca.certificate_pem()).c_str(), 1);
        // As a ConfigMap is mounted: no name is a hash.
        folder.write("corporate-root.crt", second_ca.certificate_pem());
        folder.write("README", "no certificate");
        ::setenv("SSL_CERT_DIR", ("/no/such/folder:" + folder.path()).c_str(), 1);
    }
    TestCa ca{"system ca"};
    TestCa second_ca{"second ca"};
    ScratchFolder folder;
} system_ca;

PkiRequest for_loopback() {
    PkiRequest request;
    request.common_name = "server";
    request.ips = {"127.0.0.1"};
    return request;
}

PkiRequest for_name(const std::string& name) {
    PkiRequest request;
    request.common_name = "server";
    request.dns = {name};
    return request;
}

HttpTestServer::Options with(const PkiIdentity& identity) {
    HttpTestServer::Options options;
    options.tls = ServerTls();
    options.tls->identity = identity;
    return options;
}

// One request to a server that shows `identity`, by a client that trusts `ca_pem` and calls it
// `host`.
net::HttpResult ask(const PkiIdentity& identity, const std::optional<std::string>& ca_pem,
                    const std::string& host = "127.0.0.1", const std::string& server_name = "") {
    HttpTestServer server(always(text("ok")), with(identity));
    LoopFixture fixture;
    net::Endpoint endpoint = secure(server.port(), "", host);
    endpoint.tls_config.ca_pem = ca_pem;
    endpoint.tls_config.server_name = server_name;
    const auto lookup = [](const std::string&) { return net::LookupAnswer{{"127.0.0.1"}, {}}; };
    HttpTransport transport(fixture.loop, endpoint, lookup);
    const auto result = exchange(fixture, transport, get());
    if (std::holds_alternative<HttpError>(result)) {
        CHECK(server.requests().empty()); // nothing was shown to it
    }
    return result;
}

Answer text_answer_from(const std::string& date) {
    Answer answer = text("ok");
    answer.headers = {{"Date", date}};
    return answer;
}

void check_untrusted(const net::HttpResult& result, const std::string& words) {
    const auto error = error_of(result);
    CHECK(error.kind == HttpError::Kind::kUntrusted);
    CHECK_THAT(error.text, contains(words));
}

} // namespace

TEST_CASE("many requests need one handshake") {
    const TestCa ca("ca");
    HttpTestServer server(always(text("ok")), with(ca.issue(for_loopback())));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, secure(server.port(), ca.certificate_pem()));
    for (int i = 0; i < 30; ++i) {
        CHECK(response_of(exchange(fixture, transport, put("x"))).status == 200);
    }
    CHECK(server.connections() == 1);
    CHECK(server.handshakes() == 1);
}

TEST_CASE("a new connection resumes the session of the one before it") {
    const TestCa ca("ca");
    const auto client = ca.issue({.common_name = "system:le-run", .is_client = true});
    auto options = with(ca.issue(for_loopback()));
    options.tls->client_ca_pem = ca.certificate_pem();
    HttpTestServer server(always(text("ok")), options);
    LoopFixture fixture;
    net::Endpoint endpoint = secure(server.port(), ca.certificate_pem());
    endpoint.tls_config.client_certificate_pem = client.certificate_pem;
    endpoint.tls_config.client_key_pem = client.key_pem;
    HttpTransport transport(fixture.loop, endpoint);
    for (int resumed = 0; resumed < 4; ++resumed) {
        CHECK(response_of(exchange(fixture, transport, put("x"))).status == 200);
        CHECK(server.resumed() == resumed);
        CHECK_THAT(server.requests().back().client_subject, contains("system:le-run"));
        server.end_connections(HttpTestServer::Ending::kFin);
        REQUIRE(wait_until([&] { return server.open_connections() == 0; }));
    }
    CHECK(server.handshakes() == 4);
    transport.use(endpoint.tls_config); // given anew, they are shown and verified anew
    CHECK(response_of(exchange(fixture, transport, put("x"))).status == 200);
    CHECK(server.resumed() == 3);
}

TEST_CASE("the given CA is trusted, others are not") {
    const TestCa ca("ca"), other("other ca");
    const auto identity = ca.issue(for_loopback());
    CHECK(response_of(ask(identity, ca.certificate_pem())).status == 200);
    CHECK(response_of(ask(identity, other.certificate_pem() + ca.certificate_pem())).status == 200);
    const auto result = ask(identity, other.certificate_pem());
    check_untrusted(result, "): signed by an unknown authority (CN=ca); give its CA");
    CHECK_THAT(error_of(result).text,
               contains("127.0.0.1:") &&
                   contains("certificate CN=server (issued by CN=ca, valid from "));
}

TEST_CASE("with a CA given the system's is not trusted, without one it is") {
    const auto identity = system_ca.ca.issue(for_loopback());
    const TestCa ca("ca");
    check_untrusted(ask(identity, ca.certificate_pem()), "unknown authority");
    CHECK(response_of(ask(identity, std::nullopt)).status == 200);
    check_untrusted(ask(ca.issue(for_loopback()), std::nullopt), "unknown authority");
}

TEST_CASE("each file of each folder of SSL_CERT_DIR is trusted, whatever its name") {
    CHECK(response_of(ask(system_ca.second_ca.issue(for_loopback()), std::nullopt)).status == 200);
}

TEST_CASE("whoever answers is the server when nothing is to be verified") {
    HttpTestServer server(always(text("ok")), with(make_self_signed(for_name("other.test"))));
    LoopFixture fixture;
    net::Endpoint endpoint = secure(server.port(), "");
    endpoint.tls_config.ca_pem.reset();
    endpoint.tls_config.verify = false;
    HttpTransport transport(fixture.loop, endpoint);
    CHECK(response_of(exchange(fixture, transport, get())).status == 200);
}

TEST_CASE("an intermediate CA may be the anchor") {
    const TestCa root("root");
    const TestCa intermediate("intermediate", root);
    const auto identity = intermediate.issue(for_loopback());
    CHECK(response_of(ask(identity, intermediate.certificate_pem())).status == 200);
    check_untrusted(ask(identity, root.certificate_pem()), "unknown authority (CN=intermediate)");
}

TEST_CASE("self-signed, expired, not yet valid, and a client's certificate are not trusted") {
    const TestCa ca("ca");
    PkiRequest request = for_loopback();
    const auto self_signed = make_self_signed(request);
    check_untrusted(ask(self_signed, ca.certificate_pem()), "self-signed");
    CHECK(response_of(ask(self_signed, self_signed.certificate_pem)).status == 200);
    request.is_expired = true;
    check_untrusted(ask(ca.issue(request), ca.certificate_pem()), "expired on");
    request = for_loopback();
    request.is_not_yet_valid = true;
    check_untrusted(ask(ca.issue(request), ca.certificate_pem()), "not valid before");
    request = for_loopback();
    request.is_client = true;
    check_untrusted(ask(ca.issue(request), ca.certificate_pem()), "unsuitable certificate purpose");
}

TEST_CASE("the host must be among the certificate's names") {
    const TestCa ca("ca");
    const auto pem = ca.certificate_pem();
    const auto named = ca.issue(for_name("api.invalid"));
    CHECK(response_of(ask(named, pem, "api.invalid")).status == 200);
    CHECK(response_of(ask(named, pem, "api.invalid.")).status == 200);
    check_untrusted(ask(named, pem, "other.invalid"),
                    "hostname mismatch: it is not for other.invalid "
                    "but for api.invalid");
    check_untrusted(ask(named, pem), "it is not for 127.0.0.1 but for api.invalid");
    CHECK(response_of(ask(named, pem, "127.0.0.1", "api.invalid")).status == 200); // server_name
    const auto addressed = ca.issue(for_loopback());
    check_untrusted(ask(addressed, pem, "api.invalid"), "but for 127.0.0.1");
    CHECK(response_of(ask(addressed, pem, "api.invalid", "127.0.0.1")).status == 200);
    check_untrusted(ask(addressed, pem, "127.0.0.1", "api.invalid"), "not for api.invalid");
    const auto wild = ca.issue(for_name("*.api.invalid"));
    CHECK(response_of(ask(wild, pem, "a.api.invalid")).status == 200);
    check_untrusted(ask(wild, pem, "a.b.api.invalid"), "hostname mismatch");
    check_untrusted(ask(wild, pem, "api.invalid"), "hostname mismatch");
    CHECK(response_of(ask(ca.issue(for_name("*.invalid")), pem, "api.invalid")).status == 200);
    check_untrusted(ask(ca.issue(for_name("a*.invalid")), pem, "api.invalid"),
                    "but for a*.invalid");
    PkiRequest common_name_only;
    common_name_only.common_name = "api.invalid";
    check_untrusted(ask(ca.issue(common_name_only), pem, "api.invalid"),
                    "common name does not count");
}

TEST_CASE("where a certificate's time is the matter, the clocks are said") {
    const TestCa ca("ca");
    PkiRequest request = for_loopback();
    request.is_not_yet_valid = true;
    const auto now = net::this_clock();
    const auto words = error_of(ask(ca.issue(request), ca.certificate_pem())).text;
    CHECK_THAT(words, contains("this machine's clock says ") &&
                          contains("set it if that is wrong") && !contains("by its last answer"));
    const std::string begin = "this machine's clock says ";
    const auto said = words.substr(words.find(begin) + begin.size(), net::text_of(now).size());
    CHECK(said >= net::text_of(now));
    CHECK(said <= net::text_of(net::this_clock()));

    // An answer tells the server's clock, and what is known of it is said when trust ends.
    request = for_loopback();
    Answer late = text_answer_from("Thu, 01 Jan 2015 00:00:00 GMT");
    HttpTestServer server(always(late), with(ca.issue(request)));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, secure(server.port(), ca.certificate_pem()));
    const auto response = response_of(exchange(fixture, transport, get()));
    REQUIRE(response.clock_ahead.has_value());
    CHECK(*response.clock_ahead > std::chrono::hours(24 * 365 * 5));
    request.is_expired = true;
    server.set_identity(ca.issue(request));
    server.end_connections(HttpTestServer::Ending::kFin);
    REQUIRE(wait_until([&] { return server.open_connections() == 0; }));
    check_untrusted(exchange(fixture, transport, get()),
                    "by its last answer this machine's clock is ");
    // A wrong name is no matter of time.
    server.set_identity(ca.issue(for_name("other.invalid")));
    const auto misnamed = exchange(fixture, transport, get());
    check_untrusted(misnamed, "hostname mismatch");
    CHECK_THAT(error_of(misnamed).text, !contains("clock"));
}

TEST_CASE("what was wrong with a certificate is not said of a later failure") {
    const TestCa ca("ca");
    PkiRequest request = for_loopback();
    request.is_expired = true;
    HttpTestServer server(always(text("ok")), with(ca.issue(request)));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, secure(server.port(), ca.certificate_pem()));
    check_untrusted(exchange(fixture, transport, get()), "expired on");
    ServerTls too_old{ca.issue(request)};
    too_old.only_tls_1_1 = true;
    server.set_tls(too_old);
    const auto error = error_of(exchange(fixture, transport, get()));
    CHECK(error.kind == HttpError::Kind::kUnreachable);
    CHECK_THAT(error.text, contains("TLS handshake") && !contains("expired"));
}

TEST_CASE("an IPv6 address must be among the certificate's addresses, however it is written") {
    const TestCa ca("ca");
    PkiRequest request = for_name("api.invalid");
    request.ips = {"2001:db8::1"};
    const auto identity = ca.issue(request);
    const auto as = [&](const std::string& server_name) {
        return ask(identity, ca.certificate_pem(), "127.0.0.1", server_name);
    };
    CHECK(response_of(as("2001:db8::1")).status == 200);
    CHECK(response_of(as("2001:DB8:0:0::1")).status == 200);
    check_untrusted(as("2001:db8::2"),
                    "it is not for 2001:db8::2 but for api.invalid, 2001:db8::1");
}

TEST_CASE("a server's new certificate is taken as it comes, without a new start") {
    const TestCa ca("ca"), other("other ca");
    HttpTestServer server(always(text("ok")), with(ca.issue(for_loopback())));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, secure(server.port(), ca.certificate_pem()));
    const auto renew = [&](const PkiIdentity& identity) {
        server.set_identity(identity);
        server.end_connections(HttpTestServer::Ending::kFin);
        REQUIRE(wait_until([&] { return server.open_connections() == 0; }));
    };
    CHECK(response_of(exchange(fixture, transport, get())).status == 200);
    renew(ca.issue(for_loopback()));
    CHECK(response_of(exchange(fixture, transport, get())).status == 200);
    renew(other.issue(for_loopback()));
    check_untrusted(exchange(fixture, transport, get()), "unknown authority (CN=other ca)");
    renew(ca.issue(for_loopback()));
    CHECK(response_of(exchange(fixture, transport, get())).status == 200);
    CHECK(server.handshakes() == 3);
}

TEST_CASE("an error in a certificate is one printable line") {
    const TestCa ca("ca");
    PkiRequest request = for_name("x.invalid");
    request.common_name = "a\nb\x1b[31m";
    const auto error = error_of(ask(ca.issue(request), ca.certificate_pem()));
    for (const char c : error.text) {
        CHECK((c >= ' ' && c <= '~'));
    }
}

TEST_CASE("SNI is the name, or the server_name, and never an address") {
    const TestCa ca("ca");
    PkiRequest request = for_loopback();
    request.dns = {"api.invalid", "other.invalid"};
    HttpTestServer server(always(text("ok")), with(ca.issue(request)));
    const auto [host, server_name, seen] = GENERATE(table<std::string, std::string, std::string>({
        {"127.0.0.1", "", ""},
        {"api.invalid", "", "api.invalid"},
        {"127.0.0.1", "other.invalid", "other.invalid"},
        {"api.invalid", "other.invalid", "other.invalid"},
        {"api.invalid", "127.0.0.1", ""},
    }));
    LoopFixture fixture;
    net::Endpoint endpoint = secure(server.port(), ca.certificate_pem(), host);
    endpoint.tls_config.server_name = server_name;
    const auto lookup = [](const std::string&) { return net::LookupAnswer{{"127.0.0.1"}, {}}; };
    HttpTransport transport(fixture.loop, endpoint, lookup);
    response_of(exchange(fixture, transport, get()));
    CHECK(server.requests().front().server_name == seen);
    CHECK(server.requests().front().headers["host"] == host + ":" + server.port());
}

TEST_CASE("the client certificate is shown where one is asked for") {
    const TestCa ca("ca");
    PkiRequest client;
    client.common_name = "system:le-run";
    client.is_client = true;
    auto options = with(ca.issue(for_loopback()));
    options.tls->client_ca_pem = ca.certificate_pem();
    HttpTestServer server(always(text("ok")), options);
    LoopFixture fixture;
    net::Endpoint endpoint = secure(server.port(), ca.certificate_pem());
    {
        HttpTransport without(fixture.loop, endpoint);
        const auto error = error_of(exchange(fixture, without, get()));
        CHECK(error.kind == HttpError::Kind::kUnreachable);
        CHECK_THAT(error.text, contains("wants a client certificate"));
    }
    const auto with_certificate_of = [&](const TestCa& issuer) {
        const auto identity = issuer.issue(client);
        endpoint.tls_config.client_certificate_pem = identity.certificate_pem;
        endpoint.tls_config.client_key_pem = identity.key_pem;
        return endpoint;
    };
    {
        HttpTransport stranger(fixture.loop, with_certificate_of(TestCa("another CA")));
        CHECK_THAT(error_of(exchange(fixture, stranger, get())).text,
                   contains("does not know the CA of the client certificate"));
        client.is_expired = true;
        HttpTransport expired(fixture.loop, with_certificate_of(ca));
        CHECK_THAT(error_of(exchange(fixture, expired, get())).text,
                   contains("does not accept the client certificate; renew it"));
        client.is_expired = false;
    }
    with_certificate_of(ca);
    HttpTransport transport(fixture.loop, endpoint);
    response_of(exchange(fixture, transport, get()));
    CHECK_THAT(server.requests().back().client_subject, contains("system:le-run"));
}

TEST_CASE("another CA and client certificate are used as soon as they are given") {
    const TestCa old_ca("old ca"), new_ca("new ca");
    const auto client = [&](const std::string& name) {
        return old_ca.issue({.common_name = name, .is_client = true});
    };
    auto options = with(old_ca.issue(for_loopback()));
    options.tls->client_ca_pem = old_ca.certificate_pem();
    HttpTestServer server(
        [](const ServedRequest& request) {
            Answer answer = text("ok");
            if (request.target == "/slow") {
                answer.kind = Answer::Kind::kDrip;
            }
            return answer;
        },
        options);
    LoopFixture fixture;
    net::Endpoint endpoint = secure(server.port(), old_ca.certificate_pem());
    const auto show = [&](const PkiIdentity& identity) {
        endpoint.tls_config.client_certificate_pem = identity.certificate_pem;
        endpoint.tls_config.client_key_pem = identity.key_pem;
    };
    show(client("one"));
    HttpTransport transport(fixture.loop, endpoint);
    const auto seen = [&] {
        CHECK(response_of(exchange(fixture, transport, get())).status == 200);
        return server.requests().back().client_subject;
    };
    CHECK_THAT(seen(), contains("one"));

    // What is under way goes on.
    std::optional<net::HttpResult> slow;
    transport.async_send(get("/slow"), kLongTimeout,
                         [&](net::HttpResult result) { slow = std::move(result); });
    REQUIRE(fixture.run_until([&] { return server.requests().back().target == "/slow"; }));
    show(client("two"));
    transport.use(endpoint.tls_config);
    CHECK_THAT(seen(), contains("two"));
    CHECK_FALSE(slow);
    REQUIRE(fixture.run_until([&] { return slow.has_value(); }));
    CHECK(response_of(*slow).body.size() == 1000);

    // The server's side, too: it has another certificate from the next connection on.
    server.set_identity(new_ca.issue(for_loopback()));
    endpoint.tls_config.ca_pem = new_ca.certificate_pem();
    transport.use(endpoint.tls_config);
    CHECK_THAT(seen(), contains("two"));
    const int handshakes = server.handshakes();

    // What cannot work changes nothing, and what works is a new beginning after it.
    auto broken = endpoint.tls_config;
    broken.client_key_pem = client("three").key_pem;
    transport.use(broken);
    CHECK_THAT(seen(), contains("two"));
    CHECK(server.handshakes() == handshakes);
    endpoint.tls_config = broken;
    HttpTransport mended(fixture.loop, endpoint);
    CHECK(error_of(exchange(fixture, mended, get())).kind == HttpError::Kind::kUntrusted);
    show(client("four"));
    mended.use(endpoint.tls_config);
    CHECK(response_of(exchange(fixture, mended, get())).status == 200);
    CHECK_THAT(server.requests().back().client_subject, contains("four"));
}

TEST_CASE("TLS 1.1 is refused") {
    const TestCa ca("ca");
    auto options = with(ca.issue(for_loopback()));
    options.tls->only_tls_1_1 = true;
    HttpTestServer server(always(text("ok")), options);

    // The server itself does speak it, with a client that allows it.
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> lax(SSL_CTX_new(TLS_client_method()),
                                                                SSL_CTX_free);
    SSL_CTX_set_cipher_list(lax.get(), "DEFAULT@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(lax.get(), TLS1_1_VERSION);
    REQUIRE(TestStream::connect_to("127.0.0.1", server.port())->start_tls(lax.get(), false));

    LoopFixture fixture;
    HttpTransport transport(fixture.loop, secure(server.port(), ca.certificate_pem()));
    const auto error = error_of(exchange(fixture, transport, get()));
    CHECK(error.kind == HttpError::Kind::kUnreachable);
    CHECK_THAT(error.text, contains("TLS handshake failed"));
    CHECK_THAT(error.text, contains("protocol"));
    CHECK(server.requests().empty());
}

TEST_CASE("a server without TLS is not talked to") {
    const TestCa ca("ca");
    HttpTestServer server(always(text("ok")));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, secure(server.port(), ca.certificate_pem()));
    const auto error = error_of(exchange(fixture, transport, get()));
    CHECK(error.kind == HttpError::Kind::kUnreachable);
    CHECK_THAT(error.text, contains("does not speak TLS"));
    CHECK(server.requests().empty());
}

TEST_CASE("a configuration that cannot work is the answer to every request") {
    const TestCa ca("ca");
    const auto one = ca.issue(for_loopback()), other = ca.issue(for_loopback());
    net::TlsConfig config;
    std::string words;
    SECTION("no certificate in the CA") {
        config.ca_pem = "not PEM";
        words = "the CA holds no certificate";
    }
    SECTION("a damaged CA") {
        config.ca_pem = ca.certificate_pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n"
                                               "-----END CERTIFICATE-----\n";
        words = "damaged certificate";
    }
    SECTION("certificate without key") {
        config.client_certificate_pem = one.certificate_pem;
        words = "given together";
    }
    SECTION("the key of another certificate") {
        config.client_certificate_pem = one.certificate_pem;
        config.client_key_pem = other.key_pem;
        words = "does not belong";
    }
    SECTION("a key that is none") {
        config.client_certificate_pem = one.certificate_pem;
        config.client_key_pem = "secret";
        words = "not a private key";
    }
    SECTION("an encrypted key") {
        config.client_certificate_pem = one.certificate_pem;
        config.client_key_pem = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAAA\n"
                                "-----END ENCRYPTED PRIVATE KEY-----\n";
        words = "encrypted";
    }
    LoopFixture fixture;
    net::Endpoint endpoint = secure(unused_port(), "");
    endpoint.tls_config = config;
    HttpTransport transport(fixture.loop, endpoint);
    for (int i = 0; i < 2; ++i) {
        const auto error = error_of(exchange(fixture, transport, get()));
        CHECK(error.kind == HttpError::Kind::kUntrusted);
        CHECK_THAT(error.text, contains(words));
        CHECK_THAT(error.text, !contains("secret"));
    }
}

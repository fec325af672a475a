// Servers, networks and name servers that hang, lie or break off; and a caller that goes away.
#include <algorithm>
#include <atomic>
#include <future>
#include <memory>

#include <boost/asio/steady_timer.hpp>

#include "helpers/wait_until.h"
#include "net/transport_fixture.h"

using namespace le_run;
using namespace le_run::net;
using namespace le_run::test;
using net::HttpError;
using net::HttpTransport;

namespace {

constexpr std::chrono::milliseconds kShort{700};

// A lookup that hangs until the test ends; the thread that it is on goes on without the test.
struct HangingLookup {
    std::shared_ptr<std::promise<void>> released = std::make_shared<std::promise<void>>();
    std::shared_future<void> gate = released->get_future().share();

    ~HangingLookup() { released->set_value(); }
    net::Lookup lookup() const {
        return [gate = gate](const std::string&) {
            gate.wait();
            return net::LookupAnswer{{"127.0.0.1"}, {}};
        };
    }
};

} // namespace

TEST_CASE("a refused connection is said at once") {
    LoopFixture fixture;
    const std::string port = unused_port();
    HttpTransport transport(fixture.loop, plain(port));
    const auto error = error_of(exchange(fixture, transport, get("/apis"), std::chrono::hours(1)));
    CHECK(error.kind == HttpError::Kind::kUnreachable);
    CHECK(error.text == "127.0.0.1:" + port +
                            ": connection refused or host unreachable; check that the server runs, "
                            "and its host and port (GET /apis)");
}

TEST_CASE("the deadline holds whatever hangs, and the text says what") {
    LoopFixture fixture;
    const HangingLookup hanging;
    const BlackHole hole;
    const TestCa ca("ca");
    HttpTestServer::Options untouched, silent;
    untouched.accepts = false;
    silent.handshakes = false;
    HttpTestServer nobody(always({}), untouched), mute(always({}), silent);
    HttpTestServer hangs(always(behaving(Answer::Kind::kSilent)));
    HttpTestServer drips(always(behaving(Answer::Kind::kDrip)));

    net::Endpoint endpoint;
    std::string stage;
    SECTION("lookup") {
        endpoint = plain("1", "api.invalid");
        stage = "looking up the name api.invalid";
    }
    SECTION("connect") {
        endpoint = plain(hole.port());
        stage = "connecting to 127.0.0.1";
    }
    SECTION("handshake that nobody accepted") {
        endpoint = secure(nobody.port(), ca.certificate_pem());
        stage = "connecting to 127.0.0.1";
    }
    SECTION("handshake with a silent server") {
        endpoint = secure(mute.port(), ca.certificate_pem());
        stage = "connecting to 127.0.0.1";
    }
    SECTION("answer") {
        endpoint = plain(hangs.port());
        stage = "waiting for the answer of 127.0.0.1";
    }
    SECTION("body") {
        endpoint = plain(drips.port());
        stage = "waiting for the answer of 127.0.0.1";
    }
    HttpTransport transport(fixture.loop, endpoint, hanging.lookup());
    const auto begin = std::chrono::steady_clock::now();
    const auto error = error_of(exchange(fixture, transport, put("x"), kShort));
    CHECK(std::chrono::steady_clock::now() - begin >= kShort);
    CHECK(error.kind == HttpError::Kind::kUnreachable);
    CHECK_THAT(error.text, contains("timed out after 700 ms " + stage));
    // What was given up is closed, not left behind.
    for (const auto* each : {&mute, &hangs, &drips}) {
        CHECK(wait_until([&] { return each->open_connections() == 0; }));
    }
}

TEST_CASE("the connection of a request that timed out is not used again") {
    std::atomic<bool> is_frozen{true};
    HttpTestServer server([&](const ServedRequest&) {
        return is_frozen ? behaving(Answer::Kind::kSilent) : text("ok");
    });
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server.port()));
    error_of(exchange(fixture, transport, get(), kShort));
    is_frozen = false;
    CHECK(response_of(exchange(fixture, transport, get())).body == "ok");
    CHECK(server.connections() == 2);
}

TEST_CASE("broken and boundless answers are errors, long before the deadline") {
    const bool tls = GENERATE(false, true);
    using Kind = Answer::Kind;
    const auto [kind, words] = GENERATE(table<Kind, std::string>({
        {Kind::kEndless, "too large"},
        {Kind::kHugeLength, "too large"},
        {Kind::kHugeChunk, "too large"},
        {Kind::kHugeChunkAndUpdates, "too large"},
        {Kind::kEndlessHeader, "too large"},
        {Kind::kHalfThenReset, "broke off"},
        {Kind::kHalfThenEnd, "broke off"},
        {Kind::kNotHttp, "not valid HTTP"},
    }));
    if (!tls && kind == Kind::kHugeChunkAndUpdates) {
        return;
    }
    const MaybeTls way(tls);
    Answer answer = behaving(kind);
    answer.body = "220 mail.example ESMTP\r\n\r\n";
    HttpTestServer server(always(answer), way.options);
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, way.endpoint(server.port()));
    const auto error = error_of(exchange(fixture, transport, get(), std::chrono::hours(1)));
    CHECK(error.kind == HttpError::Kind::kUnreachable);
    if (kind == Kind::kHalfThenReset) { // a reset may overtake what was sent before
        CHECK_THAT(error.text, contains(words) || contains("without an answer"));
    } else {
        CHECK_THAT(error.text, contains(words));
    }
    if (kind != Kind::kNotHttp && kind != Kind::kHalfThenReset) { // it has spoken HTTP
        CHECK_THAT(error.text, !contains("https://"));
    }
    CHECK(server.requests().size() == 1); // a fresh connection is not tried again
    CHECK(wait_until([&] { return server.open_connections() == 0; }));
}

TEST_CASE("a name that does not resolve") {
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain("80", "le-run.invalid"));
    int ticks = 0;
    boost::asio::steady_timer timer(fixture.loop);
    std::function<void()> tick = [&] {
        timer.expires_after(std::chrono::milliseconds(1));
        timer.async_wait([&](boost::system::error_code) {
            ++ticks;
            tick();
        });
    };
    tick();
    const auto error = error_of(exchange(fixture, transport, get(), std::chrono::seconds(20)));
    CHECK(error.kind == HttpError::Kind::kUnreachable);
    CHECK_THAT(error.text, contains("le-run.invalid"));
    // Resolvers differ in how long they take; the loop went on in any case.
    REQUIRE(fixture.run_until([&] { return ticks > 3; }));
}

TEST_CASE("while a lookup hangs the loop goes on") {
    LoopFixture fixture;
    const HangingLookup hanging;
    HttpTransport transport(fixture.loop, plain("80", "api.invalid"), hanging.lookup());
    bool is_answered = false;
    transport.async_send(get(), kLongTimeout, [&](const net::HttpResult&) { is_answered = true; });
    int ticks = 0;
    boost::asio::steady_timer timer(fixture.loop);
    std::function<void()> tick = [&] {
        timer.expires_after(std::chrono::milliseconds(1));
        timer.async_wait([&](boost::system::error_code) {
            ++ticks;
            tick();
        });
    };
    tick();
    REQUIRE(fixture.run_until([&] { return ticks >= 50; }));
    CHECK_FALSE(is_answered);
}

TEST_CASE("a transport may be destroyed with requests in every stage under way") {
    const TestCa ca("ca");
    const HangingLookup hanging;
    const BlackHole hole;
    HttpTestServer::Options silent;
    silent.handshakes = false;
    HttpTestServer mute(always({}), silent);
    HttpTestServer hangs(always(behaving(Answer::Kind::kSilent)));
    HttpTestServer drips(always(behaving(Answer::Kind::kDrip)));
    HttpTestServer good(always(text("ok")));
    int calls = 0;
    {
        LoopFixture fixture;
        {
            HttpTransport a(fixture.loop, plain("1", "api.invalid"), hanging.lookup());
            HttpTransport b(fixture.loop, plain(hole.port()));
            HttpTransport c(fixture.loop, secure(mute.port(), ca.certificate_pem()));
            HttpTransport d(fixture.loop, plain(hangs.port()));
            HttpTransport e(fixture.loop, plain(drips.port()));
            HttpTransport f(fixture.loop, plain(good.port()));
            for (HttpTransport* each : {&a, &b, &c, &d, &e, &f}) {
                each->async_send(put("x"), kLongTimeout, [&](const net::HttpResult&) { ++calls; });
            }
            REQUIRE(fixture.run_until([&] {
                return hangs.requests().size() == 1 && drips.requests().size() == 1 &&
                       mute.connections() == 1 && calls == 1;
            }));
            f.async_send(get(), kLongTimeout, [&](const net::HttpResult&) { ++calls; });
        }
        fixture.drain();
        REQUIRE(wait_until(
            [&] { return drips.open_connections() == 0; })); // their connections are closed
        fixture.drain();
    }
    CHECK(calls == 1);
}

TEST_CASE("a handler may destroy its transport") {
    HttpTestServer server(always(text("ok")));
    LoopFixture fixture;
    auto transport = std::make_unique<HttpTransport>(fixture.loop, plain(server.port()));
    bool is_done = false;
    transport->async_send(get(), kLongTimeout, [&](const net::HttpResult&) {
        transport.reset();
        is_done = true;
    });
    REQUIRE(fixture.run_until([&] { return is_done; }));
    fixture.drain();
}

TEST_CASE("the timeout covers everything, also when it is nothing") {
    HttpTestServer server(always(text("ok")));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server.port()));
    int calls = 0;
    transport.async_send(get(), Duration::zero(), [&](const net::HttpResult&) { ++calls; });
    CHECK(calls == 0);
    REQUIRE(fixture.run_until([&] { return calls == 1; }));
    response_of(exchange(fixture, transport, get()));
    CHECK(calls == 1); // once
}

TEST_CASE("a server that hangs up on every request sees it a bounded number of times") {
    std::atomic<bool> is_ill{false};
    HttpTestServer server([&](const ServedRequest&) {
        return is_ill ? behaving(Answer::Kind::kNotHttp) : text("ok");
    });
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server.port()));
    response_of(exchange(fixture, transport, put("x")));
    is_ill = true;
    const auto error = error_of(exchange(fixture, transport, put("x"), std::chrono::hours(1)));
    CHECK_THAT(error.text, contains("without an answer"));
    CHECK(server.requests().size() == 2); // a write is not repeated on a new connection
    error_of(exchange(fixture, transport, put("x"), std::chrono::hours(1)));
    CHECK(server.requests().size() == 3);
}

TEST_CASE("an answer may end its connection") {
    Answer last = text("ok");
    last.ends_connection = true;
    HttpTestServer server(always(last));
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server.port()));
    for (int i = 0; i < 10; ++i) {
        CHECK(response_of(exchange(fixture, transport, get())).body == "ok");
    }
    CHECK(server.requests().size() == 10);
}

// The HTTP library would send it again on a new connection by itself, and the answer to that, a
// conflict with the first, would be all that anybody sees.
TEST_CASE("a write whose connection ends without an answer is sent once") {
    const bool tls = GENERATE(false, true);
    const std::string method = GENERATE("PUT", "POST", "GET");
    const MaybeTls way(tls);
    std::atomic<int> served{0};
    std::atomic<int> writes{0};
    HttpTestServer server(
        [&](const ServedRequest& request) {
            writes += request.body.empty() ? 0 : 1;
            const bool goes_on = ++served == 1; // then the connection is warm
            return goes_on ? text("ok") : behaving(Answer::Kind::kNotHttp);
        },
        way.options);
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, way.endpoint(server.port()));
    REQUIRE(response_of(exchange(fixture, transport, get())).body == "ok");
    net::HttpRequest request = put(std::string(100'000, 'x'));
    request.method = method;
    request.body.resize(method == "GET" ? 0 : request.body.size());
    const auto error = error_of(exchange(fixture, transport, request));
    CHECK(error.kind == HttpError::Kind::kUnreachable);
    CHECK(writes == (method == "GET" ? 0 : 1));
    if (method != "GET") {
        CHECK(server.requests().size() == 2);
    }
}

TEST_CASE("an answer that comes after the timeout is told as well, until a newer one has come") {
    std::atomic<bool> is_released{false};
    std::atomic<bool> all_slow{true};
    HttpTestServer server([&](const ServedRequest& request) {
        if (request.target == "/slow" && all_slow) {
            wait_until([&] { return is_released.load(); });
        }
        return text(request.target);
    });
    LoopFixture fixture;
    HttpTransport transport(fixture.loop, plain(server.port()));
    std::vector<std::string> told;
    const auto note = [&](const net::HttpResult& result) {
        const auto* response = std::get_if<net::HttpResponse>(&result);
        told.push_back(response != nullptr ? response->body : "timeout");
    };
    const net::HttpRequest slow = get("/slow");
    SECTION("it comes") {
        transport.async_send(slow, kShort, note, kLongTimeout);
        REQUIRE(fixture.run_until([&] { return told.size() == 1; }));
        CHECK(told.back() == "timeout");
        is_released = true;
        REQUIRE(fixture.run_until([&] { return told.size() == 2; }));
        CHECK(told.back() == "/slow");
    }
    SECTION("a request beside it goes on a connection of its own, and its answer ends the other") {
        transport.async_send(slow, kShort, note, kLongTimeout);
        REQUIRE(fixture.run_until([&] { return told.size() == 1; }));
        CHECK(response_of(exchange(fixture, transport, get("/fast"))).body == "/fast");
        is_released = true;
        CHECK(response_of(exchange(fixture, transport, get("/fast"))).body == "/fast");
        CHECK(told.size() == 1);
        CHECK(server.connections() == 2);
    }
    SECTION("of many the oldest is heard") {
        for (int i = 0; i < 9; ++i) {
            transport.async_send(slow, kShort, note, kLongTimeout);
        }
        REQUIRE(fixture.run_until([&] { return told.size() == 9; }));
        is_released = true;
        REQUIRE(fixture.run_until([&] { return told.size() > 9; }));
        CHECK(std::count(told.begin(), told.end(), "/slow") >= 1);
        CHECK(server.connections() == 9);
    }
}

// A long answer, taken piece by piece.
#include "helpers/wait_until.h"
#include "net/transport_fixture.h"

using namespace le_run;
using namespace le_run::test;
using namespace std::chrono_literals;

namespace {

struct Taken {
    bool opened = false;
    std::string bytes;
    std::optional<net::HttpResult> end;
};

net::HttpStream into(Taken& taken) {
    return {[&] {
                CHECK_FALSE(taken.opened);
                taken.opened = true;
            },
            [&](const std::string& bytes) {
                CHECK(taken.opened);
                CHECK_FALSE(bytes.empty());
                taken.bytes += bytes;
            },
            [&](net::HttpResult result) {
                CHECK_FALSE(taken.end.has_value());
                taken.end = std::move(result);
            }};
}

// Three bytes, and no end.
Answer begun() {
    Answer answer = behaving(Answer::Kind::kUnended);
    answer.body = "abc";
    return answer;
}

} // namespace

TEST_CASE("a stream: opened, its bytes, its end") {
    LoopFixture fixture;
    const std::string body(100'000, 'x');
    HttpTestServer server(always(text(body)));
    net::HttpTransport transport(fixture.loop, plain(server.port()));
    Taken taken;
    transport.async_stream(get(), kLongTimeout, kLongTimeout, into(taken));
    CHECK_FALSE(taken.opened); // never inside the call
    REQUIRE(fixture.run_until([&] { return taken.end.has_value(); }));
    CHECK(taken.opened);
    CHECK(taken.bytes == body);
    CHECK(response_of(*taken.end).status == 200);
    CHECK(response_of(*taken.end).body.empty());
}

TEST_CASE("a stream: bytes are told when they come, and silence ends it") {
    LoopFixture fixture;
    HttpTestServer server(always(begun()));
    net::HttpTransport transport(fixture.loop, plain(server.port()));
    Taken taken, silent;
    transport.async_stream(get(), kLongTimeout, kLongTimeout, into(taken));
    REQUIRE(fixture.run_until([&] { return taken.bytes == "abc"; }));
    transport.async_stream(get(), kLongTimeout, 200ms, into(silent));
    REQUIRE(fixture.run_until([&] { return silent.end.has_value(); }));
    CHECK(error_of(*silent.end).text.find("without a byte") != std::string::npos);
    CHECK(silent.bytes == "abc");
    CHECK_FALSE(taken.end.has_value());
}

TEST_CASE("a stream: another answer than 200 is an answer like any other") {
    LoopFixture fixture;
    Answer gone = text("too old");
    gone.status = 410;
    HttpTestServer server(always(gone));
    net::HttpTransport transport(fixture.loop, plain(server.port()));
    Taken taken;
    transport.async_stream(get(), kLongTimeout, kLongTimeout, into(taken));
    REQUIRE(fixture.run_until([&] { return taken.end.has_value(); }));
    CHECK_FALSE(taken.opened);
    CHECK(taken.bytes.empty());
    CHECK(response_of(*taken.end).status == 410);
    CHECK(response_of(*taken.end).body == "too old");
}

TEST_CASE("a stream: no answer, a broken one") {
    LoopFixture fixture;
    const auto kind = GENERATE(Answer::Kind::kSilent, Answer::Kind::kHalfThenReset,
                               Answer::Kind::kHalfThenEnd, Answer::Kind::kNotHttp);
    HttpTestServer server(always(behaving(kind)));
    net::HttpTransport transport(fixture.loop, plain(server.port()));
    Taken taken;
    const auto patience = kind == Answer::Kind::kSilent ? Duration(200ms) : Duration(kLongTimeout);
    transport.async_stream(get(), patience, kLongTimeout, into(taken));
    REQUIRE(fixture.run_until([&] { return taken.end.has_value(); }));
    CHECK(error_of(*taken.end).kind == net::HttpError::Kind::kUnreachable);
}

TEST_CASE("a stream has a connection of its own, and ends with its transport") {
    LoopFixture fixture;
    HttpTestServer server([](const ServedRequest& request) {
        return request.target == "/stream" ? begun() : text("short");
    });
    Taken taken;
    {
        net::HttpTransport transport(fixture.loop, plain(server.port()));
        CHECK(response_of(exchange(fixture, transport, get())).body == "short");
        transport.async_stream(get("/stream"), kLongTimeout, kLongTimeout, into(taken));
        REQUIRE(fixture.run_until([&] { return !taken.bytes.empty(); }));
        CHECK(response_of(exchange(fixture, transport, get())).body == "short");
        CHECK(server.connections() == 2); // the first one stayed warm for the short requests
    }
    fixture.drain();
    CHECK_FALSE(taken.end.has_value());
}

// As when the network breaks: what the stream met must not hide that the kept connection is stale.
TEST_CASE("a stream: a connection that was kept for others and ended with it is replaced at once") {
    const auto ending = GENERATE(HttpTestServer::Ending::kFin, HttpTestServer::Ending::kReset);
    LoopFixture fixture;
    HttpTestServer server([](const ServedRequest& request) {
        return request.target == "/stream" ? begun() : text("ok");
    });
    net::HttpTransport transport(fixture.loop, plain(server.port()));
    const net::HttpRequest request = put(std::string(2000, 'x'));
    CHECK(response_of(exchange(fixture, transport, request)).status == 200);
    Taken taken;
    transport.async_stream(get("/stream"), kLongTimeout, kLongTimeout, into(taken));
    REQUIRE(fixture.run_until([&] { return taken.bytes == "abc"; }));
    server.end_connections(ending);
    REQUIRE(fixture.run_until([&] { return taken.end.has_value(); }));
    REQUIRE(wait_until([&] { return server.open_connections() == 0; }));
    CHECK(response_of(exchange(fixture, transport, request)).status == 200);
    CHECK(server.connections() == 3);
}

// A watch of days: what it has brought counts no more, and what cannot be handed on does.
TEST_CASE("a stream may bring more than an answer, but not in one chunk") {
    const bool tls = GENERATE(false, true);
    const auto kind = GENERATE(Answer::Kind::kEndless, Answer::Kind::kHugeChunk);
    const MaybeTls way(tls);
    LoopFixture fixture;
    HttpTestServer server(always(behaving(kind)), way.options);
    net::HttpTransport transport(fixture.loop, way.endpoint(server.port()));
    std::size_t size = 0;
    std::optional<net::HttpResult> end;
    transport.async_stream(get(), kLongTimeout, kLongTimeout,
                           {[] {}, [&](const std::string& bytes) { size += bytes.size(); },
                            [&](net::HttpResult result) { end = std::move(result); }});
    constexpr std::size_t kMuch = 3 * net::HttpTransport::kMaxBody;
    REQUIRE(fixture.run_until([&] { return end.has_value() || size > kMuch; }));
    if (kind == Answer::Kind::kEndless) {
        CHECK(size > kMuch);
    } else {
        CHECK_THAT(error_of(*end).text, contains("too large"));
    }
}

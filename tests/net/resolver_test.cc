#include "net/resolver.h"

#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>

#include "helpers/wait_until.h"
#include "net/address.h"
#include "net/transport_fixture.h"

using namespace le_run;
using namespace le_run::net;
using namespace le_run::test;
using net::LookupAnswer;
using net::Resolver;

namespace {

// A lookup that answers when the test says so.
class Scripted {
public:
    net::Lookup lookup() const {
        return [state = state_](const std::string&) {
            std::unique_lock lock(state->mutex);
            ++state->begun;
            state->changed.notify_all();
            state->changed.wait(lock, [&] { return state->answer.has_value(); });
            auto answer = *std::exchange(state->answer, std::nullopt);
            return answer;
        };
    }
    void answer(LookupAnswer given) {
        const std::lock_guard lock(state_->mutex);
        state_->answer = std::move(given);
        state_->changed.notify_all();
    }
    int begun() const {
        const std::lock_guard lock(state_->mutex);
        return state_->begun;
    }
    ~Scripted() { answer({{}, "the test is over"}); }

private:
    struct State {
        std::mutex mutex;
        std::condition_variable changed;
        std::optional<LookupAnswer> answer;
        int begun = 0;
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

LookupAnswer resolve(LoopFixture& fixture, Resolver& resolver) {
    std::optional<LookupAnswer> result;
    resolver.async_resolve([&](const LookupAnswer& answer) { result = answer; });
    REQUIRE_FALSE(result.has_value());
    REQUIRE(fixture.run_until([&] { return result.has_value(); }));
    return *result;
}

} // namespace

TEST_CASE("an IP literal is never looked up") {
    const std::string literal = GENERATE("127.0.0.1", "::1", "2001:db8::7");
    LoopFixture fixture;
    const Scripted script;
    Resolver resolver(fixture.loop, literal, script.lookup());
    resolver.refresh();
    CHECK(resolve(fixture, resolver).addresses == std::vector{literal});
    CHECK(script.begun() == 0);
}

TEST_CASE("those who ask meanwhile share one lookup") {
    LoopFixture fixture;
    Scripted script;
    Resolver resolver(fixture.loop, "x.invalid", script.lookup());
    int answered = 0;
    for (int i = 0; i < 5; ++i) {
        resolver.async_resolve([&](const LookupAnswer& answer) {
            CHECK(answer.addresses == std::vector<std::string>{"127.0.0.1"});
            ++answered;
        });
    }
    REQUIRE(wait_until([&] { return script.begun() == 1; }));
    fixture.drain();
    CHECK(answered == 0);
    script.answer({{"127.0.0.1"}, {}});
    REQUIRE(fixture.run_until([&] { return answered == 5; }));
    CHECK(script.begun() == 1);
}

TEST_CASE("the last good addresses serve while a lookup is slow, and after it failed") {
    LoopFixture fixture;
    Scripted script;
    Resolver resolver(fixture.loop, "x.invalid", script.lookup());
    script.answer({{"127.0.0.1"}, {}});
    CHECK(resolve(fixture, resolver).addresses.front() == "127.0.0.1");
    resolver.refresh();
    REQUIRE(wait_until([&] { return script.begun() == 2; }));
    CHECK(resolve(fixture, resolver).addresses.front() == "127.0.0.1"); // it hangs
    script.answer({{}, "no name server"});
    // A third one begins only when the second has been taken note of.
    REQUIRE(fixture.run_until([&] {
        resolver.refresh();
        return script.begun() == 3;
    }));
    CHECK(resolve(fixture, resolver).addresses.front() == "127.0.0.1");
    script.answer({{"127.0.0.2"}, {}});
    REQUIRE(fixture.run_until(
        [&] { return resolve(fixture, resolver).addresses.front() == "127.0.0.2"; }));
}

TEST_CASE("a failed lookup without anything known is told, and the next one asks anew") {
    LoopFixture fixture;
    Scripted script;
    Resolver resolver(fixture.loop, "x.invalid", script.lookup());
    script.answer({{}, "no name server"});
    const auto failed = resolve(fixture, resolver);
    CHECK(failed.addresses.empty());
    CHECK(failed.problem == "no name server");
    script.answer({{"127.0.0.1"}, {}});
    CHECK(resolve(fixture, resolver).addresses.front() == "127.0.0.1");
}

TEST_CASE("a resolver and its loop may go while a lookup hangs") {
    Scripted script;
    int calls = 0;
    {
        LoopFixture fixture;
        Resolver resolver(fixture.loop, "x.invalid", script.lookup());
        resolver.async_resolve([&](const LookupAnswer&) { ++calls; });
        REQUIRE(wait_until([&] { return script.begun() == 1; }));
    }
    script.answer({{"127.0.0.1"}, {}});
    CHECK(calls == 0);
}

TEST_CASE("the system's lookup gives literals") {
    const auto found = net::system_lookup("localhost");
    REQUIRE_FALSE(found.addresses.empty());
    for (const auto& each : found.addresses) {
        CHECK(net::is_ip_literal(each));
    }
}

TEST_CASE("the lookup's thread takes no signal") {
    LoopFixture fixture;
    const auto blocked = std::make_shared<sigset_t>();
    Resolver resolver(fixture.loop, "x.invalid", [blocked](const std::string&) {
        pthread_sigmask(SIG_SETMASK, nullptr, blocked.get());
        return LookupAnswer{{"127.0.0.1"}, {}};
    });
    resolve(fixture, resolver);
    for (const int signal : {SIGTERM, SIGINT, SIGCHLD, SIGHUP, SIGUSR1}) {
        CHECK(sigismember(blocked.get(), signal) == 1);
    }
}

TEST_CASE("literals and authorities") {
    CHECK(net::is_ip_literal("10.0.0.1"));
    CHECK(net::is_ip_literal("::ffff:10.0.0.1"));
    CHECK_FALSE(net::is_ip_literal("10.0.0"));
    CHECK_FALSE(net::is_ip_literal("[::1]"));
    CHECK_FALSE(net::is_ip_literal("localhost"));
    CHECK_FALSE(net::is_ip_literal(""));
    CHECK(net::authority("::1", "6443") == "[::1]:6443");
    CHECK(net::authority("api.example", "443") == "api.example:443");
}

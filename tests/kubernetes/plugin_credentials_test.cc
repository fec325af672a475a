// A plugin's credential over time: real runs of scripts, judged by their number and order.
#include <sstream>

#include "helpers/wait_until.h"
#include "kubernetes/plugin_credentials.h"
#include "kubernetes/scripts.h"

using namespace std::chrono_literals;
using namespace le_run::kubernetes;
using namespace le_run::test;

namespace {

// A plugin that writes a line for each of its runs, and does what `behave` says; $run is the number
// of the run.
struct Arena {
    explicit Arena(const std::string& behave, std::chrono::milliseconds patience = 60s)
        : credentials(
              loop,
              plugin_of("echo run >>" + folder.file("runs") + "; run=$(wc -l <" +
                        folder.file("runs") + "); " + behave),
              [this](const std::string& text) { warnings.push_back(text); }, patience) {}

    std::size_t runs() const {
        const std::string text = read_file(folder.file("runs"));
        return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }
    template <class Fact>
    bool run_until(Fact fact) {
        const auto end = PluginCredentials::Clock::now() + kPatience;
        while (!fact() && PluginCredentials::Clock::now() < end) {
            loop.restart();
            loop.run_one_for(50ms);
        }
        return fact();
    }
    // Waits for the run under way, or the deadline.
    void await(std::chrono::milliseconds patience = 60s) {
        bool is_done = false;
        credentials.async_wait(PluginCredentials::Clock::now() + patience, [&] { is_done = true; });
        CHECK_FALSE(is_done); // never from inside
        REQUIRE(run_until([&] { return is_done; }));
    }
    std::string token() const {
        return credentials.current() == nullptr ? "" : credentials.current()->token;
    }

    ScratchFolder folder;
    boost::asio::io_context loop;
    std::vector<std::string> warnings;
    PluginCredentials credentials;
};

// Prints token-1 in the first run, and so on.
std::string give(const std::string& more = "") {
    return "printf '" + answer_with("{\"token\":\"token-%s\"" + more + "}") + "' $run; ";
}

} // namespace

TEST_CASE("plugin credential: one run for all who wait, and none without need") {
    Arena arena(give());
    CHECK(arena.credentials.is_awaited());
    int done = 0;
    for (int i = 0; i < 3; ++i) {
        arena.credentials.async_wait(PluginCredentials::Clock::now() + 60s, [&] { ++done; });
    }
    REQUIRE(arena.run_until([&] { return done == 3; }));
    CHECK(arena.token() == "token-1");
    CHECK_FALSE(arena.credentials.is_awaited());
    CHECK(arena.runs() == 1);
}

TEST_CASE("plugin credential: it is renewed before its end, by itself") {
    Arena arena("if [ $run = 1 ]; then " + give(",\"expirationTimestamp\":\"" + time_in(6) + "\"") +
                "else " + give(",\"expirationTimestamp\":\"" + time_in(3600) + "\"") + "fi");
    arena.await();
    CHECK(arena.token() == "token-1");
    const auto end = arena.credentials.current()->expires.value();
    REQUIRE(arena.run_until([&] { return arena.token() == "token-2"; }));
    CHECK(std::chrono::system_clock::now() < end);
    CHECK_FALSE(arena.credentials.problem());
}

TEST_CASE("plugin credential: a refused one is given anew, and that is waited for") {
    Arena arena(give());
    arena.await();
    const unsigned first = arena.credentials.generation();
    std::this_thread::sleep_for(PluginCredentials::kShortestPause); // runs keep that distance
    CHECK(arena.credentials.refused(first));
    CHECK(arena.credentials.is_awaited());
    arena.await();
    CHECK(arena.token() == "token-2");
    // A late refusal of the first one asks for nothing.
    CHECK(arena.credentials.refused(first));
    CHECK_FALSE(arena.credentials.is_awaited());
    // Refused again at once: no run without a pause.
    CHECK_FALSE(arena.credentials.refused(arena.credentials.generation()));
    CHECK(arena.runs() == 2);
}

TEST_CASE("plugin credential: the old one stays while the plugin fails, and one warning says so") {
    Arena arena("if [ $run = 2 ] || [ $run = 3 ]; then echo oops >&2; exit 9; fi; " +
                give(",\"expirationTimestamp\":\"" + time_in(4) + "\""));
    arena.await();
    REQUIRE(arena.run_until([&] { return arena.credentials.problem().has_value(); }));
    CHECK(arena.token() == "token-1");
    CHECK_FALSE(arena.credentials.is_awaited());
    CHECK_THAT(*arena.credentials.problem(),
               contains("the credential plugin my-plugin exited with 9; it said: oops"));
    REQUIRE(arena.run_until([&] { return arena.token() == "token-4"; }));
    CHECK_FALSE(arena.credentials.problem());
    REQUIRE(arena.warnings.size() == 1);
    CHECK_THAT(arena.warnings.front(), contains("exited with 9") && contains("stays in use"));
}

TEST_CASE("plugin credential: the old one stays while the plugin hangs") {
    Arena arena("if [ $run -gt 1 ]; then exec sleep 1000; fi; " +
                    give(",\"expirationTimestamp\":\"" + time_in(4) + "\""),
                500ms);
    arena.await();
    REQUIRE(arena.run_until([&] { return arena.credentials.problem().has_value(); }));
    CHECK_THAT(*arena.credentials.problem(), contains("did not end within 500 ms and was killed"));
    CHECK(arena.token() == "token-1");
}

TEST_CASE("plugin credential: who waits for a plugin that never gave one is released in time") {
    Arena hanging("exec sleep 1000");
    hanging.await(200ms);
    CHECK(hanging.credentials.is_awaited());
    CHECK_FALSE(hanging.credentials.problem());
    CHECK_THAT(hanging.credentials.why_none(),
               contains("the credential plugin my-plugin has not answered yet") &&
                   contains("check kubeconfig K: users[u].user.exec"));

    Arena failing("exit 1");
    failing.await();
    CHECK_THAT(failing.credentials.problem().value_or(""), contains("exited with 1"));
    CHECK(failing.credentials.why_none() == failing.credentials.problem());
    CHECK(failing.warnings.empty()); // the request says it
    failing.await(200ms);            // in the pause after it
    CHECK(failing.runs() == 1);
    Arena garbage("echo garbage");
    garbage.await();
    CHECK_THAT(garbage.credentials.problem().value_or(""), contains("no JSON object"));
}

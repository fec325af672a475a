// What the child sees and what people see: environment, streams, log lines.
#include <algorithm>
#include <csignal>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

// All events of a leadership that ends on request, on both sides, as lines of one replica's log.
struct Story {
    std::string leader;
    std::string standby;
};

Story tell(const Words& format) {
    Arena arena(LockKind::kKubernetes);
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "100"}, .options = format});
    Replica& b = arena.start_standby("b", {.options = format});
    REQUIRE(wait_until([&] { return b.logged({"new leader"}) || b.logged({"new_leader"}); }));
    a.signal(SIGTERM);
    REQUIRE(a.wait() == 0);
    REQUIRE(arena.has_started("b"));
    return {a.log(), b.log()};
}

int count(const std::string& log, const Words& words) {
    const auto lines = lines_of(log);
    return static_cast<int>(std::count_if(lines.begin(), lines.end(), [&](const std::string& line) {
        return std::all_of(words.begin(), words.end(), [&](const std::string& word) {
            return line.find(word) != std::string::npos;
        });
    }));
}

} // namespace

TEST_CASE("log: one line for each event, as text") {
    const Story story = tell({});
    INFO(story.leader);
    INFO(story.standby);
    CHECK(count(story.leader, {"contending", "k8s://"}) == 1);
    CHECK(count(story.leader, {"acquired", "token", "until"}) == 1);
    CHECK(count(story.leader, {"stopping the child", "asked"}) == 1);
    CHECK(count(story.leader, {"tree gone", "exited with 0"}) == 1);
    CHECK(count(story.leader, {"released"}) == 1);
    CHECK(count(story.standby, {"held by a, not seen renewing"}) == 1);
    CHECK(count(story.standby, {"new leader: a"}) == 1);
    CHECK(count(story.standby, {"acquired", "token"}) == 1);
}

TEST_CASE("log: the same as JSON, each line an object") {
    const Story story = tell({"--log-format", "json"});
    std::string events;
    for (const std::string& line : lines_of(story.leader + story.standby)) {
        INFO(line);
        const auto object = nlohmann::json::parse(line, nullptr, false);
        REQUIRE(object.is_object());
        CHECK(object.contains("time"));
        CHECK(object.contains("level"));
        events += " " + object.value("event", "") + " ";
        if (object.value("event", "") == "acquired") {
            CHECK(object.contains("token"));
            CHECK(object.contains("until"));
        }
    }
    for (const char* event :
         {"contending", "acquired", "new_leader", "stop_begins", "tree_gone", "released"}) {
        CHECK_THAT(events, contains(std::string(" ") + event + " "));
    }
}

TEST_CASE("log: --log-level warning keeps quiet about the ordinary (file)") {
    Arena arena(LockKind::kFile);
    Replica& a =
        arena.start("a", {.worker = {"--exit-after", "0"}, .options = {"--log-level", "warning"}});
    CHECK(a.wait() == 0);
    CHECK(a.log() == "");
}

TEST_CASE("child: the environment tells of the lease, option variables are not passed on") {
    const LockKind kind = GENERATE(LockKind::kFile, LockKind::kKubernetes);
    Arena arena(kind);
    Replica& a = arena.start("a", {.worker = {"--print", "one", "", "three words here"},
                                   .environment = {{"LE_RUN_WAIT", "30s"},
                                                   {"LE_RUN_LOCK", "file:///never/used"},
                                                   {"LE_RUN_KUBECONFIG", "/never/used"},
                                                   {"SOMETHING", "else"}}});
    REQUIRE(a.wait() == 0);
    const std::string out = a.process().out();
    INFO(out);
    CHECK_THAT(out, contains("env LE_RUN_HELD_LOCK=" + arena.lock() + "\n"));
    CHECK_THAT(out, contains("env LE_RUN_HOLDER_IDENTITY=a\n"));
    CHECK_THAT(out, contains("env SOMETHING=else\n"));
    CHECK_THAT(out, contains("arg one\narg \narg three words here\n"));
    for (const char* hidden : {"env LE_RUN_WAIT=", "env LE_RUN_LOCK=", "env LE_RUN_KUBECONFIG="}) {
        CHECK(out.find(hidden) == std::string::npos);
    }
    const std::string token = arena.record().newest("a").token;
    CHECK_FALSE(token.empty());
    if (arena.is_kubernetes()) { // the token is the resourceVersion of the winning write
        CHECK(std::to_string(arena.cluster().history().at(0).resource_version) == token);
    }
}

TEST_CASE("child: standard input, output and error are its own (file)") {
    const ScratchFolder scratch;
    Process program({.argv = Words{le_run_binary(), "--lock", "file://" + scratch.file("lock"),
                                   "--log-level", "error"} +
                             kShortLease +
                             Words{"--", "sh", "-c", "cat; echo to-stderr >&2; exit 4"},
                     .environment = without_settings(),
                     .inherit_environment = false,
                     .standard_input = "first\nsecond\n"});
    CHECK(program.wait() == 4);
    CHECK(program.out() == "first\nsecond\n");
    CHECK(program.err() == "to-stderr\n");
}

TEST_CASE("child: settings from the environment alone (file)") {
    Arena arena(LockKind::kFile);
    Process program(
        {.argv = {le_run_binary(), "--", TEST_WORKER, "--print"},
         .environment = without_settings() + Environment{{"LE_RUN_LOCK", arena.lock()},
                                                         {"LE_RUN_ID", "from-environment"},
                                                         {"LE_RUN_LEASE_DURATION", "6s"},
                                                         {"LE_RUN_RENEW_DEADLINE", "2500ms"},
                                                         {"LE_RUN_RETRY_PERIOD", "500ms"}},
         .inherit_environment = false});
    CHECK(program.wait() == 0);
    CHECK_THAT(program.out(), contains("env LE_RUN_HOLDER_IDENTITY=from-environment\n"));
}

TEST_CASE("cluster: names as client-go's example gives them, a client certificate, and the minimal "
          "Role suffices") {
    const Cluster cluster(shared_api_server());
    for (const Credentials credentials : {Credentials::kReplica, Credentials::kAdminCertificate}) {
        Process program(
            {.argv = Words{le_run_binary(), "--lease-lock-name", cluster.lease_name(),
                           "--kubeconfig", cluster.kubeconfig({.credentials = credentials})} +
                     kShortLease + Words{"--", TEST_WORKER, "--print"},
             .environment = without_settings(),
             .inherit_environment = false});
        INFO(program.err());
        CHECK(program.wait() == 0);
        CHECK_THAT(program.out(), contains("env LE_RUN_HELD_LOCK=" + cluster.lock() + "\n"));
    }
    const auto history = cluster.history();
    REQUIRE(history.size() == 4); // acquire and release, twice
    CHECK(history[0].user == "replica");
    CHECK(history[2].user == "admin");
    CHECK(history[3].is_release());
}

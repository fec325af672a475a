// Nothing to elect: le-run is replaced by the command, which then is as if it had been started
// itself.
#include <csignal>

#include <sys/stat.h>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

struct Outcome {
    std::optional<int> code;
    std::string out;
    std::string err;
};

Outcome run(const Words& arguments, const Environment& more, bool signals_ignored = false) {
    Process program({.argv = Words{LE_RUN_BINARY} + arguments,
                     .environment = without_settings() + more,
                     .inherit_environment = false,
                     .standard_input = "in\n",
                     .signals_ignored_like_nohup = signals_ignored});
    const auto code = program.wait();
    return {code, program.out(), program.err()};
}

} // namespace

TEST_CASE("no election: the command replaces le-run, and the log says so once (file)") {
    for (const auto& off : {Environment{{"LE_RUN_ENABLED", "false"}},
                            Environment{{"K8S_AWAIT_ELECTION_ENABLED", ""},
                                        {"K8S_AWAIT_ELECTION_LOCK_NAME", "any"}}}) {
        Process program({.argv = {LE_RUN_BINARY, "--", "sh", "-c", "echo $$; cat; exit 7", "x"},
                         .environment = without_settings() + off,
                         .inherit_environment = false,
                         .standard_input = "in\n"});
        CHECK(program.wait() == 7);
        CHECK(program.out() == std::to_string(program.pid()) + "\nin\n");
        INFO(program.err());
        CHECK(lines_of(program.err()).size() == 1);
        CHECK_THAT(program.err(), contains("le-run info: elects nothing (" + off.front().first));
    }
}

TEST_CASE("no election: by a flag, the file, and kube-scheduler's flag (file)") {
    const ScratchFolder scratch;
    const std::string config = scratch.write("le-run.yaml", "enabled: false\nlog-level: error\n");
    const Words command{"--", "echo", "a b", "", "'"};
    CHECK(run(Words{"--enabled=false"} + command, {}).out == "a b  '\n");
    CHECK_THAT(run(Words{"--leader-elect=false"} + command, {}).err, contains("--leader-elect"));
    const Outcome by_file = run(Words{"--config", config} + command, {});
    CHECK(by_file.out == "a b  '\n");
    CHECK(by_file.err.empty());
    const Outcome json = run(Words{"--enabled=false", "--log-format=json"} + command, {});
    CHECK(nlohmann::json::parse(json.err).value("event", "") == "not_electing");
}

TEST_CASE("no election: environment, signal mask and dispositions are as they were (file)") {
    const Outcome outcome =
        run({"--", "sh", "-c", "env; grep -E '^Sig(Blk|Ign)' /proc/self/status"},
            {{"LE_RUN_ENABLED", "false"},
             {"LE_RUN_LOCK", "k8s://never/used"},
             {"LE_RUN_CONFIG", ""},
             {"SOMETHING", "else"}});
    CHECK(outcome.code == 0);
    CHECK_THAT(outcome.out, contains("SOMETHING=else\n"));
    CHECK(outcome.out.find("LE_RUN_") == std::string::npos);
    CHECK_THAT(outcome.out, contains("SigBlk:\t0000000000000000\n"));
    CHECK_THAT(outcome.out, contains("SigIgn:\t0000000000000000\n"));
    // Ignored signals stay so: SIGHUP is bit 0, SIGCHLD (ignored by whoever started us) bit 16.
    const Outcome ignored = run({"--", "env", "--ignore-signal=CHLD", LE_RUN_BINARY,
                                 "--enabled=false", "--", "grep", "SigIgn", "/proc/self/status"},
                                {{"LE_RUN_ENABLED", "false"}}, true);
    CHECK_THAT(ignored.out, contains("SigIgn:\t0000000000010001\n"));
}

TEST_CASE("no election: a command that is missing or cannot be executed (file)") {
    const ScratchFolder scratch;
    const Environment off{{"LE_RUN_ENABLED", "false"}};
    CHECK(run({"--", "no-such-program"}, off).code == 127);
    CHECK(run({"--", "/etc/passwd"}, off).code == 126);
    const std::string garbage = scratch.write("garbage", "\x01\x02 no program");
    REQUIRE(::chmod(garbage.c_str(), 0755) == 0);
    const Outcome outcome = run({"--", garbage}, off);
    CHECK(outcome.code == 126);
    CHECK_THAT(outcome.err, contains(garbage) && contains("Exec format error"));
    const std::string script = scratch.write("script", "#!/no/such/interpreter\n");
    REQUIRE(::chmod(script.c_str(), 0755) == 0);
    CHECK(run({"--", script}, off).code == 127);
}

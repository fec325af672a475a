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

Outcome run_as_it_is(const Words& argv, const Environment& more = {}) {
    Process program({.argv = argv,
                     .environment = without_settings() + more,
                     .inherit_environment = false,
                     .standard_input = "in\n"});
    const auto code = program.wait();
    return {code, program.out(), program.err()};
}

Outcome run(const Words& arguments, const Environment& more = {}) {
    return run_as_it_is(Words{LE_RUN_BINARY} + arguments, more);
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
    CHECK(run(Words{"--enabled=false"} + command).out == "a b  '\n");
    CHECK_THAT(run(Words{"--leader-elect=false"} + command).err, contains("--leader-elect"));
    const Outcome by_file = run(Words{"--config", config} + command);
    CHECK(by_file.out == "a b  '\n");
    CHECK(by_file.err.empty());
    const Outcome json = run(Words{"--enabled=false", "--log-format=json"} + command);
    CHECK(nlohmann::json::parse(json.err).value("event", "") == "not_electing");
}

TEST_CASE("no election: the command finds what it would find without le-run (file)") {
    const Words command{"sh", "-c",
                        "cat; pwd; umask; ulimit -a; ls /proc/$$/fd; env | grep -v ^_= | sort; "
                        "grep -E '^(Sig(Blk|Ign|Cgt)|NoNewPrivs)' /proc/self/status"};
    const Environment other{{"SOMETHING", "else"}};
    const Environment ours{{"LE_RUN_ENABLED", "false"},
                           {"LE_RUN_LOCK", "k8s://never/used"},
                           {"LE_RUN_LEASE_DURATION", "7s"}};
    // As an orderly parent starts programs, and as nohup or one that ignores SIGCHLD does.
    for (const Words& parent : {Words{"env"}, Words{"env", "--ignore-signal=HUP,CHLD"},
                                Words{"env", "--block-signal=USR1"}}) {
        const Outcome alone = run_as_it_is(parent + command, other);
        const Outcome through =
            run_as_it_is(parent + Words{LE_RUN_BINARY, "--"} + command, other + ours);
        REQUIRE(alone.code == 0);
        CHECK(through.code == 0);
        CHECK_THAT(alone.out, contains("in\n") && contains("SOMETHING=else\n"));
        CHECK(through.out == alone.out);
    }
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
    const std::string plain = scratch.write("plain", "exit \"$#\"\n"); // for sh, as when elected
    REQUIRE(::chmod(plain.c_str(), 0755) == 0);
    CHECK(run({"--", plain, "a", "b"}, off).code == 2);
    const std::string script = scratch.write("script", "#!/no/such/interpreter\n");
    REQUIRE(::chmod(script.c_str(), 0755) == 0);
    CHECK(run({"--", script}, off).code == 127);
}

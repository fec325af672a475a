// One run of a credential plugin: real processes, well-behaved and not.
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include "helpers/process.h"
#include "kubernetes/plugin_process.h"
#include "kubernetes/scripts.h"
#include "process/child_ends.h"

using namespace std::chrono_literals;
using namespace le_run;
using namespace le_run::kubernetes;
using namespace le_run::test;

namespace {

PluginRun run_to_end(const PluginCommand& command, std::chrono::milliseconds patience = 60s) {
    boost::asio::io_context loop;
    std::optional<PluginRun> result;
    const auto process =
        PluginProcess::start(loop, command, patience, [&](PluginRun run) { result = run; });
    CHECK_FALSE(result); // never from inside
    loop.run();
    REQUIRE(result);
    return *result;
}

std::vector<pid_t> pids_in(const std::string& text) {
    std::vector<pid_t> pids;
    std::istringstream words(text);
    for (pid_t pid = 0; words >> pid;) {
        pids.push_back(pid);
    }
    return pids;
}

} // namespace

TEST_CASE("plugin process: what it is given and what it gives") {
    PluginCommand command = script("echo \"$0 $1 $GIVEN $UNSET\"; cat; ls /proc/self/fd | wc -l; "
                                   "[ \"$(ps -o sid= -p $$)\" -eq $$ ] && echo leads; "
                                   "sh -c ': </dev/tty' 2>/dev/null || echo no terminal; "
                                   "ulimit -c; grep SigBlk /proc/self/status; echo said >&2");
    command.argv.push_back("argument");
    command.environment.push_back("GIVEN=value");
    const auto run = run_to_end(command);
    CHECK(run.problem.empty());
    // ls has a fourth of its own, for the folder.
    CHECK(run.output == "plugin argument value \n4\nleads\nno terminal\n0\n"
                        "SigBlk:\t0000000000000000\n");
    CHECK(run.said == "said\n");
}

TEST_CASE("plugin process: how it may end") {
    CHECK(run_to_end(script("echo out; exit 3")).problem == "exited with 3");
    CHECK(run_to_end(script("kill -SEGV $$")).problem == "was ended by signal 11");
    const ScratchFolder folder;
    const std::string file = folder.write("no-program", "garbage");
    REQUIRE(::chmod(file.c_str(), 0700) == 0);
    const auto run = run_to_end({file, {"x"}, {}});
    CHECK(run.problem == "exited with 126");
    CHECK(run.said == "Exec format error");
    CHECK(run_to_end({folder.file("gone"), {"x"}, {}}).said == "No such file or directory");
}

TEST_CASE("plugin process: one that hangs is killed with its whole group") {
    const ScratchFolder folder;
    const std::string pids = folder.file("pids");
    const auto run = run_to_end(script("trap '' TERM INT HUP; echo waiting >&2; sleep 1000 & "
                                       "echo $$ $! >" +
                                       pids + ".new; mv " + pids + ".new " + pids + "; sleep 1000"),
                                3s);
    CHECK(run.problem == "did not end within 3 s and was killed");
    CHECK(run.said == "waiting\n");
    const auto group = pids_in(read_file(pids));
    REQUIRE(group.size() == 2);
    CHECK(wait_until([&] {
        reap_orphans();
        return !is_alive(group[0]) && !is_alive(group[1]);
    }));
}

TEST_CASE("plugin process: endless output is cut") {
    for (const std::string channel : {"1", "2"}) {
        const auto run = run_to_end(script("exec yes >&" + channel));
        CHECK(run.problem == "wrote more than 1024 KiB and was killed");
        CHECK(run.output.size() <= PluginProcess::kMostOutput + 4096);
        CHECK(run.said.size() <= PluginProcess::kMostSaid);
    }
    // At a blank: what is left of a cut secret would look like none.
    const auto run = run_to_end(script("printf 'secret%01020d rest of it' 5 >&2"));
    CHECK(run.said == " rest of it");
}

TEST_CASE("plugin process: what it leaves behind, with the pipes open, is not waited for") {
    const ScratchFolder folder;
    const auto run = run_to_end(script("sleep 1000 & echo $! >" + folder.file("pid") + "; echo x"));
    CHECK(run.problem.empty());
    CHECK(run.output == "x\n");
    const auto left = pids_in(read_file(folder.file("pid")));
    REQUIRE(left.size() == 1);
    CHECK(is_alive(left[0]));
    end_orphans();
    ::kill(left[0], SIGKILL);
}

TEST_CASE("plugin process: its end is known whoever reaps it") {
    boost::asio::io_context loop;
    std::optional<PluginRun> result;
    const auto process = PluginProcess::start(loop, script("echo x; exit 7"), 60s,
                                              [&](PluginRun run) { result = run; });
    int status = 0;
    const pid_t child = ::waitpid(-1, &status, 0); // as le-run's reaper does
    REQUIRE(child > 0);
    boost::asio::use_service<process::ChildEnds>(loop).reaped(child, status);
    loop.run();
    REQUIRE(result);
    CHECK(result->problem == "exited with 7");
    CHECK(result->output == "x\n");
}

TEST_CASE("plugin process: who drops it kills it, and hears nothing more") {
    const ScratchFolder folder;
    boost::asio::io_context loop;
    bool is_called = false;
    auto process = PluginProcess::start(loop,
                                        script("echo $$ >" + folder.file("new") + "; mv " +
                                               folder.file("new") + " " + folder.file("pid") +
                                               "; exec sleep 1000"),
                                        60s, [&](const PluginRun&) { is_called = true; });
    REQUIRE(wait_until([&] { return ::access(folder.file("pid").c_str(), F_OK) == 0; }));
    process.reset();
    loop.run();
    CHECK_FALSE(is_called);
    const auto pid = pids_in(read_file(folder.file("pid"))).at(0);
    CHECK(wait_until([&] { return !is_alive(pid); }));
    ::waitpid(pid, nullptr, 0);
}

// le-run between a program and whoever would start it: what is meant for the program reaches it,
// and le-run itself is not in the way.
#include <csignal>
#include <filesystem>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

Words script(const std::string& text, const std::string& argument) {
    return {"sh", "-c", text, argument};
}

// Becomes the rest of the words, having told it of its own pid as systemd does.
const Words kAsSystemd = {"sh", "-c",
                          "export LISTEN_PID=$$ WATCHDOG_PID=$$ SYSTEMD_EXEC_PID=$$ LISTEN_FDS=1 "
                          "LISTEN_PIDFDID=77; exec \"$@\"",
                          "systemd"};

} // namespace

TEST_CASE("wrapper: variables that name le-run's pid name the child's (file)") {
    const bool in_namespace = GENERATE(false, true);
    if (in_namespace && ::geteuid() != 0) {
        WARN("needs root");
        return;
    }
    Arena arena(LockKind::kFile);
    const std::string said = arena.scratch().file("said");
    Words options = {"--on-exit", "standby"};
    if (in_namespace) {
        options.emplace_back("--pid-namespace");
    }
    const std::string own = "echo $$; echo $LISTEN_PID $WATCHDOG_PID $SYSTEMD_EXEC_PID $LISTEN_FDS "
                            "${LISTEN_PIDFDID-none}; echo end";
    arena.start("a", {.command = script("{ " + own + "; } >>\"$0\"; exit 0", said),
                      .options = options,
                      .launcher = kAsSystemd});
    REQUIRE(wait_until([&] { return lines_of(read_file(said)).size() >= 6; })); // and once more
    const auto lines = lines_of(read_file(said));
    for (const std::size_t run : {0, 3}) {
        const std::string pid = lines[run];
        CHECK(lines[run + 1] == pid + " " + pid + " " + pid + " 1 none");
    }
}

TEST_CASE("wrapper: variables that name another pid stay as they are (file)") {
    Arena arena(LockKind::kFile);
    const std::string said = arena.scratch().file("said");
    Replica& a = arena.start(
        "a",
        {.command = script("echo $LISTEN_PID $WATCHDOG_PID ${LISTEN_PIDFDID-none} >\"$0\"", said),
         .environment = {{"LISTEN_PID", "1"}, {"WATCHDOG_PID", "x"}, {"LISTEN_PIDFDID", "5"}}});
    CHECK(a.wait() == 0);
    CHECK(read_file(said) == "1 x 5\n");
}

TEST_CASE("wrapper: socket activation reaches the child, with systemd's own programs (file)") {
    Arena arena(LockKind::kFile);
    const ScratchFolder& scratch = arena.scratch();
    const std::string front = scratch.file("front");
    const std::string back = scratch.file("back");
    // Behind it a server that answers each connection with one line.
    Process server(
        {.argv = {"nginx", "-e", "stderr", "-c",
                  scratch.write("nginx.conf", "daemon off; master_process off; pid " +
                                                  scratch.file("pid") +
                                                  "; error_log stderr; events {} http { access_log "
                                                  "off; server { listen unix:" +
                                                  back + "; return 200 answered; } }")}});
    REQUIRE(wait_until([&] { return std::filesystem::exists(back); }));
    Replica& a = arena.start("a", {.command = {"/lib/systemd/systemd-socket-proxyd", back},
                                   .launcher = {"systemd-socket-activate", "-l", front}});
    REQUIRE(wait_until([&] { return std::filesystem::exists(front); }));
    Process visitor(
        {.argv = {"curl", "-sS", "--max-time", "50", "--unix-socket", front, "http://server/"}});
    const auto code = visitor.wait();
    INFO(a.log());
    CHECK(code == 0);
    CHECK(visitor.out() == "answered");
    a.signal(SIGTERM);
    CHECK(a.wait() == 0);
}

TEST_CASE("wrapper: neither le-run nor its guard holds the folder that it was started in (file)") {
    if (::geteuid() != 0) {
        WARN("needs root");
        return;
    }
    Arena arena(LockKind::kFile);
    const std::string said = arena.scratch().file("said");
    const std::string folder = arena.scratch().file("mounted");
    std::filesystem::create_directory(folder);
    Replica& a = arena.start(
        "a", {.command = script(
                  "pwd >>\"$0\"; cd /; echo left >>\"$0\"; while :; do sleep 0.05; done", said),
              .launcher = {"unshare", "--mount", "sh", "-c",
                           "mount -t tmpfs tmpfs \"$0\" && cd \"$0\" && exec \"$@\"", folder}});
    REQUIRE(wait_until([&] { return read_file(said) == folder + "\nleft\n"; }));
    const auto unmount = [&] {
        Process umount({.argv = {"nsenter", "--mount=/proc/" + std::to_string(a.pid()) + "/ns/mnt",
                                 "umount", folder}});
        return umount.wait() == 0;
    };
    CHECK(wait_until(unmount, std::chrono::seconds(10))); // the guard lets go right after the exec
    CHECK(a.runs());
}

TEST_CASE(
    "wrapper: every run of the child begins in the folder that le-run was started in (file)") {
    Arena arena(LockKind::kFile);
    const std::string said = arena.scratch().file("said");
    const std::string folder = arena.scratch().file("folder");
    std::filesystem::create_directory(folder);
    arena.start("a", {.command = script("pwd >>\"$0\"", said),
                      .options = {"--on-exit", "standby"},
                      .launcher = {"sh", "-c", "cd \"$0\" && exec \"$@\"", folder}});
    REQUIRE(wait_until([&] { return lines_of(read_file(said)).size() >= 2; }));
    CHECK(lines_of(read_file(said))[0] == folder);
    CHECK(lines_of(read_file(said))[1] == folder);
}

TEST_CASE("wrapper: SIGTERM before main waits for le-run, which ends with 0 (file)") {
    if (le_run_binary() != LE_RUN_BINARY) {
        WARN("only a dynamic program loads what the test puts before its main");
        return;
    }
    const bool as_pid_one = GENERATE(false, true);
    if (as_pid_one && ::geteuid() != 0) {
        WARN("needs root");
        return;
    }
    Arena arena(LockKind::kFile);
    arena.start_leader("a");
    Replica& b = arena.start("b", {.environment = {{"LD_PRELOAD", TEST_EARLY_SIGNAL},
                                                   {"ASAN_OPTIONS", "verify_asan_link_order=0"}},
                                   .is_pid_one = as_pid_one});
    CHECK(b.wait() == 0);
    CHECK(b.logged({"SIGTERM", "asks for a stop"}));
}

TEST_CASE("wrapper: a limit for the size of files that no lock file fits in ends with 125 (file)") {
    Arena arena(LockKind::kFile);
    for (const char* task : {"", "check "}) { // through a pipe, which has no size
        Process shell({.argv = {"sh", "-c",
                                std::string("(ulimit -f 0; \"$0\" ") + task +
                                    "\"$@\"; echo code $?) 2>&1 | cat",
                                le_run_binary(), "--lock", arena.lock(), "--", "true"},
                       .environment = without_settings(),
                       .inherit_environment = false});
        shell.wait();
        CHECK_THAT(shell.out(), contains("ulimit -f") && contains("code 125"));
    }
    CHECK_FALSE(std::filesystem::exists(arena.lock_file()));
}

TEST_CASE("wrapper: what the child leaves behind is asked by SIGTERM, whatever the stop signal "
          "was (file)") {
    const int number = GENERATE(SIGINT, SIGQUIT);
    Arena arena(LockKind::kFile);
    const std::string said = arena.scratch().file("said");
    // A shell's jobs in the background ignore SIGINT and SIGQUIT.
    Replica& a = arena.start(
        "a", {.command =
                  script("(trap 'echo asked >>\"$0\"; exit' TERM; echo ready >>\"$0\"; while :; do "
                         "sleep 0.05; done) & trap 'exit 0' " +
                             std::to_string(number) + "; wait",
                         said),
              .options = {"--stop-signal", std::to_string(number)}});
    REQUIRE(wait_until([&] { return read_file(said) == "ready\n"; }));
    a.signal(SIGTERM);
    CHECK(a.wait() == 0);
    CHECK(read_file(said) == "ready\nasked\n");
    CHECK_FALSE(a.logged({"had to be killed"}));
}

TEST_CASE("wrapper: a program that goes into the background is told how to stay in front (file)") {
    Arena arena(LockKind::kFile);
    const ScratchFolder& scratch = arena.scratch();
    const std::string config = scratch.write(
        "nginx.conf", "pid " + scratch.file("pid") + "; error_log " + scratch.file("log") +
                          "; events {} http { access_log off; server { listen unix:" +
                          scratch.file("socket") + "; } }");
    Replica& a = arena.start("a", {.command = {"nginx", "-e", "stderr", "-c", config}});
    CHECK(a.wait() == 0);
    CHECK(a.log_lines({"warning", "background", "daemon off", "foreground"}).size() == 1);
    // But not where the child was told to end, or failed.
    Replica& b = arena.start("b", {.command = {"sh", "-c", "sleep 1000 & exit 1"}});
    CHECK(b.wait() == 1);
    CHECK_FALSE(b.logged({"background"}));
}

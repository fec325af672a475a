// The child starts as a plain exec would start it; only what the promise needs differs.
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/portrait.h"
#include "process/stand_in.h"

using namespace le_run;
using namespace le_run::guard;
using namespace le_run::test;

namespace {

void start_oddly() {
    ::signal(SIGHUP, SIG_IGN);
    ::signal(SIGCHLD, SIG_IGN);
    sigset_t usr2;
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    ::sigprocmask(SIG_SETMASK, &usr2, nullptr);
    ::umask(027);
    if (::chdir("/usr") != 0 || ::setpriority(PRIO_PROCESS, 0, 5) != 0) {
        ::_exit(1);
    }
    const rlimit files{100, 200};
    ::setrlimit(RLIMIT_NOFILE, &files);
    // As socket activation leaves them: not close-on-exec.
    if (::dup2(::open("/etc/passwd", O_RDONLY | O_CLOEXEC), 7) != 7) {
        ::_exit(1);
    }
}

std::string plain_portrait(const std::string& path) {
    const std::string script = kSelfPortrait + (">" + path);
    const pid_t pid = ::fork();
    if (pid == 0) {
        start_oddly();
        ::setpgid(0, 0);
        ::execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
        ::_exit(127);
    }
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    return read_file(path);
}

std::string line_of(const std::string& text, const std::string& name) {
    const auto at = text.find(name);
    return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}

// What a child of an unprivileged le-run says of itself.
std::string status_as_nobody(bool allow_new_privileges) {
    ScratchFolder folder;
    ::chmod(folder.path().c_str(), 0777);
    StandInOptions options;
    options.allow_new_privileges = allow_new_privileges;
    options.prepare = become_nobody;
    StandIn le_run({"/bin/sh", "-c", "cat /proc/self/status >" + folder.file("status")}, options);
    le_run.start();
    le_run.expect<Started>();
    CHECK(le_run.expect<Gone>().wait_status == 0);
    return read_file(folder.file("status"));
}

} // namespace

TEST_CASE("descriptors, signals, limits, folder, umask and nice are those of a plain exec") {
    ScratchFolder folder;
    const std::string expected = plain_portrait(folder.file("plain"));
    REQUIRE(expected.find("/etc/passwd") != std::string::npos);
    StandInOptions options = with_and_without_pid_namespace();
    options.prepare = start_oddly;
    StandIn le_run({"/bin/sh", "-c", kSelfPortrait + (">" + folder.file("guarded"))}, options);
    le_run.start();
    le_run.expect<Started>();
    CHECK(WEXITSTATUS(le_run.expect<Gone>().wait_status) == 0);
    CHECK(read_file(folder.file("guarded")) == expected);
}

TEST_CASE("the child has its own process group, and the guard its own session and name") {
    ScratchFolder folder;
    StandIn le_run({"/bin/sh", "-c",
                    "cut -d' ' -f4,5,6 /proc/$$/stat >" + folder.file("stat") +
                        "; cat /proc/$PPID/comm"
                        " >" +
                        folder.file("name")});
    le_run.start();
    const auto started = le_run.expect<Started>();
    le_run.expect<Gone>();
    const std::string guard = std::to_string(le_run.guard());
    CHECK(read_file(folder.file("stat")) ==
          guard + " " + std::to_string(started.pid) + " " + guard + "\n");
    CHECK(read_file(folder.file("name")) == "le-run-guard\n");
}

TEST_CASE("the environment: inherited, and what Start gives instead or besides") {
    ScratchFolder folder;
    StandInOptions options;
    options.environment = {"KEPT=kept", "REPLACED=old", "REPLACED_NOT=kept too", "EMPTY="};
    StandIn le_run({"/bin/sh", "-c", "env >" + folder.file("env")}, options);
    for (const std::string run : {"1", "2"}) {
        le_run.start(TimePoint::far_future(), TimePoint::far_future(),
                     "REPLACED=new " + run + std::string(1, '\0') + "ADDED=added=" + run +
                         std::string(1, '\0'));
        le_run.expect<Started>();
        le_run.expect<Gone>();
        const std::string text = "\n" + read_file(folder.file("env"));
        CHECK_THAT(text, contains("\nKEPT=kept\n"));
        CHECK_THAT(text, contains("\nREPLACED=new " + run + "\n"));
        CHECK_THAT(text, contains("\nREPLACED_NOT=kept too\n"));
        CHECK_THAT(text, contains("\nADDED=added=" + run + "\n"));
        CHECK_THAT(text, contains("\nEMPTY=\n"));
        CHECK(text.find("old") == std::string::npos);
        CHECK_THAT(text, contains("\nPATH="));
    }
}

TEST_CASE("without CAP_KILL nothing in the tree can gain privileges, unless that is allowed") {
    if (::geteuid() != 0) {
        WARN("needs root");
        return;
    }
    CHECK(line_of(status_as_nobody(false), "NoNewPrivs:") == "NoNewPrivs:\t1");
    CHECK(line_of(status_as_nobody(true), "NoNewPrivs:") == "NoNewPrivs:\t0");
}

TEST_CASE("an unprivileged le-run and its guard end the tree too") {
    if (::geteuid() != 0) {
        WARN("needs root");
        return;
    }
    StandInOptions options = with_and_without_pid_namespace();
    TreeWatch watch;
    options.environment = {watch.variable()};
    options.prepare = become_nobody;
    const ScratchFolder folder;
    StandIn le_run({folder.public_copy(TEST_AWKWARD), "stubborn", "daemonizing",
                    "stopped-grandchild", "thread-forked", "fork-storm"},
                   options);
    le_run.start();
    le_run.expect<Started>();
    watch.wait_for_line("ready");
    le_run.stop(SIGTERM, le_run.now());
    CHECK(le_run.expect<Gone>().killed == 1);
    CHECK(watch.is_at_end());
}

// With a terminal on stdin the child is in the foreground, and le-run's group is again when the
// tree is gone.
#include <csignal>
#include <cstdlib>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/process.h"
#include "helpers/terminal.h"
#include "process/stand_in.h"

using namespace le_run;
using namespace le_run::test;

namespace {

enum class Mode { kPlain, kPidNamespace };
enum class Place { kForeground, kBackground };

// A session with the terminal, whose leader becomes le-run or, as a shell does with a job in the
// background, starts it in a process group of its own.
class Session {
public:
    Session(const Terminal& terminal, const TreeWatch& watch, const std::string& script, Mode mode,
            Place place)
        : place_(place) {
        const std::string lock = "file://" + folder_.file("lock");
        const std::string le_run = le_run_binary();
        std::vector<const char*> argv{le_run.c_str(), "--lock",      lock.c_str(), "--on-exit",
                                      "standby",      "--wait",      "60s",        "--retry-period",
                                      "500ms",        "--log-level", "error"};
        if (mode == Mode::kPidNamespace) {
            argv.push_back("--pid-namespace");
        }
        for (const char* word : {"--", "/bin/sh", "-c", script.c_str()}) {
            argv.push_back(word);
        }
        argv.push_back(nullptr);
        leader_ = ::fork();
        if (leader_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            terminal.take();
            ::setenv("TEST_AWKWARD_FIFO", watch.path().c_str(), 1);
            if (place == Place::kBackground) {
                start_in_background();
            }
            ::execv(argv[0], const_cast<char**>(argv.data()));
            ::_exit(127);
        }
    }
    ~Session() {
        ::kill(le_run(), SIGTERM);
        CHECK(wait_until([&] { return ::waitpid(leader_, nullptr, WNOHANG) == leader_; }));
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    pid_t leader() const { return leader_; }
    // The guard's child; 0 when there is none.
    pid_t child() const {
        const auto guards = children_of(le_run());
        const auto children = guards.empty() ? guards : children_of(guards.front());
        return children.empty() ? 0 : children.front();
    }

private:
    pid_t le_run() const {
        return place_ == Place::kForeground ? leader_ : children_of(leader_).at(0);
    }
    // Returns in the job.
    static void start_in_background() {
        const pid_t job = ::fork();
        if (job == 0) {
            ::setpgid(0, 0);
            return;
        }
        int status = 0;
        ::waitpid(job, &status, 0);
        ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }

    const Place place_;
    ScratchFolder folder_;
    pid_t leader_ = -1;
};

Mode every_mode() {
    const Mode mode = GENERATE(Mode::kPlain, Mode::kPidNamespace);
    return ::geteuid() == 0 ? mode : Mode::kPlain;
}

} // namespace

TEST_CASE("a child on a terminal reads it and is interrupted by it, then le-run has it back") {
    Terminal terminal;
    TreeWatch watch;
    Session session(terminal, watch,
                    "exec 9>$TEST_AWKWARD_FIFO; echo here >&9; read line; echo \"read $line\" >&9; "
                    "exec sleep 1000",
                    every_mode(), Place::kForeground);
    const std::vector<std::string> words{"first", "second"};
    for (const std::string& word : words) { // again, after a retry period on standby
        watch.wait_for_line("here");
        CHECK(terminal.foreground_group() == session.child());
        terminal.type(word + "\n");
        watch.wait_for_line("read " + word); // from the background it would have been stopped
        watch.forget();
        terminal.type("\x03");
        CHECK(wait_until([&] { return terminal.foreground_group() == session.leader(); }));
    }
}

TEST_CASE("a le-run in the background of its terminal leaves it to whoever has it") {
    Terminal terminal;
    TreeWatch watch;
    Session session(terminal, watch, "exec 9>$TEST_AWKWARD_FIFO; echo here >&9; exec sleep 1000",
                    every_mode(), Place::kBackground);
    watch.wait_for_line("here");
    CHECK(session.child() != 0);
    CHECK(terminal.foreground_group() == session.leader());
}

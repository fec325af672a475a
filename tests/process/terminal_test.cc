// With a terminal on stdin the child is in the foreground, and le-run's group is again when the
// tree is gone.
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/catch.h"
#include "process/stand_in.h"

using namespace le_run;
using namespace le_run::test;

namespace {

class Terminal {
public:
    Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
        REQUIRE(master_ >= 0);
        REQUIRE(::grantpt(master_) == 0);
        REQUIRE(::unlockpt(master_) == 0);
        name_ = ::ptsname(master_);
    }
    ~Terminal() { ::close(master_); }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    // The caller becomes the leader of a session with this terminal, which is its stdin.
    void take() const {
        ::setsid();
        const int fd = ::open(name_.c_str(), O_RDWR);
        if (fd < 0 || ::ioctl(fd, TIOCSCTTY, 0) != 0 || ::dup2(fd, STDIN_FILENO) != STDIN_FILENO)
            ::_exit(1);
    }
    void type(const std::string& text) const {
        REQUIRE(::write(master_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }
    pid_t foreground_group() const {
        pid_t group = -1;
        ::ioctl(master_, TIOCGPGRP, &group);
        return group;
    }

private:
    int master_;
    std::string name_;
};

} // namespace

TEST_CASE("a child on a terminal reads it and is interrupted by it; then le-run has it back") {
    Terminal terminal;
    TreeWatch watch;
    StandInOptions options;
    options.environment = {watch.variable()};
    options.prepare = [&] { terminal.take(); };
    StandIn le_run(
        {"/bin/sh", "-c",
         "exec 9>$TEST_AWKWARD_FIFO; read line; echo \"read $line\" >&9; exec sleep 1000"},
        options);
    for (int run = 0; run < 2; ++run) {
        CHECK(terminal.foreground_group() == le_run.pid());
        le_run.start();
        const auto started = le_run.expect<Started>();
        CHECK(terminal.foreground_group() == started.pid);
        const std::string word = "run" + std::to_string(run);
        terminal.type(word + "\n");
        watch.wait_for_line("read " + word); // from the background it would have been stopped
        terminal.type("\x03");
        const auto gone = le_run.expect<Gone>();
        CHECK(gone.cause == EndCause::kByItself);
        REQUIRE(WIFSIGNALED(gone.wait_status));
        CHECK(WTERMSIG(gone.wait_status) == SIGINT);
    }
    CHECK(terminal.foreground_group() == le_run.pid());
}

#include "store/forked.h"

#include <cerrno>
#include <csignal>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/wait_until.h"

namespace le_run::test {
namespace {

[[noreturn]] void run_in_child(const std::function<void()>& prepare, const InChild& run,
                               bool traced, pid_t parent, int pipe) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
        ::_exit(1);
    }
    std::string text;
    try {
        prepare();
        if (traced) {
            ::ptrace(PTRACE_TRACEME, 0, 0, 0);
            ::raise(SIGSTOP);
        }
        text = run();
    } catch (const std::exception& error) {
        text = std::string("exception: ") + error.what();
    }
    const auto written = ::write(pipe, text.data(), text.size());
    ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
}

[[noreturn]] void throw_errno(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

Forked::Forked(const std::function<void()>& prepare, const InChild& run, bool traced) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        throw_errno("pipe2");
    }
    const auto parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
        ::close(ends[0]);
        run_in_child(prepare, run, traced, parent, ends[1]);
    }
    ::close(ends[1]);
    pipe_ = ends[0];
    if (pid_ < 0) {
        throw_errno("fork");
    }
}

Forked::~Forked() {
    kill();
    ::close(pipe_);
}

void Forked::kill() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        int status = 0;
        // A tracee reports stops before its end.
        while (::waitpid(pid_, &status, __WALL) == pid_ && WIFSTOPPED(status)) {
        }
        pid_ = -1;
    }
}

std::string Forked::result() {
    std::string text;
    char buffer[4096];
    while (true) {
        pollfd ready{pipe_, POLLIN, 0};
        const auto patience =
            std::chrono::duration_cast<std::chrono::milliseconds>(kPatience).count();
        if (::poll(&ready, 1, static_cast<int>(patience)) <= 0) {
            kill();
            return "still running after the patience: " + text;
        }
        const auto got = ::read(pipe_, buffer, sizeof buffer);
        if (got <= 0) {
            break;
        }
        text.append(buffer, static_cast<std::size_t>(got));
    }
    int status = 0;
    if (pid_ > 0 && ::waitpid(pid_, &status, __WALL) == pid_) {
        pid_ = -1;
        if (WIFSIGNALED(status)) {
            text += " (ended by signal " + std::to_string(WTERMSIG(status)) + ")";
        } else if (WEXITSTATUS(status) != 0) {
            text += " (exit code " + std::to_string(WEXITSTATUS(status)) + ")";
        }
    }
    return text;
}

Traced::Traced(const std::function<void()>& prepare, const InChild& run)
    : Forked(prepare, run, true) {
    int status = 0;
    if (::waitpid(pid_, &status, __WALL) != pid_ || !WIFSTOPPED(status) ||
        ::ptrace(PTRACE_SETOPTIONS, pid_, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD) != 0) {
        throw_errno("ptrace");
    }
}

bool Traced::to_next_stop() {
    int status = 0;
    if (::ptrace(PTRACE_SYSCALL, pid_, 0, 0) != 0 || ::waitpid(pid_, &status, __WALL) != pid_) {
        throw_errno("ptrace");
    }
    if (WIFSTOPPED(status)) {
        return true;
    }
    pid_ = -1;
    return false;
}

void Traced::go_on() {
    if (pid_ > 0 && ::ptrace(PTRACE_DETACH, pid_, 0, 0) != 0) {
        throw_errno("ptrace");
    }
}

} // namespace le_run::test

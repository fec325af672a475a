#include "guard/pid_namespace.h"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/new_proc.h"

namespace le_run::guard {
namespace {

// How long to wait for the child's first message. A child that takes longer is stopped or starved.
constexpr int kSetupAtMostMs = 30'000;

constexpr const char* kWhatToDo =
    ": give le-run CAP_SYS_ADMIN, or let it have user namespaces (sysctl user.max_user_namespaces, "
    "the container's seccomp and AppArmor profiles), or leave the option out";

// The child's report on its set-up.
struct Findings {
    int user_namespace = 0; // errno, or 0
    NewProc proc;

    bool can_go_on() const {
        return user_namespace == 0 && proc.outcome != NewProc::Outcome::kStuck;
    }
};

// The caller's limits on what an exec may gain. A new user namespace would reset both.
struct Privileges {
    std::uint64_t bounding_set = 0;
    int securebits = 0;
};

[[noreturn]] void refuse(const std::string& what, int error) {
    throw std::runtime_error("--pid-namespace: " + what + " (" + std::strerror(error) + ")" +
                             kWhatToDo);
}

// fork(2) takes no flags. Unlike unshare(2) before a fork, clone(2) leaves the caller able to start
// threads. It skips two things of glibc's fork: the update of glibc's cached thread id, which
// nothing here reads, and the fork handlers of threads and libraries, of which there are none yet.
pid_t fork_with(unsigned long flags) {
    return static_cast<pid_t>(
        ::syscall(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

Privileges read_privileges() {
    Privileges now;
    for (unsigned long capability = 0; capability < 64; ++capability) {
        if (::prctl(PR_CAPBSET_READ, capability) == 1) {
            now.bounding_set |= std::uint64_t{1} << capability;
        }
    }
    now.securebits = ::prctl(PR_GET_SECUREBITS);
    return now;
}

bool restore_privileges(const Privileges& before) {
    for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
        if (((before.bounding_set >> capability) & 1) == 0 &&
            ::prctl(PR_CAPBSET_DROP, capability) != 0) {
            return false;
        }
    }
    return ::prctl(PR_SET_SECUREBITS, before.securebits) == 0;
}

bool write_file(const char* path, const char* text) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    const auto size = static_cast<ssize_t>(std::strlen(text));
    const bool written = ::write(fd, text, static_cast<std::size_t>(size)) == size;
    const int error = errno;
    ::close(fd);
    errno = error;
    return written;
}

bool map_to_itself(const char* path, unsigned id) {
    char line[40];
    std::snprintf(line, sizeof line, "%u %u 1", id, id);
    return write_file(path, line);
}

// Empty if the child has a new /proc.
std::string proc_warning(const NewProc& proc) {
    using Outcome = NewProc::Outcome;
    const std::string said = "--pid-namespace: ";
    const std::string old_one =
        ": the child uses the old one, which shows other process numbers than its own";
    switch (proc.outcome) {
    case Outcome::kMounted:
        return "";
    case Outcome::kRefused:
        return said + "the kernel refuses a new /proc (" + std::strerror(proc.error) + ")" +
               old_one;
    case Outcome::kNoOldProc:
        return said + "/proc is not a complete proc file system, so the child gets no new one: it "
                      "sees the old one, which may show other process numbers than its own";
    case Outcome::kCannotHide:
    case Outcome::kStuck:
        return said + "a new /proc cannot repeat the mount that hides " + proc.path + " (" +
               std::strerror(proc.error) + ")" + old_one;
    }
    return "";
}

class Setup {
public:
    Setup() : uid_(::geteuid()), gid_(::getegid()), privileges_(read_privileges()) {
        if (::pipe2(pipe_, O_CLOEXEC) != 0) {
            refuse("cannot create a pipe", errno);
        }
    }
    ~Setup() {
        for (const int fd : pipe_) {
            if (fd >= 0) {
                ::close(fd);
            }
        }
    }
    Setup(const Setup&) = delete;
    Setup& operator=(const Setup&) = delete;

    pid_t fork() {
        pid_t pid = fork_with(CLONE_NEWPID | CLONE_NEWNS);
        if (pid < 0 && errno == EPERM) {
            has_user_namespace_ = true;
            pid = fork_with(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER);
        }
        if (pid < 0) {
            refuse("the kernel refuses a PID namespace", errno);
        }
        return pid;
    }

    // Runs in the child. False: the child cannot go on.
    bool arrange() {
        Findings findings;
        const bool mapped = !has_user_namespace_ || (write_file("/proc/self/setgroups", "deny") &&
                                                     map_to_itself("/proc/self/uid_map", uid_) &&
                                                     map_to_itself("/proc/self/gid_map", gid_) &&
                                                     restore_privileges(privileges_));
        if (!mapped) {
            findings.user_namespace = errno;
        } else {
            findings.proc = mount_new_proc();
        }
        return ::write(pipe_[1], &findings, sizeof findings) == sizeof findings &&
               findings.can_go_on();
    }

    // Runs in the parent. Nothing: the child does not answer, or has died.
    std::optional<Findings> findings() {
        ::close(pipe_[1]);
        pipe_[1] = -1;
        pollfd answered{pipe_[0], POLLIN, 0};
        Findings findings;
        if (::poll(&answered, 1, kSetupAtMostMs) == 1 &&
            ::read(pipe_[0], &findings, sizeof findings) == sizeof findings) {
            return findings;
        }
        return std::nullopt;
    }

private:
    const uid_t uid_;
    const gid_t gid_;
    const Privileges privileges_;
    bool has_user_namespace_ = false;
    int pipe_[2] = {-1, -1};
};

} // namespace

pid_t fork_as_pid_1(std::string* warning) {
    Setup setup;
    const pid_t pid = setup.fork();
    if (pid == 0) {
        if (!setup.arrange()) {
            ::_exit(125);
        }
        return 0;
    }
    const std::optional<Findings> findings = setup.findings();
    if (!findings || !findings->can_go_on()) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        if (!findings) {
            throw std::runtime_error("--pid-namespace: the guard process did not start up");
        }
        if (findings->user_namespace == 0) {
            refuse(std::string("the new /proc cannot hide ") + findings->proc.path,
                   findings->proc.error);
        }
        refuse("the kernel refuses to map uid and gid in a user namespace",
               findings->user_namespace);
    }
    *warning = proc_warning(findings->proc);
    return pid;
}

} // namespace le_run::guard

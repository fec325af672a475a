#include "guard/spawn.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <boost/version.hpp>
#if BOOST_VERSION >= 108600
#include <boost/process/v1/child.hpp>
#include <boost/process/v1/error.hpp>
#include <boost/process/v1/extend.hpp>
namespace bp = boost::process::v1;
#else
#include <boost/process/child.hpp>
#include <boost/process/error.hpp>
#include <boost/process/extend.hpp>
namespace bp = boost::process;
#endif

#include "base/check.h"
#include "base/clock.h"

namespace le_run::guard {
namespace {

// Further stages in the child's report: the deadline has passed; all is set up, and execve is next.
constexpr std::int32_t kTooLateStage = 100;
constexpr std::int32_t kAboutToExec = 101;

struct Record {
    std::int32_t stage = 0;
    std::int32_t error = 0;
};

// Resets signal handlers before the exec does: until the exec, a stop signal must end the child and
// not run le-run's code in it.
void reset_handlers() {
    for (int number = 1; number <= SIGRTMAX; ++number) {
        struct sigaction action{};
        if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler != SIG_DFL &&
            action.sa_handler != SIG_IGN) {
            ::signal(number, SIG_DFL);
        }
    }
}

// Whether the child, perhaps dead but not reaped, has done its exec. The kernel lets a parent
// change a child's group only before the exec. After it, the kernel says EACCES, or EPERM if the
// program has started its own session. Before it, nothing changes: the child has that group
// already.
bool has_executed(pid_t child) {
    return ::setpgid(child, child) != 0 && (errno == EACCES || errno == EPERM);
}

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

// By these variables systemd names the process that its message is for. A program compares the
// number with its own pid.
constexpr std::string_view kPidVariables[] = {"LISTEN_PID", "WATCHDOG_PID", "SYSTEMD_EXEC_PID"};
// The inode of a pidfd, for the same purpose as LISTEN_PID. It is not known before the fork.
constexpr std::string_view kListenPidfd = "LISTEN_PIDFDID";
constexpr std::size_t kPidDigits = 20;

bool names_pid(std::string_view entry, pid_t pid) {
    return std::any_of(std::begin(kPidVariables), std::end(kPidVariables), [&](auto name) {
        return name_of(entry) == name && entry.substr(name.size() + 1) == std::to_string(pid);
    });
}

} // namespace

// The child does everything in on_exec_setup, which does not return but execs. It makes only
// async-signal-safe calls and allocates nothing.
struct Spawner::Hook : bp::extend::handler {
    Hook(Spawner* the_spawner, pid_t* the_pid, int* the_error)
        : spawner(the_spawner), pid(the_pid), error(the_error) {}

    template <class Executor>
    void on_setup(Executor& e) const {
        e.exe = spawner->setup_.program.c_str();
        e.env = spawner->envp_.data();
    }
    template <class Executor>
    void on_exec_setup(Executor&) const {
        spawner->become_the_child();
    }
    template <class Executor>
    void on_fork_error(Executor&, const std::error_code& ec) const {
        *error = ec.value();
    }
    template <class Executor>
    void on_success(Executor& e) const {
        *pid = e.pid;
    }

    Spawner* spawner;
    pid_t* pid;
    int* error;
};

Spawner::Spawner(const GuardSetup& setup, const SpawnSurroundings& surroundings)
    : setup_(setup), surroundings_(surroundings), program_(setup.program, setup.argv) {
    take_over_pid_variables();
    // An entry of Start::environment has at least two characters, with its NUL.
    envp_.reserve(inherited_.size() + start_.environment.size() / 2 + 1);
}

// systemd means the service's main process, which is le-run. The child takes its place.
void Spawner::take_over_pid_variables() {
    inherited_ = setup_.environment;
    const auto names_le_run = [&](const std::string& entry) {
        return names_pid(entry, surroundings_.le_run);
    };
    if (std::none_of(inherited_.begin(), inherited_.end(), names_le_run)) {
        return;
    }
    std::erase_if(inherited_, [](const auto& entry) { return name_of(entry) == kListenPidfd; });
    for (std::string& entry : inherited_) {
        if (!names_le_run(entry)) {
            continue;
        }
        const std::size_t name = name_of(entry).size();
        entry.resize(name + 1 + kPidDigits); // with NULs
        pid_digits_.push_back(entry.data() + name + 1);
    }
}

// Runs in the child before its exec, so it allocates nothing.
void Spawner::name_own_pid() const {
    for (char* const digits : pid_digits_) {
        *std::to_chars(digits, digits + kPidDigits, ::getpid()).ptr = '\0';
    }
}

Spawner::~Spawner() {
    for (const int fd : {pipe_read_, pipe_write_}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

void Spawner::build_environment(const Start& start) {
    start_ = start;
    envp_.clear();
    char* text = start_.environment.data();
    for (char* entry = text; *entry != '\0'; entry += std::strlen(entry) + 1) {
        envp_.push_back(entry);
    }
    const auto given = static_cast<std::ptrdiff_t>(envp_.size());
    for (const std::string& entry : inherited_) {
        const bool replaced =
            std::any_of(envp_.begin(), envp_.begin() + given,
                        [&](const char* other) { return name_of(other) == name_of(entry); });
        if (!replaced) {
            envp_.push_back(const_cast<char*>(entry.c_str()));
        }
    }
    envp_.push_back(nullptr);
}

pid_t Spawner::start(const Start& start, Report* report) {
    LE_CHECK(pipe_read_ < 0);
    build_environment(start);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        *report = Report{Outcome::kFailed, SpawnStage::kPipe, errno};
        return -1;
    }
    pipe_read_ = ends[0];
    pipe_write_ = ends[1];
    ::fcntl(pipe_read_, F_SETFL, O_NONBLOCK);
    last_stage_ = 0;
    last_error_ = 0;

    pid_t pid = -1;
    int error = 0;
    {
        bp::child child(Hook(this, &pid, &error), bp::ignore_error);
        child.detach(); // the destructor would kill and reap the child
    }
    ::close(pipe_write_);
    pipe_write_ = -1;
    if (pid > 0) {
        return pid;
    }
    ::close(pipe_read_);
    pipe_read_ = -1;
    *report = Report{Outcome::kFailed, SpawnStage::kFork, error};
    return -1;
}

Spawner::Report Spawner::read_report(pid_t child) {
    if (pipe_read_ < 0) {
        return {};
    }
    for (;;) {
        Record record;
        const ssize_t size = ::read(pipe_read_, &record, sizeof record);
        if (size == static_cast<ssize_t>(sizeof record)) {
            last_stage_ = record.stage;
            last_error_ = record.error;
            continue;
        }
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0 && errno == EAGAIN) {
            return {};
        }
        break; // end of file: the exec or the end of the child closed the pipe
    }
    ::close(pipe_read_);
    pipe_read_ = -1;
    switch (last_stage_) {
    case 0:
        return {Outcome::kDied};
    case kAboutToExec:
        if (!has_executed(child)) {
            return {Outcome::kDied};
        }
        folder_.let_go(); // the child has it now
        return {Outcome::kExecuted};
    case kTooLateStage:
        return {Outcome::kTooLate};
    default:
        return {Outcome::kFailed, static_cast<SpawnStage>(last_stage_), last_error_};
    }
}

void Spawner::report(std::int32_t stage, int error) const {
    const Record record{stage, error};
    [[maybe_unused]] const auto ignored = ::write(pipe_write_, &record, sizeof record);
}

void Spawner::become_the_child() const {
    ::setpgid(0, 0);
    if (start_.foreground != 0) {
        ::tcsetpgrp(STDIN_FILENO,
                    ::getpid()); // before the exec: a read in the background would stop the child
    }
    // An extra safety: le-run also notices the guard's death. Set first and then checked, so that a
    // death in between is noticed.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != surroundings_.guard) {
        ::_exit(127);
    }
    ::setpriority(PRIO_PROCESS, 0, surroundings_.nice);
    if (surroundings_.cgroup_join_fd >= 0) { // if this fails, ProcessTree kills without a cgroup
        [[maybe_unused]] const auto ignored = ::write(surroundings_.cgroup_join_fd, "0", 1);
    }
    reset_handlers();
    name_own_pid();
    if (const int error = folder_.enter(); error != 0) {
        report(static_cast<std::int32_t>(SpawnStage::kFolder), error);
        ::_exit(127);
    }
    if (setup_.sigchld_ignored) {
        ::signal(SIGCHLD, SIG_IGN);
    }
    // The exec must not keep capabilities that the guard has only for its own work.
    if (!keep_capabilities_of(surroundings_.capabilities)) {
        report(static_cast<std::int32_t>(SpawnStage::kFork), errno);
        ::_exit(127);
    }
    // Without CAP_KILL, signals do not reach every uid. So no descendant may change its uid.
    if (!surroundings_.may_kill_any && !setup_.allow_new_privileges) {
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    }
    Clock clock;
    if (has_passed_for_holder(clock.now(), earlier(start_.term_at, start_.kill_at))) {
        report(kTooLateStage, 0);
        ::_exit(127);
    }
    report(kAboutToExec, 0);
    ::sigprocmask(SIG_SETMASK, &setup_.signal_mask, nullptr);
    const int error = program_.execute(envp_.data());
    report(static_cast<std::int32_t>(SpawnStage::kExec), error);
    ::_exit(127);
}

} // namespace le_run::guard

#include "process/stand_in.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/process_tree.h"
#include "helpers/catch.h"

namespace le_run::test {

using namespace le_run::guard;
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

bool is_of_the_moment(const FromGuard& message) {
    return std::holds_alternative<Late>(message) || std::holds_alternative<Pong>(message) ||
           std::holds_alternative<TreeSize>(message);
}

void sweep_all() {
    ProcessTree tree(ProcessTree::PidNamespace::kShared);
    Reaped reaped;
    while (tree.reap(&reaped) == ProcessTree::State::kAlive) {
        if (reaped.pid == 0) {
            tree.kill_round();
            ::usleep(1000);
        }
    }
}

union DescriptorSpace {
    char bytes[CMSG_SPACE(sizeof(int))];
    cmsghdr alignment;
};

bool pass_descriptor(int socket, int descriptor, pid_t number) {
    DescriptorSpace space{};
    iovec part{&number, sizeof number};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = space.bytes;
    message.msg_controllen = sizeof space.bytes;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    return ::sendmsg(socket, &message, MSG_NOSIGNAL) == sizeof number;
}

int take_descriptor(int socket, pid_t* number) {
    DescriptorSpace space{};
    iovec part{number, sizeof *number};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = space.bytes;
    message.msg_controllen = sizeof space.bytes;
    if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != sizeof *number) {
        return -1;
    }
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) {
        return -1;
    }
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

[[noreturn]] void stand_in(GuardSetup setup, const StandInOptions& options, int control) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    options.prepare();
    struct sigaction sigchld{};
    ::sigaction(SIGCHLD, nullptr, &sigchld);
    setup.sigchld_ignored = sigchld.sa_handler == SIG_IGN;
    ::signal(SIGCHLD, SIG_DFL);
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &setup.signal_mask);
    const GuardProcess guard = fork_guard(setup);
    // As le-run does where it is PID 1: the only signal that the guard can end it with.
    ::signal(SIGRTMAX, [](int) { ::_exit(125); });
    sigset_t last;
    sigemptyset(&last);
    sigaddset(&last, SIGRTMAX);
    ::sigprocmask(SIG_UNBLOCK, &last, nullptr);
    if (!pass_descriptor(control, guard.channel, guard.pid)) {
        ::_exit(1);
    }
    ::close(guard.channel);
    char command = 0;
    while (::read(control, &command, 1) == 1) {
        sweep_all();
        if (::write(control, &command, 1) != 1) {
            break;
        }
    }
    ::_exit(0);
}

} // namespace

StandIn::StandIn(const std::vector<std::string>& argv, const StandInOptions& options) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    GuardSetup setup;
    setup.program = argv.at(0);
    setup.argv = argv;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        setup.environment.emplace_back(*entry);
    }
    setup.environment.insert(setup.environment.end(), options.environment.begin(),
                             options.environment.end());
    setup.stop_signal = options.stop_signal;
    setup.allow_new_privileges = options.allow_new_privileges;
    setup.pid_namespace = options.guards_pid_namespace;
    setup.release = options.release;
    setup.held_after_kill_at = options.held_after_kill_at;
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        fail("socketpair");
    }
    const unsigned long flags = SIGCHLD | (options.own_pid_namespace ? CLONE_NEWPID : 0);
    pid_ = static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr));
    if (pid_ < 0) {
        fail("clone");
    }
    if (pid_ == 0) {
        ::close(ends[0]);
        stand_in(setup, options, ends[1]);
    }
    ::close(ends[1]);
    control_ = ends[0];
    const int channel = take_descriptor(control_, &guard_);
    if (channel < 0) {
        throw std::runtime_error("the stand-in did not come up");
    }
    channel_ = std::make_unique<LeRunEnd>(channel);
}

StandIn::~StandIn() {
    if (!end_) {
        ::kill(pid_, SIGKILL);
    }
    sweep_all();
    ::close(control_);
}

void StandIn::start(TimePoint term_at, TimePoint kill_at, const std::string& environment) {
    Start message;
    message.run = ++run_;
    message.term_at = term_at;
    message.kill_at = kill_at;
    message.acquire_time = WallTime{static_cast<std::int64_t>(run_)};
    std::copy(environment.begin(), environment.end(), message.environment.begin());
    send(message);
}

void StandIn::send(const ToGuard& message) {
    if (!channel_->send(message)) {
        throw std::runtime_error("the channel takes nothing");
    }
}

std::optional<FromGuard> StandIn::next(std::chrono::milliseconds patience) {
    if (!kept_.empty()) {
        const FromGuard first = kept_.front();
        kept_.erase(kept_.begin());
        return first;
    }
    const auto end = std::chrono::steady_clock::now() + patience;
    for (;;) {
        FromGuard message;
        while (channel_->receive(&message) == LeRunEnd::Receive::kMessage) {
            if (!is_of_the_moment(message)) {
                return message;
            }
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            end - std::chrono::steady_clock::now());
        if (left.count() <= 0) {
            return std::nullopt;
        }
        pollfd readable{channel_->fd(), POLLIN, 0};
        ::poll(&readable, 1, static_cast<int>(left.count()));
    }
}

bool StandIn::is_silent_for(std::chrono::milliseconds time) {
    const std::optional<FromGuard> message = next(time);
    if (message) {
        kept_.push_back(*message);
    }
    return !message;
}

std::optional<FromGuard>
StandIn::wait_for_message(const std::function<bool(const FromGuard&)>& is_wanted) {
    std::optional<FromGuard> wanted;
    wait_until([&] {
        FromGuard message;
        while (!wanted && channel_->receive(&message) == LeRunEnd::Receive::kMessage) {
            if (is_wanted(message)) {
                wanted = message;
            } else if (!is_of_the_moment(message)) {
                kept_.push_back(message);
            }
        }
        return wanted.has_value();
    });
    return wanted;
}

std::optional<TreeSize>
StandIn::wait_for_size(const std::function<bool(const TreeSize&)>& is_wanted) {
    const auto size = wait_for_message([&](const FromGuard& message) {
        const auto* told = std::get_if<TreeSize>(&message);
        return told != nullptr && is_wanted(*told);
    });
    return size ? std::optional(std::get<TreeSize>(*size)) : std::nullopt;
}

Late StandIn::expect_late() {
    const auto late = wait_for_message(
        [](const FromGuard& message) { return std::holds_alternative<Late>(message); });
    if (!late) {
        throw std::runtime_error("the guard does not say that it was late");
    }
    return std::get<Late>(*late);
}

bool StandIn::answers_ping() {
    static std::uint64_t number = 0;
    send(Ping{run_, ++number});
    return wait_for_message([](const FromGuard& message) {
               const Pong* pong = std::get_if<Pong>(&message);
               return pong != nullptr && pong->number == number;
           })
        .has_value();
}

bool StandIn::sweep() {
    char command = 's';
    if (::write(control_, &command, 1) != 1) {
        return false;
    }
    pollfd answered{control_, POLLIN, 0};
    return ::poll(&answered, 1, std::chrono::milliseconds(kPatience).count()) == 1 &&
           ::read(control_, &command, 1) == 1;
}

std::optional<int> StandIn::wait_for_end(std::chrono::milliseconds patience) {
    wait_until(
        [&] {
            int status = 0;
            if (!end_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
                end_ = status;
            }
            return end_.has_value();
        },
        patience);
    return end_;
}

void StandIn::kill() {
    ::kill(pid_, SIGKILL);
    if (!wait_for_end()) {
        throw std::runtime_error("the stand-in outlived SIGKILL");
    }
}

void become_nobody() {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(65534, 65534, 65534) != 0 ||
        ::setresuid(65534, 65534, 65534) != 0) {
        ::_exit(1);
    }
    ::prctl(PR_SET_DUMPABLE, 1); // as after an exec
}

bool is_gone(pid_t orphan) {
    return wait_until([&] { return ::waitpid(orphan, nullptr, WNOHANG) == orphan; });
}

StandInOptions with_and_without_pid_namespace() {
    StandInOptions options;
    options.guards_pid_namespace = GENERATE(false, true);
    return options;
}

TreeWatch::TreeWatch() : path_(folder_.file("tree")) {
    ::chmod(folder_.path().c_str(), 0711); // for children of another uid
    if (::mkfifo(path_.c_str(), 0600) != 0 || ::chmod(path_.c_str(), 0622) != 0) {
        fail("mkfifo");
    }
    fd_ = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd_ < 0) {
        fail("open");
    }
}

TreeWatch::~TreeWatch() { ::close(fd_); }

const std::string& TreeWatch::text() {
    char bytes[4096];
    for (;;) {
        const ssize_t size = ::read(fd_, bytes, sizeof bytes);
        if (size <= 0) {
            return text_;
        }
        text_.append(bytes, static_cast<std::size_t>(size));
    }
}

void TreeWatch::forget() {
    text();
    text_.clear();
}

void TreeWatch::wait_for_line(const std::string& word) {
    if (!wait_until([&] { return ("\n" + text()).find("\n" + word) != std::string::npos; })) {
        throw std::runtime_error("no line \"" + word + "\" from the tree, only: " + text_);
    }
}

bool TreeWatch::is_at_end() {
    text();
    char byte = 0;
    return ::read(fd_, &byte, 1) == 0;
}

StandInOptions watched_by(const TreeWatch& watch, StandInOptions options) {
    options.environment = {watch.variable()};
    return options;
}

} // namespace le_run::test

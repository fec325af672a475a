#include "helpers/refused_sends.h"

#include <cerrno>
#include <cstddef>
#include <stdexcept>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace le_run::test {
namespace {

struct Listener {
    pid_t process;
    int fd;
};

int install_filter() {
    sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmsg, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog program{static_cast<unsigned short>(std::size(rules)), rules};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                                      SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

int fetch(const Listener& listener) {
    const auto process = static_cast<int>(::syscall(SYS_pidfd_open, listener.process, 0));
    const auto fd = static_cast<int>(::syscall(SYS_pidfd_getfd, process, listener.fd, 0));
    ::close(process);
    return fd;
}

} // namespace

RefusedSends::RefusedSends() {
    for (int* ends : {hello_, ready_, over_}) {
        if (::pipe2(ends, O_CLOEXEC) != 0) {
            throw std::runtime_error("no pipe");
        }
    }
    server_ = std::thread([this] { serve(); });
    // The test forks next. A thread that is still being set up may hold the allocator's lock, and
    // the forked guard would wait for it for ever.
    char started = 0;
    if (::read(ready_[0], &started, 1) != 1) {
        throw std::runtime_error("no thread");
    }
}

RefusedSends::~RefusedSends() {
    ::close(over_[1]);
    server_.join();
    for (const int fd : {hello_[0], hello_[1], ready_[0], ready_[1], over_[0]}) {
        ::close(fd);
    }
}

void RefusedSends::afflict() const {
    const Listener listener{::getpid(), install_filter()};
    char ready = 0;
    if (listener.fd < 0 || ::write(hello_[1], &listener, sizeof listener) != sizeof listener ||
        ::read(ready_[0], &ready, 1) != 1) {
        throw std::runtime_error("this kernel does not let a test refuse system calls");
    }
    ::close(listener.fd); // the server has it
}

void RefusedSends::refuse(int error, pid_t who) {
    refused_ = 0;
    who_ = who;
    error_ = error;
}

void RefusedSends::serve() const {
    pollfd events[] = {{hello_[0], POLLIN, 0}, {over_[0], POLLIN, 0}};
    Listener listener{};
    // From here on this thread allocates nothing.
    if (::write(ready_[1], "", 1) != 1) {
        return;
    }
    if (::poll(events, 2, -1) < 0 || events[0].revents == 0 ||
        ::read(hello_[0], &listener, sizeof listener) != sizeof listener) {
        return;
    }
    const int fd = fetch(listener);
    [[maybe_unused]] const auto ignored = ::write(ready_[1], "", fd >= 0 ? 1 : 0);
    events[0].fd = fd;
    for (;;) {
        const int ready = ::poll(events, 2, -1);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready <= 0 || events[1].revents != 0 || (events[0].revents & POLLIN) == 0) {
            break;
        }
        answer(fd);
    }
    ::close(fd);
}

void RefusedSends::answer(int listener) const {
    seccomp_notif call{};
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
        return; // its caller is dead
    }
    const pid_t who = who_;
    const int error = who == 0 || who == static_cast<pid_t>(call.pid) ? error_.load() : 0;
    seccomp_notif_resp answer{};
    answer.id = call.id;
    answer.error = -error;
    answer.flags = error == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
    refused_ += error == 0 ? 0 : 1;
    ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

} // namespace le_run::test

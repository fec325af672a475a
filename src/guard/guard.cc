#include "guard/guard.h"

#include <cerrno>
#include <csignal>
#include <system_error>

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guard/guard_loop.h"

namespace le_run {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::system_category(), what);
}

bool has_cap_kill() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
    if (::syscall(SYS_capget, &header, data) != 0)
        return false;
    return (data[0].effective & (1U << CAP_KILL)) != 0;
}

// What a signal to le-run's group, session or name, a busy machine or a full memory could do to the
// guard, it avoids; each of these is best effort.
void set_apart() {
    ::prctl(PR_SET_NAME, "le-run-guard"); // `pkill -x le-run` hits le-run only
    // A terminal belongs to one session, so with one the guard must stay in it.
    if (::isatty(STDIN_FILENO) == 1)
        ::setpgid(0, 0);
    else
        ::setsid();
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    ::signal(SIGCHLD, SIG_DFL);
    ::setpriority(PRIO_PROCESS, 0, -20);
}

void live_as_guard(const GuardSetup& setup, SpawnSurroundings surroundings, pid_t le_run,
                   int channel) {
    set_apart();
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        fail("PR_SET_CHILD_SUBREAPER");
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, le_run, 0));
    if (pidfd < 0)
        fail("pidfd_open");
    // Only now is the number surely le-run's: had it died before, this process would have another
    // parent.
    if (::getppid() != le_run)
        return;
    surroundings.guard = ::getpid();
    surroundings.may_kill_any = has_cap_kill();
    GuardLoop loop(setup, surroundings, {le_run, pidfd}, channel);
    ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
    loop.run();
}

} // namespace

GuardProcess fork_guard(const GuardSetup& setup) {
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        fail("PR_SET_CHILD_SUBREAPER");
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        fail("socketpair");
    SpawnSurroundings surroundings;
    surroundings.le_run_group = ::getpgrp();
    surroundings.nice = ::getpriority(PRIO_PROCESS, 0);
    const pid_t le_run = ::getpid();
    const pid_t guard = ::fork();
    if (guard < 0) {
        const int error = errno;
        ::close(ends[0]);
        ::close(ends[1]);
        errno = error;
        fail("fork");
    }
    if (guard == 0) {
        ::close(ends[0]);
        try {
            live_as_guard(setup, surroundings, le_run, ends[1]);
            ::_exit(0);
        } catch (...) {
            ::_exit(125); // le-run sees its guard's end, and that is enough
        }
    }
    ::close(ends[1]);
    return {guard, ends[0]};
}

} // namespace le_run

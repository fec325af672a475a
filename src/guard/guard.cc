#include "guard/guard.h"

#include <cerrno>
#include <csignal>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guard/capabilities.h"
#include "guard/guard_loop.h"
#include "guard/own_cgroup.h"
#include "guard/pid_namespace.h"
#include "process/start_folder.h"

namespace le_run::guard {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::system_category(), what);
}

// Protects the guard from signals to le-run's group, session or name, from a busy machine and from
// a lack of memory. Each step is best effort.
void set_apart() {
    ::prctl(PR_SET_NAME, "le-run-guard"); // so that `pkill -x le-run` hits le-run only
    // A terminal belongs to one session. If there is one, the guard must stay in that session.
    if (::isatty(STDIN_FILENO) == 1) {
        ::setpgid(0, 0);
    } else {
        ::setsid();
    }
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    ::signal(SIGCHLD, SIG_DFL);
    ::setpriority(PRIO_PROCESS, 0, -20);
}

// Makes a pipe by which the guard ends le-run: when the guard writes, the kernel itself sends
// le-run a signal, across PID namespaces, and even when le-run is stopped. Returns le-run's end.
// le-run keeps both ends open as long as it lives: a closed writing end would send the signal too.
int make_ending_pipe(int* guards_end) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        fail("pipe2");
    }
    // PID 1 of a namespace gets no SIGKILL from inside. For this, it keeps SIGRTMAX unblocked.
    const int signal = ::getpid() == 1 ? SIGRTMAX : SIGKILL;
    if (::fcntl(ends[0], F_SETOWN, ::getpid()) != 0 || ::fcntl(ends[0], F_SETSIG, signal) != 0 ||
        ::fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK) != 0) {
        fail("F_SETOWN");
    }
    *guards_end = ends[1];
    return ends[0];
}

void live_as_guard(const GuardSetup& setup, SpawnSurroundings surroundings,
                   const GuardLoop::LeRun& le_run, int channel) {
    set_apart();
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        fail("PR_SET_CHILD_SUBREAPER");
    }
    surroundings.guard = ::getpid();
    // A guard with its own user namespace has CAP_KILL there.
    surroundings.may_kill_any = read_capabilities().has(CAP_KILL);
    std::optional<OwnCgroup> cgroup;
    if (surroundings.guard != 1) { // PID 1 has kill(-1)
        cgroup.emplace();
        surroundings.cgroup_kill_fd = cgroup->kill_fd();
        surroundings.cgroup_join_fd = cgroup->join_fd();
    }
    GuardLoop loop(setup, surroundings, le_run, channel);
    process::leave_start_folder();
    ::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
    loop.run();
}

} // namespace

GuardProcess fork_guard(const GuardSetup& setup) {
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
        fail("PR_SET_CHILD_SUBREAPER");
    }
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
        fail("socketpair");
    }
    SpawnSurroundings surroundings;
    surroundings.nice = ::getpriority(PRIO_PROCESS, 0);
    surroundings.le_run = ::getpid();
    surroundings.capabilities = read_capabilities();
    GuardLoop::LeRun le_run;
    le_run.is_pid_1 = ::getpid() == 1;
    // le-run itself opens it before the fork, so it cannot refer to any other process.
    le_run.pidfd = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
    if (le_run.pidfd < 0) {
        fail("pidfd_open");
    }
    const int own_end = make_ending_pipe(&le_run.ending_fd);
    GuardProcess guard;
    guard.channel = ends[0];
    guard.pid = setup.pid_namespace ? fork_as_pid_1(&guard.warning) : ::fork();
    if (guard.pid < 0) {
        fail("fork");
    }
    if (guard.pid == 0) {
        ::close(ends[0]);
        ::close(own_end);
        try {
            live_as_guard(setup, surroundings, le_run, ends[1]);
            ::_exit(0);
        } catch (...) {
            ::_exit(125); // le-run notices the guard's end
        }
    }
    ::close(ends[1]);
    ::close(le_run.pidfd);
    return guard;
}

} // namespace le_run::guard

#include "guard/run_below.h"

#include <algorithm>
#include <csignal>

#include <sys/prctl.h>
#include <unistd.h>

namespace le_run::guard {
namespace {

using std::chrono::milliseconds;

constexpr Duration kLook = milliseconds(100);
constexpr Duration kKillPause = milliseconds(2);

void wait_for_an_end(Duration at_most) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGCHLD);
    const timespec limit{0, static_cast<long>(at_most.count())};
    ::sigtimedwait(&ends, nullptr, &limit);
}

[[noreturn]] void run(const std::function<void()>& task, pid_t guard) {
    ::prctl(PR_SET_NAME, "le-run-release");
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() == guard) { // otherwise the guard died before the prctl
        try {
            task();
        } catch (...) { // the lease runs out by itself
        }
    }
    ::_exit(0);
}

} // namespace

void run_below(const std::function<void()>& task, TimePoint end_at, ProcessTree& tree,
               Clock& clock) {
    const pid_t guard = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return;
    }
    if (pid == 0) {
        run(task, guard);
    }
    bool is_over = false; // end_at has passed: SIGKILL to what is left
    for (Reaped reaped; tree.reap(&reaped) == ProcessTree::State::kAlive;) {
        const Duration left = left_for_holder(clock.now(), end_at);
        is_over = is_over || reaped.pid == pid || left <= Duration::zero();
        if (reaped.pid != 0) {
            continue;
        }
        if (is_over) {
            tree.kill_round();
        }
        wait_for_an_end(is_over ? kKillPause : std::min(left, kLook));
    }
}

} // namespace le_run::guard

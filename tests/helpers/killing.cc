#include "helpers/killing.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/process_tree.h"
#include "helpers/process.h"
#include "helpers/start_forest.h"

namespace le_run::test {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point then) {
    return std::chrono::duration<double>(Clock::now() - then).count();
}

double kill_by_rounds() {
    guard::ProcessTree tree(guard::ProcessTree::PidNamespace::kShared);
    const auto began = Clock::now();
    for (guard::Reaped reaped; tree.reap(&reaped) == guard::ProcessTree::State::kAlive;) {
        if (reaped.pid == 0) {
            tree.kill_round();
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    return seconds_since(began);
}

double kill_in_a_loop() {
    const auto all = descendants_of(::getpid());
    const auto began = Clock::now();
    for (const pid_t pid : all) {
        ::kill(pid, SIGKILL);
    }
    while (::waitpid(-1, nullptr, __WALL) > 0 || errno == EINTR) {
    }
    return seconds_since(began);
}

double measure(const std::string& shape, Killer killer) {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!start_forest(shape)) {
        return -1;
    }
    // A tree that has just been made is taken for one that forks.
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    ::setpriority(PRIO_PROCESS, 0, -20); // as the guard has it
    return killer == Killer::kProcessTree ? kill_by_rounds() : kill_in_a_loop();
}

} // namespace

std::optional<double> seconds_to_kill(const std::string& shape, Killer killer) {
    int answer[2];
    if (::pipe2(answer, O_CLOEXEC) != 0) {
        return std::nullopt;
    }
    const pid_t pid = ::fork();
    if (pid == 0) {
        const double seconds = measure(shape, killer);
        ::_exit(::write(answer[1], &seconds, sizeof seconds) == sizeof seconds ? 0 : 1);
    }
    ::close(answer[1]);
    double seconds = -1;
    const bool is_answered = ::read(answer[0], &seconds, sizeof seconds) == sizeof seconds;
    ::close(answer[0]);
    ::waitpid(pid, nullptr, 0);
    if (!is_answered || seconds < 0) {
        end_orphans();
        return std::nullopt;
    }
    return seconds;
}

} // namespace le_run::test

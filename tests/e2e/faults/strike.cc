#include "faults/strike.h"

#include <algorithm>
#include <csignal>
#include <set>
#include <sstream>

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

namespace le_run::test::faults {
namespace {

// The process's number in its own PID namespace: the last of its status's NSpid line.
pid_t innermost_number(pid_t pid) {
    for (const std::string& line :
         lines_of(read_file("/proc/" + std::to_string(pid) + "/status"))) {
        if (line.rfind("NSpid:", 0) == 0) {
            return static_cast<pid_t>(std::stol(line.substr(line.find_last_of(" \t") + 1)));
        }
    }
    return 0;
}

// Waits until a traced process stops; false: it ended instead. Who traces a process keeps its
// parent from reaping it, so an end is taken here, unless it is the parent's own to take.
bool wait_for_stop(pid_t pid) {
    const auto children = children_of(::getpid());
    const bool is_own = std::find(children.begin(), children.end(), pid) != children.end();
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WEXITED | WNOWAIT | __WALL) !=
        0) {
        return false;
    }
    if (info.si_code == CLD_TRAPPED || info.si_code == CLD_STOPPED) {
        return true;
    }
    if (!is_own) {
        ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | __WALL);
    }
    return false;
}

// Lets a process fault by itself, as a bad pointer does: neither a mask nor being PID 1 keeps it
// from dying of that, and a signal sent by kill(2) would be another thing.
void crash(pid_t pid) {
    if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) {
        return;
    }
    ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
    if (!wait_for_stop(pid)) {
        return;
    }
    user_regs_struct registers{};
    iovec view{&registers, sizeof registers};
    ::ptrace(PTRACE_GETREGSET, pid, reinterpret_cast<void*>(NT_PRSTATUS), &view);
#if defined(__x86_64__)
    registers.rip = 0;
    registers.orig_rax = static_cast<unsigned long long>(-1); // no system call to start again
#elif defined(__aarch64__)
    registers.pc = 0;
#else
#error "where is the program counter?"
#endif
    ::ptrace(PTRACE_SETREGSET, pid, reinterpret_cast<void*>(NT_PRSTATUS), &view);
    if (::ptrace(PTRACE_DETACH, pid, nullptr, nullptr) != 0) {
        wait_for_stop(pid); // it was killed meanwhile
    }
}

void kill_all(const std::vector<pid_t>& pids) {
    for (const pid_t pid : pids) {
        ::kill(pid, SIGKILL);
    }
}

// Stopped first, to the last one, so that all die in one instant as far as they can tell. One that
// forks and ends between two listings hides its child from a round, so it takes some without news.
void kill_with_descendants(pid_t root) {
    constexpr int kQuietRounds = 4;
    std::set<pid_t> all;
    std::vector<pid_t> found;
    for (int quiet = 0; quiet < kQuietRounds;) {
        found = descendants_of(root);
        found.insert(found.begin(), root);
        ++quiet;
        for (const pid_t pid : found) {
            if (all.insert(pid).second) {
                ::kill(pid, SIGSTOP);
                quiet = 0;
            }
        }
    }
    // The deepest first: the kernel continues a stopped group whose last parent outside it dies.
    std::reverse(found.begin(), found.end());
    kill_all(found);
}

// le-run would continue a stopped guard, and a guard that runs would see its child's end; what
// slips through here is le-run's to end.
void kill_guard_with_descendants(pid_t guard) {
    const auto below = descendants_of(guard);
    ::kill(guard, SIGKILL);
    kill_all(below);
}

void kill_group(pid_t pid) {
    const pid_t group = ::getpgid(pid);
    // One that has only just been forked may still be in the group of this program.
    ::kill(group > 0 && group != ::getpgrp() ? -group : pid, SIGKILL);
}

void strike_one(Hit hit, pid_t pid, bool is_guard) {
    switch (hit) {
    case Hit::kTerm:
        ::kill(pid, SIGTERM);
        break;
    case Hit::kKill:
        ::kill(pid, SIGKILL);
        break;
    case Hit::kStop:
        ::kill(pid, SIGSTOP);
        break;
    case Hit::kSegv:
        crash(pid);
        break;
    case Hit::kOom:
        is_guard ? kill_guard_with_descendants(pid) : kill_with_descendants(pid);
        break;
    case Hit::kGroupKill:
        kill_group(pid);
        break;
    }
}

} // namespace

Victims find_victims(pid_t le_run, pid_t work_pid) {
    const auto first_child = [](pid_t pid) {
        const auto children = pid > 0 ? children_of(pid) : std::vector<pid_t>{};
        return children.empty() ? 0 : children.front();
    };
    Victims victims;
    victims.le_run = le_run;
    victims.guard = first_child(le_run);
    if (victims.guard == 0 || work_pid == 0) {
        return victims;
    }
    for (const pid_t pid : descendants_of(victims.guard)) { // the nearest first
        if (innermost_number(pid) == work_pid) {
            victims.child = pid;
            break;
        }
    }
    return victims;
}

bool strike(Hit hit, Target target, const Victims& victims) {
    std::vector<pid_t> hits;
    switch (target) {
    case Target::kLeRun:
        hits = {victims.le_run};
        break;
    case Target::kGuard:
        hits = {victims.guard};
        break;
    case Target::kChild:
        hits = {victims.child};
        break;
    case Target::kBoth:
        hits = {victims.le_run, victims.guard};
        break;
    }
    bool any = false;
    for (const pid_t pid : hits) {
        if (pid > 0) {
            strike_one(hit, pid, pid == victims.guard);
            any = true;
        }
    }
    return any;
}

} // namespace le_run::test::faults

// The processes below this one: signal them all, end them all, prove that none is left.
//
// For a process that is a subreaper: every orphan of the tree becomes its child, so ECHILD from
// waitid(__WALL) is the proof that the tree is empty; no listing of /proc is. Nothing here
// allocates or blocks. One thread of a process uses it (its tables are static). SIGCHLD must not be
// ignored.
//
// PID 1 of a namespace uses kill(-1): all that lives there ends with it anyway, and no fork slips
// through. Elsewhere /proc lists the tree. Where that is missing or shows another PID namespace,
// kill(-1) does it if the parent is PID 1; else only waiting is left.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace le_run {

struct Reaped {
    pid_t pid = 0;
    int wait_status = 0; // as waitpid(2) gives it
};

class ProcessTree {
public:
    enum class State { kEmpty, kAlive };

    // kOurs: le-run or its guard is PID 1 of this PID namespace, so nothing but the tree lives in
    // it and kill(-1) is allowed. kShared: it never is.
    enum class PidNamespace { kShared, kOurs };

    // Opens what killing needs (/proc, a listing of own children, spare descriptors), so that
    // EMFILE cannot stop it later. To be constructed in the process whose tree it is, after its
    // fork, by its main thread.
    explicit ProcessTree(PidNamespace pid_namespace);
    ~ProcessTree();
    ProcessTree(const ProcessTree&) = delete;
    ProcessTree& operator=(const ProcessTree&) = delete;

    // Reaps one ended child, without blocking. kEmpty: there is no child at all, dead or alive: the
    // tree is gone. kAlive with reaped->pid == 0: some are alive, none has ended.
    State reap(Reaped* reaped);

    // Sends `signal` and SIGCONT to every descendant. Best effort.
    void signal_all(int signal);

    // One round of SIGSTOP, then SIGKILL, over every descendant. Returns how many were sent
    // SIGKILL, kill(-1) counting as one; one that takes long to die counts in each round. Repeat,
    // with reap(), until kEmpty.
    std::uint32_t kill_round();

private:
    std::uint32_t send_to_all(int signal);
    std::uint32_t send_to_children(int signal);
    std::uint32_t send_to_deeper(int signal);
    std::size_t list_processes();
    pid_t parent_of(pid_t pid);
    bool is_below_us(pid_t pid);
    bool send_safely(pid_t pid, int signal);

    PidNamespace pid_namespace_;
    pid_t self_ = 0;
    int proc_fd_ = -1;     // /proc, when it is that of our PID namespace
    int children_fd_ = -1; // our own children, as the kernel lists them
    int spare_fds_[2] = {-1, -1};
};

} // namespace le_run

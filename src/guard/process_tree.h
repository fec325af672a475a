// The processes below this one: signal them all, end them all, prove that none is left.
//
// For a process that is a subreaper: every orphan of the tree becomes its child, so ECHILD from waitid(__WALL) is the
// proof that the tree is empty; no listing of /proc is. Nothing here allocates or blocks.
#pragma once

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

    // Opens what killing needs (a listing of own children, spare descriptors), so that EMFILE cannot stop it later.
    ProcessTree();
    ~ProcessTree();
    ProcessTree(const ProcessTree&) = delete;
    ProcessTree& operator=(const ProcessTree&) = delete;

    // Reaps one ended child, without blocking. kEmpty: there is no child at all, dead or alive: the tree is gone.
    // kAlive with reaped->pid == 0: some are alive, none has ended.
    State reap(Reaped* reaped);

    // Sends `signal` and SIGCONT to every descendant except `spare`. Best effort.
    void signal_all(int signal, pid_t spare = 0);

    // One round of SIGSTOP, then SIGKILL, over every descendant except `spare`. Returns how many it killed. Repeat, with
    // reap(), until kEmpty.
    std::uint32_t kill_round(pid_t spare = 0);

private:
    int children_fd_ = -1;
    int spare_fds_[3] = {-1, -1, -1};
};

} // namespace le_run

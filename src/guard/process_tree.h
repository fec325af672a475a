// The processes below this one: signal them all, end them all, prove that none is left.
//
// For a process that is a subreaper: every orphan of the tree becomes its child, so ECHILD from
// waitid(__WALL) is the proof that the tree is empty; no listing of /proc is. Nothing here
// allocates or blocks. One thread of a process uses it, any one (its tables are static), and no
// other thread reaps children meanwhile: what keeps a child's number from meaning another process
// is that it is not reaped yet. SIGCHLD must not be ignored.
//
// PID 1 of a namespace uses kill(-1): all that lives there ends with it anyway, and no fork slips
// through. Elsewhere /proc lists the tree. Where that is missing or shows another PID namespace,
// kill(-1) does it if the parent is PID 1; else only waiting is left.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace le_run::guard {

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
    // fork, by its main thread: orphans become children of that thread.
    // `cgroup_kill_fd`: see own_cgroup.h; the caller's; -1: there is no such cgroup.
    explicit ProcessTree(PidNamespace pid_namespace, int cgroup_kill_fd = -1);
    ~ProcessTree();
    ProcessTree(const ProcessTree&) = delete;
    ProcessTree& operator=(const ProcessTree&) = delete;

    // Reaps one ended child, without blocking. kEmpty: there is no child at all, dead or alive: the
    // tree is gone. kAlive with reaped->pid == 0: some are alive, none has ended.
    State reap(Reaped* reaped);

    // Sends `signal` and SIGCONT to every descendant, in one go. Best effort.
    void signal_all(int signal);

    // A round sends SIGKILL to every descendant, parents first; in a tree that forks all the time
    // SIGSTOP goes before it, so that what is killed later in the round cannot fork meanwhile, nor
    // get the number of what was killed earlier. A round costs some 50 us for each process of the
    // tree and 20 us for each other one of the machine, whatever the shape of the tree.
    // Where the tree has a cgroup of its own, the round begins with cgroup.kill.
    // It comes in parts, each of about a thousand processes (some 50 ms), so that the caller can
    // see to other things in between: call it again at once until the round is over. Repeat
    // rounds, with reap(), until kEmpty.
    struct Part {
        // Sent SIGKILL in this part, kill(-1) counting as one. One that takes long to die counts in
        // each round.
        std::uint32_t killed = 0;
        bool is_round_over = false;
    };
    Part kill_part();
    // A whole round; returns how many were sent SIGKILL.
    std::uint32_t kill_round();

    // How many processes are below this one, zombies included. It reads /proc/PID/stat of every
    // process of the machine, or of this PID namespace, some 20 us each: 0.2 s for ten thousand.
    // A round that was under way begins anew. 0: /proc does not tell.
    std::uint32_t count();

private:
    enum class Step { kBegin, kList, kStop, kKill };

    // kill(-1) of PID 1 reaches all of its namespace.
    bool kills_at_once() const { return pid_namespace_ == PidNamespace::kOurs && self_ == 1; }
    bool can_list() const { return !kills_at_once() && (proc_fd_ >= 0 || children_fd_ >= 0); }
    void list_all();
    std::uint32_t send_to_namespace(int signal) const;
    std::uint32_t send_to_children(int signal) const;
    void enter(Step step);
    bool list_some(std::size_t* most);
    bool has_young_process() const;
    // To those of the table, from next_ on; *most counts down.
    std::uint32_t send_to_listed(int signal, std::size_t* most);
    bool send_to(std::size_t index, int signal);

    PidNamespace pid_namespace_;
    int cgroup_kill_fd_ = -1;
    pid_t self_ = 0;
    long ticks_per_second_ = 0;
    int proc_fd_ = -1;     // /proc, when it is that of our PID namespace
    int children_fd_ = -1; // our own children, as the kernel lists them
    int spare_fds_[2] = {-1, -1};
    Step step_ = Step::kBegin; // of the round under way
    std::size_t next_ = 0;     // in the order of the table, while signals are sent
    bool tree_forks_ = false;  // as the last listing showed it
};

} // namespace le_run::guard

// All processes below this one: signals them, ends them, and proves that none is left.
//
// The process must be a subreaper: then every orphan of the tree becomes its child, and ECHILD from
// waitid(__WALL) proves that the tree is empty. A listing of /proc proves nothing. Nothing here
// allocates or blocks. Only one thread may use it, because its tables are static. No other thread
// may reap children meanwhile: a child's number cannot be reused before it is reaped. SIGCHLD must
// not be ignored.
//
// PID 1 of a namespace uses kill(-1): every process there ends with it anyway, and no fork escapes.
// Elsewhere /proc lists the tree. If /proc is missing or belongs to another PID namespace, kill(-1)
// is used if the parent is PID 1; otherwise le-run can only wait.
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

    // kOurs: le-run or its guard is PID 1 of this PID namespace. So only the tree lives in it, and
    // kill(-1) is allowed. kShared: kill(-1) is never allowed.
    enum class PidNamespace { kShared, kOurs };

    // Opens the descriptors that killing needs (/proc, a listing of own children, spare ones), so
    // that EMFILE cannot stop it later. Construct it in the process at the top of the tree, after
    // its fork, in its main thread: orphans become children of that thread.
    // `cgroup_kill_fd`: see own_cgroup.h; the caller owns it; -1: there is no such cgroup.
    explicit ProcessTree(PidNamespace pid_namespace, int cgroup_kill_fd = -1);
    ~ProcessTree();
    ProcessTree(const ProcessTree&) = delete;
    ProcessTree& operator=(const ProcessTree&) = delete;

    // Reaps one ended child, without blocking. kEmpty: there is no child, dead or alive, so the
    // tree is gone. kAlive with reaped->pid == 0: some are alive, and none has ended.
    State reap(Reaped* reaped);

    // Sends `signal` and SIGCONT to every descendant, in one call. Best effort.
    void signal_all(int signal);

    // A round sends SIGKILL to every descendant, parents first. If the tree forks all the time, the
    // round sends SIGSTOP first, so that processes that are killed later cannot fork meanwhile, nor
    // reuse the number of a process killed earlier. A round takes some 50 us for each process of
    // the tree and 20 us for each other one of the machine, whatever the shape of the tree.
    // If the tree has its own cgroup, the round begins with cgroup.kill.
    // A round comes in parts, each of about a thousand processes (some 50 ms), so that the caller
    // can do other things in between. Call it again at once until the round is over. Repeat rounds,
    // with reap(), until kEmpty.
    struct Part {
        // How many processes got SIGKILL in this part; kill(-1) counts as one. A process that takes
        // long to die counts in each round.
        std::uint32_t killed = 0;
        bool is_round_over = false;
    };
    Part kill_part();
    // A whole round. Returns how many processes got SIGKILL.
    std::uint32_t kill_round();

    // The number of processes below this one, zombies included. Reads /proc/PID/stat of every
    // process of the machine or of this PID namespace, some 20 us each: 0.2 s for ten thousand.
    // A round in progress starts again. 0: /proc does not tell.
    std::uint32_t count();

private:
    enum class Step { kBegin, kList, kStop, kKill };

    // kill(-1) from PID 1 reaches every other process of its namespace.
    bool kills_at_once() const { return pid_namespace_ == PidNamespace::kOurs && self_ == 1; }
    bool can_list() const { return !kills_at_once() && (proc_fd_ >= 0 || children_fd_ >= 0); }
    void list_all();
    std::uint32_t send_to_namespace(int signal) const;
    std::uint32_t send_to_children(int signal) const;
    void enter(Step step);
    bool list_some(std::size_t* most);
    bool has_young_process() const;
    // Sends to the processes in the table, from next_ on; *most counts down.
    std::uint32_t send_to_listed(int signal, std::size_t* most);
    bool send_to(std::size_t index, int signal);

    PidNamespace pid_namespace_;
    int cgroup_kill_fd_ = -1;
    pid_t self_ = 0;
    long ticks_per_second_ = 0;
    int proc_fd_ = -1;     // /proc, if it belongs to our PID namespace
    int children_fd_ = -1; // the kernel's list of our own children
    int spare_fds_[2] = {-1, -1};
    Step step_ = Step::kBegin; // of the current round
    std::size_t next_ = 0;     // the next entry of the table to get a signal
    bool tree_forks_ = false;  // the last listing showed young processes
};

} // namespace le_run::guard

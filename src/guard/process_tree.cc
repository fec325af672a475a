#include "guard/process_tree.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <initializer_list>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/process_table.h"

namespace le_run::guard {
namespace {

constexpr std::size_t kMostPerPart = 1000;
// A tree with a process younger than this counts as one that forks all the time.
constexpr long kYoungSeconds = 1;

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

// Closes the spare descriptors while it lives, so that a limit on open files cannot stop a pass.
class SparesLent {
public:
    explicit SparesLent(int (&spares)[2]) : spares_(spares) {
        for (int& fd : spares_) {
            if (fd >= 0) {
                ::close(fd);
            }
        }
    }
    SparesLent(const SparesLent&) = delete;
    SparesLent& operator=(const SparesLent&) = delete;
    ~SparesLent() {
        for (int& fd : spares_) {
            fd = open_spare();
        }
    }

private:
    int (&spares_)[2];
};

} // namespace

ProcessTree::ProcessTree(PidNamespace pid_namespace, int cgroup_kill_fd)
    : pid_namespace_(pid_namespace), cgroup_kill_fd_(cgroup_kill_fd), self_(::getpid()),
      ticks_per_second_(::sysconf(_SC_CLK_TCK)) {
    const bool can_look = is_own_proc();
    if (can_look) {
        proc_fd_ = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (kills_at_once()) {
        return; // kill(-1) needs no listing
    }
    ProcessTable::touch();
    for (int& fd : spare_fds_) {
        fd = open_spare();
    }
    if (can_look) {
        children_fd_ = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    }
}

ProcessTree::~ProcessTree() {
    for (const int fd : {proc_fd_, children_fd_, spare_fds_[0], spare_fds_[1]}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

ProcessTree::State ProcessTree::reap(Reaped* reaped) {
    *reaped = Reaped{};
    for (;;) {
        // Like waitid(P_ALL, WEXITED | WNOHANG | __WALL), but it gives a wait status. Without
        // __WALL, a living clone child without exit signal would give a false ECHILD.
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, WNOHANG | __WALL);
        if (pid > 0) {
            *reaped = Reaped{pid, status};
            return State::kAlive;
        }
        if (pid == 0) {
            return State::kAlive;
        }
        if (errno == ECHILD) {
            return State::kEmpty;
        }
        if (errno != EINTR) {
            return State::kAlive;
        }
    }
}

void ProcessTree::signal_all(int signal) {
    if (!can_list()) {
        send_to_namespace(signal);
        send_to_namespace(SIGCONT);
        return;
    }
    send_to_children(signal);
    send_to_children(SIGCONT);
    const SparesLent lent(spare_fds_);
    list_all();
    for (std::size_t i = 0; i < ProcessTable::size(); ++i) {
        if (send_to(i, signal)) {
            send_to(i, SIGCONT);
        }
    }
}

ProcessTree::Part ProcessTree::kill_part() {
    if (!can_list()) {
        send_to_namespace(SIGSTOP);
        return {send_to_namespace(SIGKILL), true};
    }
    const SparesLent lent(spare_fds_);
    std::size_t left = kMostPerPart;
    if (step_ == Step::kBegin) {
        if (cgroup_kill_fd_ >= 0) {
            [[maybe_unused]] const auto ignored = ::write(cgroup_kill_fd_, "1", 1);
        }
        if (tree_forks_) { // a fork storm gets no time before the listing
            send_to_children(SIGSTOP);
        }
        ProcessTable::begin(proc_fd_);
        enter(Step::kList);
    }
    if (step_ == Step::kList) {
        if (!list_some(&left)) {
            return {};
        }
        tree_forks_ = has_young_process();
        if (tree_forks_) {
            send_to_children(SIGSTOP);
        }
        enter(tree_forks_ ? Step::kStop : Step::kKill);
    }
    if (step_ == Step::kStop) {
        send_to_listed(SIGSTOP, &left);
        if (left == 0) {
            return {};
        }
        enter(Step::kKill);
    }
    Part part;
    if (next_ == 0) {
        part.killed = send_to_children(SIGKILL);
    }
    part.killed += send_to_listed(SIGKILL, &left);
    part.is_round_over = left > 0;
    if (part.is_round_over) {
        enter(Step::kBegin);
    }
    return part;
}

std::uint32_t ProcessTree::kill_round() {
    std::uint32_t killed = 0;
    for (;;) {
        const Part part = kill_part();
        killed += part.killed;
        if (part.is_round_over) {
            return killed;
        }
    }
}

void ProcessTree::enter(Step step) {
    step_ = step;
    next_ = 0;
}

// False: the listing is not complete yet.
bool ProcessTree::list_some(std::size_t* most) {
    while (*most > 0) {
        const std::size_t before = ProcessTable::read();
        if (!ProcessTable::read_more(proc_fd_, self_)) {
            ProcessTable::find_below(self_);
            return true;
        }
        *most -= std::min(*most, ProcessTable::read() - before);
    }
    return false;
}

// Start times are in ticks of CLOCK_BOOTTIME. The subtraction is right even after an overflow.
bool ProcessTree::has_young_process() const {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    const auto then = static_cast<std::uint32_t>((now.tv_sec - kYoungSeconds) * ticks_per_second_ +
                                                 now.tv_nsec / (1'000'000'000 / ticks_per_second_));
    for (std::size_t i = 0; i < ProcessTable::size(); ++i) {
        if (static_cast<std::int32_t>(ProcessTable::at(i).start - then) >= 0) {
            return true;
        }
    }
    return false;
}

std::uint32_t ProcessTree::count() {
    if (proc_fd_ < 0) {
        return 0;
    }
    const SparesLent lent(spare_fds_);
    list_all();
    return static_cast<std::uint32_t>(ProcessTable::size());
}

void ProcessTree::list_all() {
    step_ = Step::kBegin; // the round's table was overwritten
    ProcessTable::begin(proc_fd_);
    while (ProcessTable::read_more(proc_fd_, self_)) {
    }
    ProcessTable::find_below(self_);
}

// kill(-1) does not reach PID 1 and this process.
std::uint32_t ProcessTree::send_to_namespace(int signal) const {
    return pid_namespace_ == PidNamespace::kOurs && ::kill(-1, signal) == 0 ? 1 : 0;
}

// An ended child stays a zombie until this process reaps it, so its number is not reused.
std::uint32_t ProcessTree::send_to_children(int signal) const {
    if (children_fd_ < 0) {
        return 0;
    }
    std::uint32_t sent = 0;
    off_t offset = 0;
    pid_t pid = 0;      // the end of the buffer may cut a number in two
    char listing[4096]; // the kernel gives no more in one read
    for (;;) {
        const ssize_t size = ::pread(children_fd_, listing, sizeof listing, offset);
        if (size <= 0) {
            break;
        }
        offset += size;
        for (const char* p = listing; p < listing + size; ++p) {
            if (*p >= '0' && *p <= '9') {
                pid = pid * 10 + (*p - '0');
                continue;
            }
            if (pid > 1 && ::kill(pid, signal) == 0) {
                ++sent;
            }
            pid = 0;
        }
    }
    return sent;
}

std::uint32_t ProcessTree::send_to_listed(int signal, std::size_t* most) {
    std::uint32_t sent = 0;
    for (; *most > 0 && next_ < ProcessTable::size(); ++next_, --*most) {
        if (send_to(next_, signal)) {
            ++sent;
        }
    }
    return sent;
}

// Sends to one process of the table, unless it is a child: children got the signal already.
//
// The number in the table may belong to another process by now. A pidfd refers to one process for
// ever, and that process keeps its number until it is reaped. So /proc is read after the pidfd was
// opened: it describes the process of the pidfd, or the signal reaches nobody. The process is ours
// if
// - it is our child now, because its parent died; or
// - it is the listed process (same start time), its parent is still the listed one, and that parent
//   was verified in the same way after the listing. (A process never gets a parent that began later
//   than itself, so the same parent number means the same parent.)
// Any other process is left to the next round.
bool ProcessTree::send_to(std::size_t index, int signal) {
    ProcessTable::Entry& entry = ProcessTable::at(index);
    const bool is_done = entry.parent == self_ && children_fd_ >= 0;
    if (is_done && entry.first_child == ProcessTable::kNone) {
        return false; // the parent was not verified
    }
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, entry.pid, 0));
    if (process < 0) {
        return false;
    }
    ProcessStat now;
    bool sent = false;
    if (read_stat(proc_fd_, entry.pid, &now)) {
        const bool is_listed = now.start == entry.start && now.parent == entry.parent &&
                               entry.parent_at != ProcessTable::kNone &&
                               ProcessTable::entry(entry.parent_at).is_verified;
        const bool is_ours = now.parent == self_ || is_listed;
        entry.is_verified = entry.is_verified || (is_ours && now.start == entry.start);
        sent = is_ours && !is_done && !now.is_dead &&
               ::syscall(SYS_pidfd_send_signal, process, signal, nullptr, 0) == 0;
    }
    ::close(process);
    return sent;
}

} // namespace le_run::guard

#include "guard/process_tree.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace le_run {
namespace {

// Static, so that the kill path needs no memory. A machine with more processes is handled all the
// same: what does not fit is found in a later round, at the latest when it has become our own
// child.
constexpr std::size_t kMostProcesses = 8192;
enum class Kin : std::uint8_t { kUnknown, kOurs, kForeign };
struct Table {
    pid_t pid[kMostProcesses];
    pid_t parent[kMostProcesses];
    Kin kin[kMostProcesses];
    char listing[16384];
};
Table table;

struct DirectoryEntry { // struct linux_dirent64; name follows the fixed part
    std::uint64_t inode;
    std::int64_t offset;
    unsigned short length;
    unsigned char type;
};
constexpr std::size_t kNameOffset = 19;

int open_spare() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

// Frees the slots of the spare descriptors while it lives, so that a limit on open files cannot
// stop a pass.
class SparesLent {
public:
    explicit SparesLent(int (&spares)[2]) : spares_(spares) {
        for (int& fd : spares_)
            if (fd >= 0)
                ::close(fd);
    }
    SparesLent(const SparesLent&) = delete;
    SparesLent& operator=(const SparesLent&) = delete;
    ~SparesLent() {
        for (int& fd : spares_)
            fd = open_spare();
    }

private:
    int (&spares_)[2];
};

// Writes "<pid>/stat" into `path`, which holds 32 characters.
void stat_path(pid_t pid, char* path) {
    char* end = std::to_chars(path, path + 16, pid).ptr;
    std::memcpy(end, "/stat", 6);
}

// The parent in a line of /proc/PID/stat: "pid (name) state ppid ..."; the name may hold anything,
// also ')'.
pid_t parse_parent(const char* line, std::size_t size) {
    const char* end = line + size;
    const char* p = end;
    while (p > line && p[-1] != ')')
        --p;
    if (p == line || end - p < 4)
        return -1;
    pid_t parent = -1;
    std::from_chars(p + 3, end, parent);
    return parent;
}

Kin* kin_of(pid_t pid, std::size_t count) {
    const pid_t* found = std::lower_bound(table.pid, table.pid + count, pid);
    if (found == table.pid + count || *found != pid)
        return nullptr;
    return &table.kin[found - table.pid];
}

// Whether the process at `index` is below `self`, which is not in the table itself. All on the way
// up learn the same.
Kin find_kin(std::size_t index, std::size_t count, pid_t self) {
    Kin kin = Kin::kForeign;
    std::size_t at = index;
    for (std::size_t steps = 0; steps < count;
         ++steps) { // numbers reused during the listing may form a ring
        if (table.kin[at] != Kin::kUnknown || table.parent[at] == self) {
            kin = table.parent[at] == self ? Kin::kOurs : table.kin[at];
            break;
        }
        const Kin* parent = kin_of(table.parent[at], count);
        if (parent == nullptr)
            break;
        at = static_cast<std::size_t>(parent - table.kin);
    }
    for (at = index; table.kin[at] == Kin::kUnknown;) {
        table.kin[at] = kin;
        const Kin* parent = kin_of(table.parent[at], count);
        if (parent == nullptr)
            break;
        at = static_cast<std::size_t>(parent - table.kin);
    }
    return kin;
}

} // namespace

ProcessTree::ProcessTree(PidNamespace pid_namespace)
    : pid_namespace_(pid_namespace), self_(::getpid()) {
    if (pid_namespace_ == PidNamespace::kOurs && self_ == 1)
        return;                           // kill(-1) needs none of all that
    std::memset(&table, 0, sizeof table); // its pages are ours from now on
    for (int& fd : spare_fds_)
        fd = open_spare();
    char self[16] = {};
    const ssize_t size = ::readlink("/proc/self", self, sizeof self);
    pid_t seen = -1;
    if (size > 0)
        std::from_chars(self, self + size, seen);
    if (seen != self_)
        return;
    proc_fd_ = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    children_fd_ = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
}

ProcessTree::~ProcessTree() {
    for (const int fd : {proc_fd_, children_fd_, spare_fds_[0], spare_fds_[1]})
        if (fd >= 0)
            ::close(fd);
}

ProcessTree::State ProcessTree::reap(Reaped* reaped) {
    *reaped = Reaped{};
    for (;;) {
        // waitid(P_ALL, WEXITED | WNOHANG | __WALL) in the form that gives a wait status. Without
        // __WALL a living clone child without exit signal would give a false ECHILD.
        int status = 0;
        const pid_t pid = ::waitpid(-1, &status, WNOHANG | __WALL);
        if (pid > 0) {
            *reaped = Reaped{pid, status};
            return State::kAlive;
        }
        if (pid == 0)
            return State::kAlive;
        if (errno == ECHILD)
            return State::kEmpty;
        if (errno != EINTR)
            return State::kAlive;
    }
}

void ProcessTree::signal_all(int signal) {
    send_to_all(signal);
    send_to_all(SIGCONT);
}

std::uint32_t ProcessTree::kill_round() {
    // Stopped first, so that what is killed later in the round cannot fork meanwhile.
    send_to_all(SIGSTOP);
    return send_to_all(SIGKILL);
}

std::uint32_t ProcessTree::send_to_all(int signal) {
    if (proc_fd_ < 0 && children_fd_ < 0) {
        // -1 spares PID 1 and this process.
        return pid_namespace_ == PidNamespace::kOurs && ::kill(-1, signal) == 0 ? 1 : 0;
    }
    const std::uint32_t children = send_to_children(signal);
    return children + send_to_deeper(signal);
}

// Own children are zombies until this process reaps them, so their numbers cannot mean another
// process.
std::uint32_t ProcessTree::send_to_children(int signal) {
    if (children_fd_ < 0)
        return 0;
    std::uint32_t sent = 0;
    off_t offset = 0;
    pid_t pid = 0; // may be cut in two by the end of the buffer
    for (;;) {
        const ssize_t size = ::pread(children_fd_, table.listing, sizeof table.listing, offset);
        if (size <= 0)
            break;
        offset += size;
        for (const char* p = table.listing; p < table.listing + size; ++p) {
            if (*p >= '0' && *p <= '9') {
                pid = pid * 10 + (*p - '0');
                continue;
            }
            if (pid > 1 && ::kill(pid, signal) == 0)
                ++sent;
            pid = 0;
        }
    }
    return sent;
}

std::uint32_t ProcessTree::send_to_deeper(int signal) {
    if (proc_fd_ < 0)
        return 0;
    const SparesLent lent(spare_fds_);
    const std::size_t count = list_processes();
    std::uint32_t sent = 0;
    for (std::size_t i = 0; i < count; ++i) {
        if (find_kin(i, count, self_) != Kin::kOurs)
            continue;
        if (table.parent[i] == self_) {
            // Done through the listing of children where the kernel has one.
            if (children_fd_ < 0 && ::kill(table.pid[i], signal) == 0)
                ++sent;
        } else if (send_safely(table.pid[i], signal)) {
            ++sent;
        }
    }
    return sent;
}

// Fills the table with all processes, in the order of their numbers, as /proc lists them.
std::size_t ProcessTree::list_processes() {
    std::size_t count = 0;
    ::lseek(proc_fd_, 0, SEEK_SET);
    while (count < kMostProcesses) {
        const long size = ::syscall(SYS_getdents64, proc_fd_, table.listing, sizeof table.listing);
        if (size <= 0)
            break;
        for (long at = 0; at < size && count < kMostProcesses;) {
            DirectoryEntry entry;
            std::memcpy(&entry, table.listing + at, kNameOffset);
            const char* name = table.listing + at + kNameOffset;
            at += entry.length;
            pid_t pid = 0;
            if (std::from_chars(name, name + 10, pid).ec != std::errc() || pid <= 0 || pid == self_)
                continue;
            if (count > 0 && pid <= table.pid[count - 1]) // the search needs the order
                continue;
            table.pid[count++] = pid;
        }
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const pid_t parent = parent_of(table.pid[i]);
        if (parent < 0)
            continue;
        table.pid[kept] = table.pid[i];
        table.parent[kept] = parent;
        table.kin[kept++] = Kin::kUnknown;
    }
    return kept;
}

pid_t ProcessTree::parent_of(pid_t pid) {
    char path[32];
    stat_path(pid, path);
    const int file = ::openat(proc_fd_, path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    char line[512];
    const ssize_t size = ::read(file, line, sizeof line);
    ::close(file);
    return size <= 0 ? -1 : parse_parent(line, static_cast<std::size_t>(size));
}

bool ProcessTree::is_below_us(pid_t pid) {
    for (std::size_t steps = 0; pid > 1 && steps < kMostProcesses; ++steps) {
        pid = parent_of(pid);
        if (pid == self_)
            return true;
    }
    return false;
}

// A deeper descendant may have been reaped, and its number be another's: the pidfd holds one
// process, and only if the number leads up to us after that is it the one meant.
bool ProcessTree::send_safely(pid_t pid, int signal) {
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    if (process < 0)
        return false;
    const bool sent =
        is_below_us(pid) && ::syscall(SYS_pidfd_send_signal, process, signal, nullptr, 0) == 0;
    ::close(process);
    return sent;
}

} // namespace le_run

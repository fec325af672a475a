#include "guard/process_table.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace le_run::guard {
namespace {

constexpr std::size_t kTouched = 8192;
constexpr unsigned long kExiting = 0x4; // PF_EXITING of the kernel's task flags

ProcessTable::Entry entries[ProcessTable::kMost]; // in the order of their numbers, as in /proc
std::uint16_t order[ProcessTable::kMost];
std::size_t entry_count = 0;
std::size_t below_count = 0;
char listing[16384];

struct DirectoryEntry { // struct linux_dirent64; name follows the fixed part
    std::uint64_t inode;
    std::int64_t offset;
    unsigned short length;
    unsigned char type;
};
constexpr std::size_t kNameOffset = 19;

// Writes "<pid>/stat" into `path`, which holds 32 characters.
void stat_path(pid_t pid, char* path) {
    char* end = std::to_chars(path, path + 16, pid).ptr;
    std::memcpy(end, "/stat", 6);
}

// A line of /proc/PID/stat: "pid (name) state ppid ..."; the name may hold anything, also ')'.
bool parse_stat(const char* line, std::size_t size, ProcessStat* stat) {
    const char* end = line + size;
    const char* p = end;
    while (p > line && p[-1] != ')') {
        --p;
    }
    if (p == line || end - p < 4) {
        return false;
    }
    const char state = p[1];
    p += 2;
    // Field numbers as in proc(5): ppid is 4.
    std::uint64_t flags = 0, threads = 0, start = 0;
    std::int64_t parent = -1;
    for (int field = 4; field <= 22; ++field) {
        while (p < end && *p == ' ') {
            ++p;
        }
        if (field == 4) {
            std::from_chars(p, end, parent);
        } else if (field == 9) {
            std::from_chars(p, end, flags);
        } else if (field == 20) {
            std::from_chars(p, end, threads);
        } else if (field == 22) {
            std::from_chars(p, end, start);
        }
        p = std::find(p, end, ' ');
    }
    stat->parent = static_cast<pid_t>(parent);
    stat->start = static_cast<std::uint32_t>(start);
    // If only the main thread has ended, other threads may still live.
    stat->is_dead = (state == 'Z' || state == 'X' || (flags & kExiting) != 0) && threads <= 1;
    return parent >= 0;
}

// The place of a process in the table; kNone: it is not there.
std::uint16_t place_of(pid_t pid) {
    ProcessTable::Entry* const end = entries + entry_count;
    ProcessTable::Entry* const found =
        std::lower_bound(entries, end, pid, [](const ProcessTable::Entry& entry, pid_t number) {
            return entry.pid < number;
        });
    return found == end || found->pid != pid ? ProcessTable::kNone
                                             : static_cast<std::uint16_t>(found - entries);
}

} // namespace

bool is_own_proc() {
    char self[16] = {};
    const ssize_t size = ::readlink("/proc/self", self, sizeof self);
    pid_t seen = -1;
    if (size > 0) {
        std::from_chars(self, self + size, seen);
    }
    return seen == ::getpid();
}

bool read_stat(int proc_fd, pid_t pid, ProcessStat* stat) {
    char path[32];
    stat_path(pid, path);
    const int file = ::openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    char line[1024];
    const ssize_t size = ::read(file, line, sizeof line);
    ::close(file);
    return size > 0 && parse_stat(line, static_cast<std::size_t>(size), stat);
}

void ProcessTable::touch() {
    std::memset(entries, 0, kTouched * sizeof(Entry));
    std::memset(order, 0, kTouched * sizeof order[0]);
    std::memset(listing, 0, sizeof listing);
}

void ProcessTable::begin(int proc_fd) {
    ::lseek(proc_fd, 0, SEEK_SET);
    entry_count = 0;
    below_count = 0;
}

bool ProcessTable::read_more(int proc_fd, pid_t self) {
    const long size = ::syscall(SYS_getdents64, proc_fd, listing, sizeof listing);
    for (long at = 0; at < size;) {
        DirectoryEntry entry;
        std::memcpy(&entry, listing + at, kNameOffset);
        const char* name = listing + at + kNameOffset;
        at += entry.length;
        pid_t pid = 0;
        if (std::from_chars(name, name + 10, pid).ec != std::errc() || pid <= 0 || pid == self) {
            continue;
        }
        if (entry_count > 0 && pid <= entries[entry_count - 1].pid) { // place_of() needs the order
            continue;
        }
        if (entry_count == kMost) {
            return false;
        }
        ProcessStat stat;
        if (read_stat(proc_fd, pid, &stat)) {
            entries[entry_count++] = {pid, stat.parent, stat.start, kNone, kNone, kNone, false};
        }
    }
    return size > 0;
}

// Numbers that are reused during the listing may form a ring. The search never gets into it: each
// process has one parent, so no process below `self` leads into a ring.
void ProcessTable::find_below(pid_t self) {
    std::uint16_t first = kNone;
    for (std::size_t i = entry_count; i-- > 0;) {
        Entry& entry = entries[i];
        std::uint16_t* list = &first;
        if (entry.parent != self) {
            entry.parent_at = place_of(entry.parent);
            if (entry.parent_at == kNone) {
                continue;
            }
            list = &entries[entry.parent_at].first_child;
        }
        entry.next_sibling = *list;
        *list = static_cast<std::uint16_t>(i);
    }
    below_count = 0;
    for (std::size_t done = 0;; ++done) {
        for (std::uint16_t child = first; child != kNone; child = entries[child].next_sibling) {
            order[below_count++] = child;
        }
        if (done == below_count) {
            return;
        }
        first = entries[order[done]].first_child;
    }
}

std::size_t ProcessTable::read() { return entry_count; }
std::size_t ProcessTable::size() { return below_count; }
ProcessTable::Entry& ProcessTable::at(std::size_t index) { return entries[order[index]]; }
ProcessTable::Entry& ProcessTable::entry(std::uint16_t place) { return entries[place]; }

} // namespace le_run::guard

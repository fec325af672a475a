// One look at all processes of the machine, or of this PID namespace, and who of them is below a
// given one. Everything is linear in the number of processes, whatever the shape of their trees.
//
// Its memory is static, because killing must not need any: one table for a process.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace le_run::guard {

// Whether /proc numbers processes as this process does: it may be that of another PID namespace.
bool is_own_proc();

struct ProcessStat { // of /proc/PID/stat
    pid_t parent = 0;
    std::uint32_t start = 0; // when it began, in clock ticks; with the number it names one process
    bool is_dead = false;    // nothing of it can take a signal any more
};

// Reads it below `proc_fd`, which is /proc. False: there is no such process.
bool read_stat(int proc_fd, pid_t pid, ProcessStat* stat);

class ProcessTable {
public:
    static constexpr std::uint16_t kNone = 0xffff;
    // A machine with more processes is handled all the same: what does not fit is found in a later
    // look, at the latest when it has become the reader's own child.
    static constexpr std::size_t kMost = kNone;

    struct Entry {
        pid_t pid;
        pid_t parent;
        std::uint32_t start;
        std::uint16_t
            parent_at; // with is_ours: the parent's entry; kNone: the root, which has none
        std::uint16_t first_child;
        std::uint16_t next_sibling;
        bool is_verified; // for the user of the table
    };

    // Makes its first pages ours, so that they cannot be missing later. Those of a machine with
    // more than 8,192 processes are asked of the kernel when they are needed: should memory be
    // short then, the kernel ends whoever has most of it, which is the tree.
    static void touch();

    // Begins a new look.
    static void begin(int proc_fd);
    // Reads the next processes, some hundreds of them, but for `self`. False: that was all.
    static bool read_more(int proc_fd, pid_t self);
    static std::size_t read(); // so many so far
    // When all are read: finds those below `self`.
    static void find_below(pid_t self);

    // Those that find_below() found, parents before their children.
    static std::size_t size();
    static Entry& at(std::size_t index);
    // A parent's entry, by its children's parent_at.
    static Entry& entry(std::uint16_t place);
};

} // namespace le_run::guard

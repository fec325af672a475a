// A listing of all processes of the machine, or of this PID namespace, and of those below a given
// process. The cost is linear in the number of processes, whatever the shape of their trees.
//
// The memory is static, because killing must not allocate any: a process has one table.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace le_run::guard {

// Whether /proc belongs to this process's PID namespace, so that its process numbers are ours.
bool is_own_proc();

struct ProcessStat { // from /proc/PID/stat
    pid_t parent = 0;
    std::uint32_t start = 0; // start time in clock ticks; pid and start identify one process
    bool is_dead = false;    // no thread of it can get a signal any more
};

// Reads it from `proc_fd`, which is /proc. False: there is no such process.
bool read_stat(int proc_fd, pid_t pid, ProcessStat* stat);

class ProcessTable {
public:
    static constexpr std::uint16_t kNone = 0xffff;
    // A machine may have more processes. Those that do not fit are found by a later listing, at the
    // latest when they have become the reader's own children.
    static constexpr std::size_t kMost = kNone;

    struct Entry {
        pid_t pid;
        pid_t parent;
        std::uint32_t start;
        std::uint16_t
            parent_at; // the parent's entry; kNone: the parent is the reader, or is not listed
        std::uint16_t first_child;
        std::uint16_t next_sibling;
        bool is_verified; // ProcessTree sets it
    };

    // Writes to the first pages of the table, so that the kernel gives them memory now. The pages
    // for more than 8,192 processes get memory when they are needed. If memory is short then, the
    // kernel ends the process with the most of it, which is in the tree.
    static void touch();

    // Begins a new listing.
    static void begin(int proc_fd);
    // Reads some hundreds of processes more, without `self`. False: that was all.
    static bool read_more(int proc_fd, pid_t self);
    static std::size_t read(); // how many were read so far
    // Call it when all are read: finds the processes below `self`.
    static void find_below(pid_t self);

    // The processes that find_below() found, parents before their children.
    static std::size_t size();
    static Entry& at(std::size_t index);
    // The entry at a parent_at.
    static Entry& entry(std::uint16_t place);
};

} // namespace le_run::guard

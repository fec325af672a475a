// The terminal on standard input, which le-run lends to the child. le-run does both halves: inside
// a PID namespace the guard could not name le-run's process group.
#pragma once

#include <sys/types.h>

namespace le_run::process {

class Terminal {
public:
    // Whether le-run's group has the terminal, so that the child's group may take it.
    bool lend();
    // The tree is gone: le-run's group has the terminal again, if it was lent and nobody living has
    // it. SIGTTOU must be blocked.
    void take_back();

    // Whether the child, whose group has the terminal, is stopped (Ctrl-Z). le-run cannot stop with
    // it, for it renews the lease, so the terminal comes back to le-run's group and Ctrl-C to
    // le-run. True once.
    bool take_from_stopped(pid_t child);
    // Before a stopped child is continued: it has the terminal again.
    void give_back();

private:
    bool is_lent_ = false;
    pid_t stopped_ = 0; // the child that the terminal was taken from
};

} // namespace le_run::process

// The terminal on standard input, which le-run lends to the child and takes back. The guard cannot
// do that: inside a PID namespace it has no number for le-run's process group.
#pragma once

#include <sys/types.h>

namespace le_run::process {

class Terminal {
public:
    // Whether le-run's group has the terminal, so that the child's group may take it.
    bool lend();
    // The tree is gone: gives the terminal back to le-run's group, if it was lent and no living
    // group has it. SIGTTOU must be blocked.
    void take_back();

    // Whether the child has the terminal and is stopped (Ctrl-Z). le-run must go on renewing and
    // cannot stop as well. So le-run's group takes the terminal, and Ctrl-C goes to le-run. True
    // once.
    bool take_from_stopped(pid_t child);
    // Call it before a stopped child is continued: gives the terminal to the child again.
    void give_back();

private:
    bool is_lent_ = false;
    pid_t stopped_ = 0; // the child that the terminal was taken from
};

} // namespace le_run::process

// The terminal on standard input, which le-run lends to the child. le-run does both halves: inside
// a PID namespace the guard could not name le-run's process group.
#pragma once

namespace le_run {

class Terminal {
public:
    // Whether le-run's group has the terminal, so that the child's group may take it.
    bool lend();
    // The tree is gone: le-run's group has the terminal again, if it was lent and nobody living has
    // it. SIGTTOU must be blocked.
    void take_back();

private:
    bool is_lent_ = false;
};

} // namespace le_run

// The guard's own log lines on standard error, for when le-run is frozen or dead.
//
// GuardLog never waits for a reader and allocates nothing. It writes to a pipe or socket at once,
// and drops a line that does not fit. Anything else may block (a file on an unreachable server, a
// stopped terminal), and killing must not wait for a log: there it writes when the tree is gone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sys/types.h>

#include "base/time_point.h"
#include "guard/guard.h"

namespace le_run::guard {

class GuardLog {
public:
    GuardLog(LogForm form, pid_t le_run);
    ~GuardLog();
    GuardLog(const GuardLog&) = delete;
    GuardLog& operator=(const GuardLog&) = delete;

    // What the guard did to the child: asked it to stop, sent SIGKILL, or ended its whole tree.
    enum class Tree { kAsked, kKilled, kGone };
    // `kill_in`: from now until SIGKILL to the whole tree, for kAsked.
    void le_run_is_silent(Duration silence, Tree tree, Duration kill_in);
    void le_run_has_died(Duration kill_in);
    // The tree is gone, and the guard ends le-run now.
    void le_run_is_ended(Duration silence);

    // The tree is gone: writes the lines that were kept.
    void tree_is_gone();

private:
    void write(const char* event, const char* message);
    void splice_to_pipe(const char* line, std::size_t size);

    LogForm form_;
    pid_t le_run_;
    mode_t kind_ = 0;        // of standard error
    int pipe_[2] = {-1, -1}; // if standard error is a pipe, a line goes through this one first
    std::array<char, 2048> kept_{};
    std::size_t kept_size_ = 0;
};

} // namespace le_run::guard

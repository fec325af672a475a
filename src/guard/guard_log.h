// What the guard itself writes to standard error: le-run, whose log that is, may be frozen or dead.
//
// It never waits for a reader and allocates nothing. To a pipe or socket it writes at once, and
// what does not fit is dropped. Anything else may block (a file on a server that is away, a stopped
// terminal): there it writes when the tree is gone, because killing must not wait for a log.
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

    // What becomes of the child while le-run is silent or dead.
    enum class Tree { kAsked, kKilled, kGone };
    // `kill_in`: from now until SIGKILL to the whole tree, for kAsked.
    void le_run_is_silent(Duration silence, Tree tree, Duration kill_in);
    void le_run_has_died(Duration kill_in);
    // Its tree is gone, and it is ended now.
    void le_run_is_ended(Duration silence);

    // The tree is gone: what was kept is written.
    void tree_is_gone();

private:
    void write(const char* event, const char* message);
    void splice_to_pipe(const char* line, std::size_t size);

    LogForm form_;
    pid_t le_run_;
    mode_t kind_ = 0;        // of standard error
    int pipe_[2] = {-1, -1}; // a line passes through it where standard error is a pipe
    std::array<char, 2048> kept_{};
    std::size_t kept_size_ = 0;
};

} // namespace le_run::guard

// Starts the child as a plain exec would start it, and learns later whether the exec worked.
//
// start() returns right after the fork, however slow the program's file system is: Boost.Process is
// used without its error pipe (ignore_error), and the child execs by itself, last in the exec-setup
// hook. What became of it comes as (stage, errno) over a close-on-exec pipe of our own, which the
// guard polls beside its deadlines.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/time_point.h"
#include "guard/capabilities.h"
#include "guard/channel.h"
#include "guard/guard.h"
#include "process/execute.h"
#include "process/start_folder.h"

namespace le_run::guard {

// What the guard knows about itself and le-run, and the child needs.
struct SpawnSurroundings {
    pid_t guard = 0;
    pid_t le_run = 0;
    int nice = 0;              // as le-run received it
    Capabilities capabilities; // le-run's: in a user namespace of its own the guard has all
    bool may_kill_any = false; // le-run has CAP_KILL
    int cgroup_kill_fd = -1;   // as OwnCgroup has them
    int cgroup_join_fd = -1;
};

class Spawner {
public:
    enum class Outcome { kPending, kExecuted, kFailed, kTooLate, kDied };
    struct Report {
        Outcome outcome = Outcome::kPending;
        SpawnStage stage = SpawnStage::kExec; // with kFailed
        int error = 0;                        // with kFailed
    };

    // `setup` must live as long as the Spawner. The present working directory becomes the child's.
    Spawner(const GuardSetup& setup, const SpawnSurroundings& surroundings);
    ~Spawner();
    Spawner(const Spawner&) = delete;
    Spawner& operator=(const Spawner&) = delete;

    // Forks the child; its pid, or -1 and *report says why.
    pid_t start(const Start& start, Report* report);
    // For another process that needs it, between fork and exec.
    const process::StartFolder& folder() const { return folder_; }
    // To be polled for reading while the outcome is pending; -1 when none is.
    int report_fd() const { return pipe_read_; }
    // Does not block. `child` is not reaped yet. kDied: it ended before its exec was done.
    Report read_report(pid_t child);

private:
    struct Hook;

    void build_environment(const Start& start);
    [[noreturn]] void become_the_child() const;
    void report(std::int32_t stage, int error) const;
    void take_over_pid_variables();
    void name_own_pid() const;

    const GuardSetup& setup_;
    const SpawnSurroundings surroundings_;
    const process::Program program_;
    process::StartFolder folder_;
    std::vector<char*> envp_;
    std::vector<std::string> inherited_; // setup_'s environment, with room for the child's pid
    std::vector<char*> pid_digits_;      // in inherited_, where the child writes its own pid
    Start start_{};
    int pipe_read_ = -1;
    int pipe_write_ = -1;
    std::int32_t last_stage_ = 0;
    int last_error_ = 0;
};

} // namespace le_run::guard

// Starts the child as a plain exec would start it, and learns later whether the exec worked.
//
// start() returns right after the fork, even if the program's file system is slow. So Boost.Process
// runs without its error pipe (ignore_error), and the child execs at the end of the exec-setup
// hook. The result comes as (stage, errno) over our own close-on-exec pipe, which the guard polls.
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

// What the child needs to know about the guard and le-run.
struct SpawnSurroundings {
    pid_t guard = 0;
    pid_t le_run = 0;
    int nice = 0;              // le-run's nice value at its start
    Capabilities capabilities; // le-run's; in its own user namespace the guard has all
    bool may_kill_any = false; // the guard has CAP_KILL
    int cgroup_kill_fd = -1;   // from OwnCgroup
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

    // `setup` must live as long as the Spawner. The current working directory becomes the child's.
    Spawner(const GuardSetup& setup, const SpawnSurroundings& surroundings);
    ~Spawner();
    Spawner(const Spawner&) = delete;
    Spawner& operator=(const Spawner&) = delete;

    // Forks the child. Returns its pid, or -1 with the reason in *report.
    pid_t start(const Start& start, Report* report);
    // le-run's start folder, for another process that must enter it after a fork.
    const process::StartFolder& folder() const { return folder_; }
    // Poll it for reading while an outcome is pending; -1: none is pending.
    int report_fd() const { return pipe_read_; }
    // Does not block. `child` must not be reaped yet. kDied: it ended before its exec was done.
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
    std::vector<char*> pid_digits_;      // the places in inherited_ where the child writes its pid
    Start start_{};
    int pipe_read_ = -1;
    int pipe_write_ = -1;
    std::int32_t last_stage_ = 0;
    int last_error_ = 0;
};

} // namespace le_run::guard

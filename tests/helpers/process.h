// Starts a program and makes sure that it ends: with the test process (PDEATHSIG), with its Process
// object, and with it everything that it started.
//
// Use it from the main thread only: PDEATHSIG follows the thread that forked.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "helpers/scratch_folder.h"
#include "helpers/wait_until.h"

namespace le_run::test {

using Environment = std::vector<std::pair<std::string, std::string>>;

struct Command {
    std::vector<std::string> argv{};         // argv[0] is searched in PATH
    Environment environment{};               // added to, or replacing, the inherited one
    bool inherit_environment = true;         // false: `environment` is all there is
    std::string standard_input{};            // what the program reads, then end of file
    std::string folder{};                    // working directory; empty: the test's
    bool signals_ignored_like_nohup = false; // SIGHUP ignored before exec
    bool is_pid_one = false;                 // of a new PID namespace; /proc stays the test's
};

// The le-run under test: the one built with the tests, or another that TEST_LE_RUN names (a static
// one, an installed one).
std::string le_run_binary();

class Process {
public:
    // Starts it; throws std::system_error when fork or exec fails. The test process becomes a
    // subreaper, so that orphans can be found and ended.
    explicit Process(const Command& command);
    // SIGKILLs the program and its whole tree, and reaps it.
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    pid_t pid() const { return pid_; }
    // Does nothing once it has been reaped, so that a reused pid is never hit.
    void signal(int number);
    // The exit code, or 128 + n when signal n ended it; empty when it still runs after `patience`.
    std::optional<int> wait(std::chrono::milliseconds patience = kPatience);
    bool runs();

    // Everything written so far.
    std::string out() const { return read_file(scratch_.file("out")); }
    std::string err() const { return read_file(scratch_.file("err")); }

private:
    bool reap();

    ScratchFolder scratch_;
    pid_t pid_ = -1;
    std::optional<int> code_;
};

// Direct children of a process, and all below it, as /proc shows them now.
std::vector<pid_t> children_of(pid_t pid);
std::vector<pid_t> descendants_of(pid_t pid);

// Whether a process of this pid exists and is not a zombie.
bool is_alive(pid_t pid);
// The state letter of /proc/PID/stat ('T' when stopped, 'Z' for a zombie); 0 when there is none.
char state_of(pid_t pid);

// Children of the test process that are no Process objects: it adopted them.
std::vector<pid_t> adopted_orphans();
// SIGKILLs and reaps them and all below them until none is left, but for `spared` and what is below
// those.
void end_orphans(const std::set<pid_t>& spared = {});
// Collects zombies that the test process adopted; needed before is_alive is asked about orphans.
void reap_orphans();

} // namespace le_run::test

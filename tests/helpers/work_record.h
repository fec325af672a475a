// What the workers of all replicas wrote down (helpers/worker.cc), and the judgement over it: did
// two ever live at once?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace le_run::test {

struct WorkEvent {
    std::int64_t boot_ns = 0; // CLOCK_BOOTTIME
    std::int64_t mono_ns = 0; // CLOCK_MONOTONIC
    std::int64_t real_ns = 0; // CLOCK_REALTIME, to compare with a server's log on this machine
    pid_t pid = 0;
    std::string replica;
    std::string role;                  // "worker" or "daemon"
    std::string what;                  // "start", "tick", "signal", "overlap", "end"
    int signal = 0;                    // of a "signal"
    std::string token, identity, lock; // of a "start": what le-run told
};

// One process from its first to its last line.
struct WorkLife {
    std::string replica;
    std::string role;
    pid_t pid = 0;
    std::string token, identity, lock;
    WorkEvent first, last;
    std::vector<int> signals{}; // in the order received, without SIGCHLD
    std::vector<int> asked{};   // the same without SIGCONT, which goes with each stop signal
    bool ended_itself = false;  // its last line is "end"; else something killed it
    bool found_another = false; // when it began, some process of another work held the lock
};

class WorkRecord {
public:
    // Reads what is there now; a missing file is an empty record.
    explicit WorkRecord(const std::string& path);

    const std::vector<WorkLife>& lives() const& { return lives_; } // by their first line
    const std::vector<WorkLife>& lives() const&& = delete;
    std::vector<WorkLife> lives_of(const std::string& replica,
                                   const std::string& role = "worker") const;
    // The newest life of that replica's workers; pid 0 when there was none.
    WorkLife newest(const std::string& replica, const std::string& role = "worker") const;
    int starts(const std::string& replica) const {
        return static_cast<int>(lives_of(replica).size());
    }

    // Empty when no two processes of different acquisitions (replica and token) lived at one
    // instant by their own lines or by their locks; else one sentence that says which did.
    std::string overlap() const;
    // Empty when the tokens of the workers grow strictly, as decimal numbers, in the order of their
    // starts; else why not.
    std::string token_disorder() const;

private:
    std::vector<WorkLife> lives_;
};

} // namespace le_run::test

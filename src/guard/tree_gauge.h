// How long killing the tree would take on this machine: pure; the guard loop counts for it.
//
// A count reads every process of the machine, so it is made only where the answer can have changed:
// the kernel's newest process number shows for next to nothing whether any process began. What a
// count costs for each process measures the machine; from that follows what killing costs.
//
//   - Nothing forks: no count, unless a big tree may have shrunk.
//   - Something forks: the counts take less than a thousandth of a CPU.
//   - So many began that the tree may have doubled: it is counted within a second. The estimate has
//     a safety of two, so until then it still holds; and each such count costs a small part of what
//     the forks did.
#pragma once

#include <cstdint>
#include <optional>

#include <sys/types.h>

#include "base/time_point.h"
#include "guard/channel.h"

namespace le_run::guard {

class TreeGauge {
public:
    struct Count {
        std::uint32_t processes = 0; // of the tree
        std::uint32_t read = 0;      // of the machine
        Duration cost{};             // CPU time
    };

    static constexpr Duration kBetweenCounts = std::chrono::seconds(1);
    static constexpr Duration kBetweenRareCounts = std::chrono::seconds(5);
    static constexpr Duration kBetweenShrinkCounts = std::chrono::seconds(10);
    static constexpr int kShareOfCpu = 1000;       // a count each 1000 times what it costs
    static constexpr std::uint32_t kFewForks = 64; // a small tree may double as it likes
    // Killing a process costs so many times what counting it does (measured with 1,000 to 10,000
    // processes on two cores), and may cost twice that.
    static constexpr int kKillsPerCount = 10;
    static constexpr int kSafety = 2;
    static constexpr int kRounds = 4; // each looks at every process of the machine
    // Below this nothing is said; above it what has changed by a fifth is.
    static constexpr Duration kMost = std::chrono::hours(1);
    static constexpr Duration kNotable = std::chrono::milliseconds(500);

    // A new run, whose tree is small.
    void begin(TimePoint now, RunNumber run, pid_t newest);
    // `newest`: the number of the process that began last.
    bool is_due(TimePoint now, pid_t newest) const;
    void counted(TimePoint now, pid_t newest, const Count& count);
    // What le-run does not know yet.
    std::optional<TreeSize> news() const;
    void told(const TreeSize& size) { told_ = size; }

private:
    std::uint32_t begun_since(pid_t newest) const;

    TreeSize size_{}; // as counted last
    TreeSize told_{};
    TimePoint counted_at_{};
    Duration cost_{};
    pid_t newest_ = 0;
};

} // namespace le_run::guard

// Estimates how long killing the tree would take on this machine. Pure: the guard loop counts for
// it.
//
// A count reads every process of the machine, so it is made only if the result may have changed.
// The kernel's newest process number tells cheaply whether any process began. The cost of a count
// shows how fast the machine is, and so what killing costs.
//
//   - Nothing forks: no count, unless a big tree may have shrunk.
//   - Something forks: the counts take less than a thousandth of a CPU.
//   - So many processes began that the tree may have doubled: it is counted within a second. The
//     estimate has a safety factor of two, so it is still right until then. Each such count costs
//     only a small part of what the forks cost.
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
        std::uint32_t processes = 0; // in the tree
        std::uint32_t read = 0;      // on the machine
        Duration cost{};             // CPU time
    };

    static constexpr Duration kBetweenCounts = std::chrono::seconds(1);
    static constexpr Duration kBetweenRareCounts = std::chrono::seconds(5);
    static constexpr Duration kBetweenShrinkCounts = std::chrono::seconds(10);
    static constexpr int kShareOfCpu = 1000;       // counts take at most 1/1000 of a CPU
    static constexpr std::uint32_t kFewForks = 64; // fewer new processes need no count
    // Killing a process costs kKillsPerCount times as much as counting it (measured with 1,000 to
    // 10,000 processes on two cores), and may cost twice that.
    static constexpr int kKillsPerCount = 10;
    static constexpr int kSafety = 2;
    static constexpr int kRounds = 4; // each round looks at every process of the machine
    // An estimate below kNotable is not reported. Above it, a change by a fifth is.
    static constexpr Duration kMost = std::chrono::hours(1);
    static constexpr Duration kNotable = std::chrono::milliseconds(500);

    // A new run begins; its tree is small.
    void begin(TimePoint now, RunNumber run, pid_t newest);
    // `newest`: the number of the newest process.
    bool is_due(TimePoint now, pid_t newest) const;
    void counted(TimePoint now, pid_t newest, const Count& count);
    // The estimate, if le-run must get a new one.
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

#include "guard/tree_gauge.h"

#include <algorithm>
#include <limits>

namespace le_run::guard {
namespace {

Duration estimate(const TreeGauge::Count& count) {
    const Duration each = count.cost / std::max<std::uint32_t>(1, count.read);
    const Duration kill =
        each * TreeGauge::kKillsPerCount * count.processes + TreeGauge::kRounds * count.cost;
    return std::min<Duration>(TreeGauge::kSafety * kill, TreeGauge::kMost);
}

} // namespace

void TreeGauge::begin(TimePoint now, RunNumber run, pid_t newest) {
    size_ = TreeSize{run, 1, 0};
    told_ = size_;
    counted_at_ = now;
    newest_ = newest;
}

bool TreeGauge::is_due(TimePoint now, pid_t newest) const {
    const auto is_past = [&](Duration pause) {
        return has_passed_for_observer(now, counted_at_ + pause);
    };
    const std::uint32_t begun = begun_since(newest);
    if (begun > 0 && begun >= std::max(kFewForks, size_.processes)) {
        return is_past(std::max<Duration>(kBetweenCounts, 10 * cost_));
    }
    if (begun > 0) {
        return is_past(std::max<Duration>(kBetweenRareCounts, kShareOfCpu * cost_));
    }
    return told_.kill_nanoseconds > 0 &&
           is_past(std::max<Duration>(kBetweenShrinkCounts, kShareOfCpu * cost_));
}

void TreeGauge::counted(TimePoint now, pid_t newest, const Count& count) {
    counted_at_ = now;
    newest_ = newest;
    cost_ = count.cost;
    const Duration kill = estimate(count);
    size_.processes = count.processes;
    size_.kill_nanoseconds = kill < kNotable ? 0 : kill.count();
}

std::optional<TreeSize> TreeGauge::news() const {
    const std::int64_t change = size_.kill_nanoseconds - told_.kill_nanoseconds;
    const bool is_new = (size_.kill_nanoseconds == 0) != (told_.kill_nanoseconds == 0) ||
                        std::max(change, -change) > told_.kill_nanoseconds / 5;
    return is_new ? std::optional(size_) : std::nullopt;
}

// After the greatest number the kernel begins again with low ones. Then any number of processes may
// have begun.
std::uint32_t TreeGauge::begun_since(pid_t newest) const {
    return newest >= newest_ ? static_cast<std::uint32_t>(newest - newest_)
                             : std::numeric_limits<std::uint32_t>::max();
}

} // namespace le_run::guard

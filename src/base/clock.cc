#include "base/clock.h"

#include <time.h>

#include "base/check.h"

namespace le_run {
namespace {

Duration read(clockid_t id) {
    timespec t{};
    LE_CHECK(::clock_gettime(id, &t) == 0);
    return std::chrono::seconds(t.tv_sec) + Duration(t.tv_nsec);
}

// How long the machine has been suspended. The three readings are not one: a preemption between
// them would look like a suspend, so the tightest of a few brackets counts.
Duration suspended(Duration* boot) {
    constexpr Duration kTight = std::chrono::microseconds(20);
    Duration best_bracket = Duration::max();
    Duration result{};
    for (int attempt = 0; attempt < 4 && best_bracket > kTight; ++attempt) {
        const Duration before = read(CLOCK_MONOTONIC);
        const Duration between = read(CLOCK_BOOTTIME);
        const Duration after = read(CLOCK_MONOTONIC);
        if (after - before < best_bracket) {
            best_bracket = after - before;
            result = between - before;
        }
        *boot = between;
    }
    return result;
}

} // namespace

TimePoint Clock::now() {
    Duration boot{};
    const Duration asleep = suspended(&boot);
    const Duration raw = read(CLOCK_MONOTONIC_RAW) + asleep;
    last_ = TimePoint(std::max(boot, last_.boot()), std::max(raw, last_.raw()));
    return last_;
}

} // namespace le_run

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

// How long the machine has been suspended. It takes three readings, and a preemption between them
// looks like a suspend. So it tries a few times and uses the shortest bracket.
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

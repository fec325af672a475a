#include "run/lateness.h"

namespace le_run {

void Lateness::add(TimePoint now, Duration lateness) { seen_.push_back({now, lateness}); }

Duration Lateness::margin(TimePoint now) {
    while (!seen_.empty() && has_passed_for_holder(now, seen_.front().at + kRemembered)) {
        seen_.pop_front();
    }
    Duration worst{};
    Duration second{};
    for (const Seen& seen : seen_) {
        second = std::max(second, std::min(worst, seen.lateness));
        worst = std::max(worst, seen.lateness);
    }
    return kSafety * second;
}

} // namespace le_run

#include "guard/hang_watch.h"

namespace le_run::guard {

void HangWatch::heard(TimePoint now) {
    silent_since_ = now;
    limit_ = kWithoutRun;
    tells_itself_ = passed_at_.has_value();
}

void HangWatch::woke(TimePoint now, Duration late) {
    if (late > kOwnLateness) {
        silent_since_ = now;
    }
}

bool HangWatch::is_to_be_told(TimePoint now) {
    const bool is_it =
        passed_at_ && !tells_itself_ && has_passed_for_observer(now, *passed_at_ + kToTell);
    tells_itself_ = tells_itself_ || is_it;
    return is_it;
}

} // namespace le_run::guard

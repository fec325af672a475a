#include "app/guard_watch.h"

namespace le_run::app {

void GuardWatch::run_until(TimePoint urgent_at) {
    runs_ = true;
    urgent_at_ = urgent_at;
}

void GuardWatch::run_is_over() {
    runs_ = false;
    is_killing_ = false;
    urgent_at_ = TimePoint::far_future();
}

GuardWatch::Verdict GuardWatch::look(TimePoint now) {
    const Duration since = now.boot() - asked_at_.boot();
    if (is_answered() || since > due_in_ + kOwnLateness) {
        silent_ = Duration::zero();
        silent_asks_ = 0;
        silent_since_ = now;
        return Verdict::kFine;
    }
    silent_ += std::min(since, due_in_);
    ++silent_asks_;
    const bool is_urgent = runs_ && has_passed_for_holder(now, urgent_at_ + limit());
    // Where le-run itself is late each time, a lambda on the clock must do.
    const bool is_long = silent_asks_ > 1 && has_passed_for_holder(now, silent_since_ + lambda_);
    if (silent_ >= kEndAfter || (is_urgent && (silent_ >= limit() || is_long))) {
        return Verdict::kEnd;
    }
    return silent_ >= kContinueAfter ? Verdict::kContinue : Verdict::kFine;
}

void GuardWatch::asked(TimePoint now, bool was_asked) {
    // While the kernel refuses the ping the guard is silent without fault, unless time is over.
    was_refused_ = !was_asked;
    if (was_asked || (runs_ && has_passed_for_holder(now, urgent_at_))) {
        ++asked_;
    }
    asked_at_ = now;
    due_in_ = until_next(now);
}

bool GuardWatch::answered(std::uint64_t number, bool is_killing) {
    answered_ = std::max(answered_, std::min(number, asked_));
    is_killing_ = is_killing && runs_;
    return is_answered();
}

Duration GuardWatch::until_next(TimePoint now) const {
    const Duration longest = is_waiting() ? kPingUnanswered
                             : runs_      ? kPingDuringRun
                                          : kPingWithoutRun;
    if (!runs_) {
        return longest;
    }
    return std::clamp(left_for_holder(now, urgent_at_ - kAskOftenBefore), kPingNearTheEnd, longest);
}

} // namespace le_run::app

#include "leader/guard_watch.h"

#include <algorithm>

namespace le_run::leader {

void GuardWatch::started(TimePoint now, TimePoint term_at, TimePoint kill_at) {
    runs_ = true;
    term_at_ = term_at;
    kill_at_ = kill_at;
    lease_ = Lease::kHeld;
    ask_soon(now);
}

void GuardWatch::extended(TimePoint now, TimePoint term_at, TimePoint kill_at) {
    const TimePoint before = urgent_at();
    term_at_ = term_at;
    kill_at_ = kill_at;
    if (has_passed_for_holder(now, asked_at_ + kPingUnanswered)) {
        due_ = now;
    } else if (!is_not_before(urgent_at(), before)) { // otherwise frequent calls put off the ping
        ask_soon(now);
    }
}

void GuardWatch::stopped(TimePoint now, TimePoint kill_at, Lease lease) {
    kill_at_ = earlier(kill_at_, kill_at);
    lease_ = lease;
    ask_soon(now);
}

// While the lease is held, a requested stop may have an early kill_at. That is not urgent before
// term_at.
TimePoint GuardWatch::urgent_at() const {
    return lease_ == Lease::kLost ? kill_at_ : later(term_at_, kill_at_);
}

void GuardWatch::ask_soon(TimePoint now) {
    due_ = now + std::min<Duration>(until_next(now), kPingUnanswered);
}

void GuardWatch::run_is_over() {
    runs_ = false;
    is_killing_ = false;
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
    if (silent_ >= kEndAfter || is_over(now)) {
        return Verdict::kEnd;
    }
    return silent_ >= kContinueAfter ? Verdict::kContinue : Verdict::kFine;
}

void GuardWatch::asked(TimePoint now, bool was_asked) {
    // While the kernel refuses the ping, silence is not the guard's fault. After urgent_at it still
    // counts.
    was_refused_ = !was_asked;
    if (was_asked || (runs_ && has_passed_for_holder(now, urgent_at()))) {
        ++asked_;
    }
    asked_at_ = now;
    due_in_ = until_next(now);
    due_ = now + due_in_;
}

void GuardWatch::answered(TimePoint now, std::uint64_t number, bool is_killing) {
    answered_ = std::max(answered_, std::min(number, asked_));
    is_killing_ = is_killing && runs_;
    if (is_answered()) {
        due_ = now + until_next(now);
    }
}

Duration GuardWatch::until_next(TimePoint now) const {
    const Duration longest = is_waiting() ? kPingUnanswered
                             : runs_      ? kPingDuringRun
                                          : kPingWithoutRun;
    if (!runs_) {
        return longest;
    }
    return std::clamp(left_for_holder(now, urgent_at() - kAskOftenBefore), kPingNearTheEnd,
                      longest);
}

// Whether le-run must kill the tree itself.
bool GuardWatch::is_over(TimePoint now) const {
    if (!runs_) {
        return false;
    }
    // If le-run itself is late each time, a lambda on the clock is enough.
    const bool is_long = silent_asks_ > 1 && has_passed_for_holder(now, silent_since_ + lambda_);
    if (!is_killing_) {
        return has_passed_for_holder(now, urgent_at() + lambda_ / 2) &&
               (silent_ >= lambda_ / 2 || is_long);
    }
    if (has_passed_for_holder(now, urgent_at() + lambda_ - kPingNearTheEnd)) {
        return silent_ >= lambda_ / 4 || is_long;
    }
    return has_passed_for_holder(now, urgent_at()) && silent_ >= lambda_;
}

} // namespace le_run::leader

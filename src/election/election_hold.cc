// The end of the work, and --hold: the lease is kept after the work has ended, until so long after
// the acquisition, so that no replica starts the same work again.
#include "base/check.h"
#include "election/election.h"

namespace le_run::election {

void Election::on(const WorkGone& fact) {
    switch (state_) {
    case State::kLeading:
        if (fact.end != WorkEnd::kByItself && fact.end != WorkEnd::kToldToEnd) {
            // The guard's clock reached the deadline first. It is the same loss.
            stop_cause_ = StopCause::kRenewDeadline;
            report(told::Lost{"the guard's deadline passed without a renewal"});
        }
        break;
    case State::kStopping:
        break;
    case State::kStandby:
    case State::kAcquiring:
    case State::kHolding:
    case State::kReleasing:
    case State::kDone:
        LE_CHECK(!"no work runs in this state");
        break;
    }
    work_end_ = fact.end;
    margin_.tree_is_gone();
    const bool is_kept = state_ == State::kLeading && fact.end == WorkEnd::kByItself &&
                         !has_passed_for_observer(now_, hold_until());
    if (!claim_.is_held()) {
        conclude();
    } else if (is_kept) {
        enter_holding();
    } else {
        enter_releasing();
    }
}

// Another replica may lead already: the work is killed now, and there is nothing to release.
void Election::lost_at_once(StopCause cause, const std::string& why) {
    claim_.give_up();
    if (state_ == State::kLeading) {
        enter_stopping(cause, why);
        return;
    }
    if (state_ == State::kHolding) {
        report(told::NotReleased{why});
        conclude();
        return;
    }
    drain_until_ = now_;
    report(told::Lost{why});
    actions_.push_back(StopWork{cause, now_});
}

void Election::enter_holding() {
    state_ = State::kHolding;
    report(told::Holding{left_for_observer(now_, hold_until())});
}

TimePoint Election::hold_until() const {
    return led_since_ + config_.hold.value_or(Duration::zero());
}

} // namespace le_run::election

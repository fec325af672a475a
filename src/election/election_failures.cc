// What the election does after a failed request, and after one without an answer: the report and
// the time of the next request.
#include <utility>

#include "base/check.h"
#include "base/duration_text.h"
#include "election/election.h"

namespace le_run::election {

// Whether this process holds the lease and renews it.
bool Election::is_holding() const {
    return state_ == State::kLeading || state_ == State::kStopping || state_ == State::kHolding;
}

// No answer so far. A late answer still counts (attempts.h), and meanwhile another request is sent
// beside this one. A release is written only over a version that a read has found.
void Election::request_overdue(const Attempts::Sent& request) {
    if (is_holding() || state_ == State::kReleasing) {
        const bool is_look = state_ == State::kReleasing && request.kind == Request::kRead;
        next_request_ = is_look ? Request::kRead : attempts_.beside();
        next_try_at_ = now_;
        if (is_holding() && claim_.is_held() && access_ != Access::kFailing &&
            has_passed_for_holder(now_, timing_.warns_at(claim_.anchor()))) {
            report_renewal_failing("requests are not answered in time");
        }
        return;
    }
    request_failed(request, {.kind = Failure::Kind::kUnreachable,
                             .text = "no answer within " + format_duration(patience()),
                             .retry_after = {}});
}

void Election::request_failed(const Attempts::Sent& request, const Failure& failure) {
    const bool is_unknown =
        request.kind == Request::kWrite && failure.kind == Failure::Kind::kUnreachable;
    next_try_at_ = next_try_after(request, failure);
    // A missing answer says nothing about rights: it may be a denial that comes late.
    const bool is_unanswered = has_passed_for_holder(now_, request.at + timing_.answer_timeout());
    if (failure.kind == Failure::Kind::kUnreachable && !is_unanswered) {
        denied_until_.reset();
    }
    switch (state_) {
    case State::kStandby:
        standby_failed(failure);
        catch_up_with_watch();
        break;
    case State::kAcquiring:
        next_request_ = Request::kRead;
        enter_standby();
        if (step_down_) {
            leave_standby();
        } else {
            standby_failed(failure);
        }
        break;
    case State::kLeading:
    case State::kStopping:
    case State::kHolding:
        next_request_ = is_unknown ? Request::kRead : request.kind;
        report_renewal_failing(failure.text);
        break;
    case State::kReleasing:
        next_request_ = Request::kRead;
        trouble_.note(failure.text);
        break;
    case State::kDone:
        break;
    }
}

// A request failed after others had been sent beside it: only reports why.
void Election::failed_late(const Failure& failure) {
    if (is_holding()) {
        report_renewal_failing(failure.text);
    } else if (state_ == State::kReleasing) {
        trouble_.note(failure.text);
    } else if (state_ == State::kStandby && access_ == Access::kUnproven &&
               failure.kind != Failure::Kind::kUnreachable) {
        standby_failed(failure);
    }
}

void Election::report_renewal_failing(const std::string& why) {
    if (!claim_.is_held()) {
        return;
    }
    access_ = Access::kFailing;
    if (!trouble_.is_news(now_, why)) {
        return;
    }
    if (state_ == State::kHolding) { // no work runs that could be stopped
        report(told::StoreTrouble{why});
    } else {
        report(told::RenewalFailing{why, left_for_holder(now_, last_instant_to_try())});
    }
}

void Election::standby_failed(const Failure& failure) {
    last_failure_ = failure.kind;
    if (access_ == Access::kUnproven) {
        switch (failure.kind) {
        case Failure::Kind::kUnreachable:
            break;
        case Failure::Kind::kDenied:
            if (!denied_until_) {
                denied_until_ = now_ + timing_.renew_deadline;
            }
            break;
        case Failure::Kind::kMalformed:
        case Failure::Kind::kUntrusted:
            enter_done(Ending::kUnusable, failure.text);
            return;
        }
    } else {
        access_ = Access::kFailing;
    }
    if (trouble_.is_news(now_, failure.text)) {
        report(told::StoreTrouble{failure.text, denied_until_
                                                    ? left_for_holder(now_, *denied_until_)
                                                    : Duration::zero()});
    }
}

// A standby has time. A holder tries often, because one success is enough, even if the store
// answers only one request of ten.
Duration Election::pause_after(const Failure& failure) const {
    if (state_ == State::kStandby || state_ == State::kAcquiring) {
        return timing_.retry_period;
    }
    return timing_.request_timeout() / (failure.kind == Failure::Kind::kUnreachable ? 16 : 4);
}

// When a holder's requests are of no more use: the work is then stopped or killed, or the lease to
// be released has run out.
TimePoint Election::last_instant_to_try() const {
    switch (state_) {
    case State::kLeading:
    case State::kHolding:
        return timing_.term_at(claim_.anchor());
    case State::kStopping:
        return timing_.latest_kill_at(claim_.anchor());
    case State::kReleasing:
        return release_deadline();
    case State::kStandby:
    case State::kAcquiring:
    case State::kDone:
        break;
    }
    return now_ + timing_.lease_duration;
}

TimePoint Election::next_try_after(const Attempts::Sent& request, const Failure& failure) const {
    // The pause counts from the send, so a try that timed out is repeated at once.
    const TimePoint soonest = request.at + pause_after(failure);
    if (!failure.retry_after || (is_holding() && !claim_.is_held())) {
        return soonest;
    }
    const bool is_bound = is_holding() || state_ == State::kReleasing;
    // Obeys Retry-After only as far as this many tries still fit before the deadline.
    constexpr int kTriesLeft = 32;
    const Duration left = std::max(Duration::zero(), left_for_holder(now_, last_instant_to_try()));
    const TimePoint wish =
        now_ + std::min(*failure.retry_after, is_bound ? left / kTriesLeft : left);
    return is_not_before(wish, soonest) ? wish : soonest;
}

void Election::note_access() {
    if (access_ == Access::kFailing && state_ == State::kStandby) {
        report(told::StoreWorks{});
    }
    access_ = Access::kWorking;
    denied_until_.reset();
    trouble_.is_over();
}

} // namespace le_run::election

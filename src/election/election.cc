// The machine: its states, its deadlines, and when it sends which request. election_answers.cc
// handles the answers.
#include "election/election.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/duration_text.h"

namespace le_run::election {
namespace {

const Failure& failure_in(const Fact& fact) {
    if (const auto* read = std::get_if<ReadAnswered>(&fact)) {
        return std::get<Failure>(read->outcome);
    }
    return std::get<Failure>(std::get<WriteAnswered>(fact).outcome);
}

// How long renewals may keep the same second in renewTime: all tries must still fit after that.
Duration longest_second(const Timing& timing) {
    constexpr Duration kLongest = std::chrono::seconds(2);
    const Duration left = timing.effective_renew_deadline() - timing.retry_period -
                          Timing::kTries * timing.request_timeout();
    return std::clamp(left, Duration::zero(), kLongest);
}

std::int64_t whole_seconds(Duration d) {
    return std::chrono::duration_cast<std::chrono::seconds>(d).count();
}

} // namespace

Election::Election(ElectionConfig config, TimePoint now)
    : config_(std::move(config)), timing_(config_.timing), margin_(timing_), now_(now),
      observation_(timing_.lease_duration), claim_(config_.id, config_.seed), next_try_at_(now),
      random_(config_.seed) {
    LE_CHECK(broken_relations(timing_).empty());
    if (config_.wait) {
        give_up_at_ = now + *config_.wait;
    }
    report(told::Contending{});
}

Election::Election(ElectionConfig config, const LeftBehind& left, TimePoint now)
    : Election(std::move(config), now) {
    actions_.clear(); // drops the Contending report: this election only releases
    step_down_ = StepDownReason::kAsked;
    claim_.inherit(left.acquire_time, left.until - timing_.lease_duration);
    enter_releasing();
}

void Election::step(TimePoint now, WallTime wall, const Fact& fact) {
    LE_CHECK(is_not_before(now, now_));
    now_ = now;
    wall_ = wall;
    const bool is_late_failure = attempts_.is_late_failure(fact);
    if (state_ == State::kDone || (!attempts_.counts(fact) && !is_late_failure)) {
        return; // an old answer: a newer one has counted already, or the election is over
    }
    margin_.forget(now);
    check_deadlines(fact); // first: after a pause, a deadline counts more than a good answer
    if (is_late_failure) {
        failed_late(failure_in(fact));
    } else if (state_ != State::kDone && attempts_.counts(fact)) {
        std::visit([&](const auto& f) { on(f); }, fact);
    }
    send_due();
}

std::vector<Action> Election::take_actions() { return std::exchange(actions_, {}); }

void Election::check_deadlines(const Fact& fact) {
    switch (state_) {
    case State::kStandby:
        if (give_up_at_ && may_give_up() && has_passed_for_holder(now_, *give_up_at_)) {
            std::string why = "leadership was not won within " + format_duration(*config_.wait);
            if (comes_too_late()) {
                why += ": another replica held the lease meanwhile and has released it, so this "
                       "work is done";
            } else if (observation_.has_living_holder()) {
                why += ": " + observation_.holder().text + " holds the lease and renews it";
            }
            giving_up_ = Finish{Ending::kNotWon, why};
            leave_standby();
            return;
        }
        if (denied_until_ && last_failure_ == Failure::Kind::kDenied &&
            has_passed_for_holder(now_, *denied_until_)) {
            // The log already has the text of the denial.
            giving_up_ = Finish{Ending::kDenied, "the store has denied every try for " +
                                                     format_duration(timing_.renew_deadline)};
            leave_standby();
            return;
        }
        break;
    case State::kLeading:
        if (has_passed_for_holder(now_, timing_.term_at(claim_.anchor()))) {
            enter_stopping(StopCause::kRenewDeadline,
                           "no renewal succeeded for " +
                               format_duration(timing_.effective_renew_deadline()));
        }
        break;
    case State::kHolding:
        if (has_passed_for_holder(now_, release_deadline())) {
            report(told::NotReleased{"it ran out while it was held after the work had ended"});
            conclude();
            return;
        }
        if (has_passed_for_observer(now_, hold_until())) {
            enter_releasing();
        }
        break;
    case State::kReleasing:
        if (has_passed_for_holder(now_, release_deadline())) {
            report(told::NotReleased{trouble_.last()});
            conclude();
            return;
        }
        break;
    case State::kAcquiring:
    case State::kStopping:
    case State::kDone:
        break;
    }
    const auto& awaited = attempts_.awaited();
    if (awaited && !attempts_.is_awaited(fact) &&
        has_passed_for_holder(now_, awaited->at + patience())) {
        request_overdue(attempts_.stop_waiting());
    }
}

// How long to wait for an answer before another request is sent beside the first. A holder waits
// shorter, because its lease is running out.
Duration Election::patience() const {
    return is_holding() || state_ == State::kReleasing ? timing_.try_period()
                                                       : timing_.request_timeout();
}

std::optional<Duration> Election::next_wakeup(TimePoint now) const {
    if (state_ == State::kDone) {
        return std::nullopt;
    }
    Duration wait = std::chrono::hours(1);
    const auto until = [&](TimePoint deadline) {
        wait = std::min(wait, left_for_holder(now, deadline));
    };
    if (const auto& awaited = attempts_.awaited()) {
        until(awaited->at + patience());
    } else if (state_ != State::kStopping || claim_.is_held()) {
        until(next_try_at_);
    }
    if (const auto forgets_at = margin_.forgets_at()) {
        until(*forgets_at);
    }
    switch (state_) {
    case State::kStandby:
        if (!has_request_pending() && next_request_ == Request::kWrite && observation_.free_at() &&
            margin_.fits()) {
            wait = std::min(wait, std::max(left_for_observer(now, *observation_.free_at()),
                                           left_for_holder(now, contend_at_)));
        }
        if (give_up_at_ && may_give_up()) {
            until(*give_up_at_);
        } else if (give_up_at_ && !has_request_pending() && observation_.free_at()) {
            wait = std::min(wait, std::max(left_for_observer(now, *observation_.free_at()),
                                           left_for_holder(now, *give_up_at_)));
        }
        if (denied_until_ && last_failure_ == Failure::Kind::kDenied) {
            until(*denied_until_);
        }
        break;
    case State::kLeading:
        until(timing_.term_at(claim_.anchor()));
        break;
    case State::kHolding:
        until(release_deadline());
        wait = std::min(wait, left_for_observer(now, hold_until()));
        break;
    case State::kReleasing:
        until(release_deadline());
        break;
    case State::kAcquiring:
    case State::kStopping:
    case State::kDone:
        break;
    }
    return std::max(Duration::zero(), wait);
}

// --- states ---

void Election::enter_standby() { state_ = State::kStandby; }

void Election::enter_acquiring() {
    state_ = State::kAcquiring;
    const auto& base = observation_.base();
    const auto seen = base ? std::optional(base->record) : std::nullopt;
    LeaseRecord record;
    record.holder = config_.id;
    record.lease_duration_seconds = whole_seconds(timing_.lease_duration);
    record.acquire_time = claim_.next_acquire_time(wall_, seen);
    record.renew_time = record.acquire_time;
    record.renewed_at = now_;
    record.transitions = seen ? next_transitions(seen->transitions) : 0;
    claim_.sending(now_, record);
    send_write(record, base);
}

void Election::enter_leading(const FencingToken& token) {
    state_ = State::kLeading;
    led_since_ = now_;
    stop_cause_.reset();
    work_end_.reset();
    drain_until_ = TimePoint::far_future();
    give_up_at_.reset();
    const TimePoint s = claim_.anchor();
    next_request_ = Request::kWrite;
    next_try_at_ = s + timing_.retry_period;
    report(told::Acquired{token, left_for_holder(now_, s + timing_.lease_duration)});
    actions_.push_back(
        StartWork{timing_.term_at(s), timing_.kill_at(s), token, claim_.acquire_time()});
}

void Election::enter_stopping(StopCause cause, const std::string& why) {
    state_ = State::kStopping;
    stop_cause_ = cause;
    const bool is_lost = !claim_.is_held();
    const bool is_asked = cause == StopCause::kStepDown || cause == StopCause::kMargin;
    const auto& grace = is_asked ? config_.stop_grace : config_.timing.lost_grace;
    drain_until_ = is_lost ? now_ : grace ? now_ + *grace : TimePoint::far_future();
    limit_drain();
    if (cause == StopCause::kMargin) {
        report(told::SteppingDown{why});
    } else if (cause != StopCause::kStepDown) {
        report(told::Lost{why});
    }
    // A requested stop may take as long as the lease is renewed: only the grace limits it.
    TimePoint limit = drain_until_;
    if (!is_lost) {
        // Earlier extensions told the guard a KILL_AT with the lost grace. This one replaces it.
        const TimePoint s = claim_.anchor();
        actions_.push_back(ExtendWork{timing_.term_at(s), kill_at(s)});
        limit = is_asked ? drain_until_ : kill_at(s);
    }
    if (step_down_ == StepDownReason::kGuardLost) {
        limit = now_; // without the guard, le-run kills the tree at once
    }
    report(told::StopBegins{cause == StopCause::kMargin ? "stepping down" : why,
                            left_for_holder(now_, limit)});
    actions_.push_back(StopWork{cause, drain_until_});
}

void Election::enter_releasing() {
    state_ = State::kReleasing;
    attempts_.forget(); // an unfinished renewal may still land; compare-and-write decides
    next_request_ = Request::kRead;
    next_try_at_ = now_;
    trouble_.note("no time was left");
}

void Election::enter_done(Ending ending, const std::string& text) {
    state_ = State::kDone;
    attempts_.forget();
    actions_.push_back(Finish{ending, text});
}

// Decides what comes next, when the work is gone and the lease is released, lost or out of reach.
void Election::conclude() {
    attempts_.forget();
    if (giving_up_) {
        enter_done(giving_up_->ending, giving_up_->text);
        return;
    }
    const bool was_told = work_end_ == WorkEnd::kToldToEnd;
    const bool ended_by_itself = work_end_ == WorkEnd::kByItself || was_told;
    const bool is_lost = !ended_by_itself && stop_cause_ && *stop_cause_ != StopCause::kStepDown;
    if (step_down_ == StepDownReason::kGuardLost) {
        enter_done(Ending::kGuardLost, "the guard process ended");
    } else if (ended_by_itself && (was_told || !config_.standby_after_work_ended)) {
        enter_done(Ending::kWorkEnded, "");
    } else if (is_lost && !config_.standby_after_loss) {
        enter_done(Ending::kLost, *stop_cause_ == StopCause::kMargin
                                      ? "the lease could not be kept safe"
                                      : "the lease was lost");
    } else if (step_down_) {
        enter_done(Ending::kStopped, "");
    } else {
        const bool led_long = has_passed_for_holder(now_, led_since_ + timing_.lease_duration);
        hold_back_ = led_long || hold_back_ == Duration::zero()
                         ? timing_.retry_period
                         : std::min(2 * hold_back_, timing_.lease_duration);
        contend_at_ = now_ + hold_back_;
        observation_.forget();
        watched_meanwhile_.reset();
        next_request_ = Request::kRead;
        next_try_at_ = now_;
        if (margin_.fits()) {
            report(told::HoldingBack{hold_back_});
        }
        enter_standby();
    }
}

// --- requests ---

void Election::send_due() {
    if (has_request_pending()) {
        return;
    }
    const bool is_due = has_passed_for_holder(now_, next_try_at_);
    switch (state_) {
    case State::kStandby:
        tell_whether_contending();
        if (may_acquire()) {
            enter_acquiring();
        } else if (is_due) {
            send_read();
        }
        break;
    case State::kLeading:
    case State::kStopping:
        if (is_due && claim_.is_held()) {
            next_request_ == Request::kRead ? send_read() : send_renewal();
        }
        break;
    case State::kHolding: // no work is at risk, so no margin counts
        if (is_due) {
            next_request_ == Request::kRead ? send_read() : send_renewal();
        }
        break;
    case State::kReleasing:
        if (is_due) {
            next_request_ == Request::kRead ? send_read() : send_release();
        }
        break;
    case State::kAcquiring:
        LE_CHECK(!"an acquisition has a request pending");
        break;
    case State::kDone:
        break;
    }
}

void Election::send_read() {
    actions_.push_back(ReadLease{attempts_.send(Request::kRead, now_), timing_.answer_timeout(),
                                 timing_.effective_renew_deadline()});
}

void Election::send_write(const LeaseRecord& record, const std::optional<StoredLease>& base) {
    actions_.push_back(WriteLease{attempts_.send(Request::kWrite, now_), record, base,
                                  timing_.answer_timeout(), timing_.effective_renew_deadline()});
}

void Election::send_renewal() {
    LeaseRecord record = claim_.lease().record;
    // Our own lease duration, even if somebody else has changed it in the record.
    record.lease_duration_seconds = whole_seconds(timing_.lease_duration);
    record.renew_time = claim_.next_renew_time(now_, wall_, longest_second(timing_));
    record.renewed_at = now_; // not before this renewal's anchor
    claim_.sending(now_, record);
    send_write(record, claim_.lease());
}

void Election::send_release() {
    LeaseRecord record = claim_.lease().record;
    record.holder = {};
    record.lease_duration_seconds = kReleasedSeconds;
    record.renew_time = claim_.next_renew_time(now_, wall_, longest_second(timing_));
    record.acquire_time = record.renew_time;
    record.renewed_at.reset();
    send_write(record, claim_.lease());
}

// --- small questions ---

bool Election::may_acquire() const {
    return next_request_ == Request::kWrite && observation_.free_at() && margin_.fits() &&
           !comes_too_late() && has_passed_for_observer(now_, *observation_.free_at()) &&
           has_passed_for_holder(now_, contend_at_);
}

// Whether --wait is over and another holder was seen to release: it did this process's work. To win
// now would run the work a second time.
bool Election::comes_too_late() const {
    return give_up_at_ && has_passed_for_holder(now_, *give_up_at_) && observation_.was_released();
}

// The lost grace limits KILL_AT while leading. A stop may take longer than the lost grace.
TimePoint Election::kill_at(TimePoint s) const {
    return state_ == State::kStopping ? earlier(timing_.latest_kill_at(s), drain_until_)
                                      : timing_.kill_at(s);
}

// Whether --wait may end now. Even with --wait 0, the first read must have an answer or a timeout.
// If that read found a holder, le-run waits until it renews (it lives) or its lease expires (le-run
// takes the lease).
bool Election::may_give_up() const {
    const bool has_looked =
        attempts_.last() > 1 || (attempts_.last() == 1 && !has_request_pending());
    if (!has_looked || !observation_.free_at() || observation_.has_living_holder()) {
        return has_looked;
    }
    return !has_request_pending() && has_passed_for_observer(now_, *observation_.free_at()) &&
           !may_acquire();
}

// When the lease runs out by itself: after that a release is of no use.
TimePoint Election::release_deadline() const {
    return (claim_.is_held() ? claim_.anchor() : claim_.doubtful_since()) + timing_.lease_duration;
}

Duration Election::jittered(Duration period) {
    random_ += 0x9e3779b97f4a7c15; // splitmix64, good enough to keep standbys from acting in step
    std::uint64_t z = random_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    const auto thousandth = static_cast<std::int64_t>((z ^ (z >> 31)) % 1000);
    return period + period * thousandth / 5000;
}

} // namespace le_run::election

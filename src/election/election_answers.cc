// What answers and events mean to the election, state by state.
#include <utility>

#include "check.h"
#include "duration_text.h"
#include "election/election.h"

namespace le_run {
namespace {

// A promised duration this many times our own gets a warning; it is obeyed all the same.
constexpr int kLongDuration = 20;
// While the same trouble goes on, a line is repeated this often.
constexpr Duration kTroubleRepeat = std::chrono::minutes(1);

// Clocks, durations and ports in the words for one trouble change from try to try.
std::string without_numbers(std::string text) {
    std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
    return text;
}

std::string why_not_mine(const LeaseRecord& record, const HolderIdentity& id) {
    if (record.holder.text.empty()) {
        return "the holder in the lease was emptied by somebody else";
    }
    if (record.holder == id) {
        return "the lease was taken by another process with the identity " + id.text;
    }
    return "the lease is held by " + record.holder.text;
}

} // namespace

// --- reads ---

void Election::on(const ReadAnswered& fact) {
    const auto request = requests_.answered(fact.attempt);
    if (const auto* failure = std::get_if<Failure>(&fact.outcome)) {
        request_failed(request, *failure);
        return;
    }
    requests_.next(Kind::kWrite);
    switch (state_) {
    case State::kStandby:
        standby_read(fact.outcome);
        look_again_if_watched();
        break;
    case State::kLeading:
    case State::kStopping:
    case State::kHolding:
        holding_read(fact.outcome);
        break;
    case State::kReleasing:
        releasing_read(fact.outcome);
        break;
    case State::kAcquiring:
    case State::kDone:
        LE_CHECK(!"no read is sent in this state");
        break;
    }
}

void Election::standby_read(const ReadOutcome& outcome) {
    rest_until_next_look();
    const auto* found = std::get_if<Found>(&outcome);
    if (found == nullptr) {
        remember_watched();
        const bool was_held = observation_.base() && !observation_.holder().text.empty();
        observation_.absent();
        if (was_held) {
            report_vanished("deleted");
        }
        return;
    }
    const StoredLease& lease = found->lease;
    if (claim_.is_mine(lease.record)) {
        // An acquisition whose answer was lost, or a lease lost and not released. The work is gone,
        // so the lease is free for this process; it is won again by a write of its own, whose
        // answer is then known.
        observation_.own(now_, lease);
        return;
    }
    const auto news = observation_.found(now_, lease);
    if (news == Observation::News::kNothing) {
        return;
    }
    claim_.give_up(); // what was in doubt had an older version as its base
    if (news == Observation::News::kEmptied) {
        report_vanished("emptied");
        return;
    }
    if (!observation_.holder().text.empty()) {
        note_access();
        const Duration promised = duration_of(lease.record, timing_.lease_duration);
        if (news == Observation::News::kNewHolder) {
            report({.event = Report::Event::kNewLeader, .holder = lease.record.holder});
        }
        if (news == Observation::News::kNewHolder &&
            promised > kLongDuration * timing_.lease_duration) {
            report({.event = Report::Event::kLongDuration,
                    .left = promised,
                    .holder = lease.record.holder});
        }
    }
}

// Without a release; how long it is waited out is the observation's.
void Election::report_vanished(const std::string& how) {
    report({.event = Report::Event::kVanished,
            .left = std::max(Duration::zero(), left_for_observer(now_, *observation_.free_at())),
            .text = how,
            .holder = observation_.holder()});
}

void Election::holding_read(const ReadOutcome& outcome) {
    const auto* found = std::get_if<Found>(&outcome);
    if (found == nullptr) {
        observation_.forget();
        lost_at_once(StopCause::kVanished, "the lease was deleted");
        return;
    }
    if (!claim_.is_mine(found->lease.record)) {
        lost_at_once(StopCause::kOtherHolder, why_not_mine(found->lease.record, config_.id));
        return;
    }
    if (claim_.read_back(found->lease)) {
        renewed();
    } else {
        requests_.next(now_); // the renewal has not landed: send one
    }
}

void Election::releasing_read(const ReadOutcome& outcome) {
    const auto* found = std::get_if<Found>(&outcome);
    if (found != nullptr && claim_.is_mine(found->lease.record)) {
        claim_.read_back(found->lease);
        requests_.next(now_);
        return;
    }
    const bool is_free = found != nullptr && found->lease.record.holder.text.empty();
    if (is_free) {
        report({.event = Report::Event::kReleased}); // by a write whose answer was lost
    } else if (claim_.is_held()) {
        report({.event = Report::Event::kNotReleased,
                .text = found == nullptr ? "the lease was deleted"
                                         : why_not_mine(found->lease.record, config_.id)});
    }
    claim_.give_up();
    conclude();
}

// --- writes ---

void Election::on(const WriteAnswered& fact) {
    const auto request = requests_.answered(fact.attempt);
    // A releasing write is not part of the claim: its record is nobody's.
    const bool is_claim = state_ != State::kReleasing;
    if (const auto* written = std::get_if<Written>(&fact.outcome)) {
        write_landed(*written);
    } else if (const auto* failure = std::get_if<Failure>(&fact.outcome)) {
        if (is_claim && failure->kind != Failure::Kind::kUnreachable) {
            claim_.refused();
        }
        request_failed(request, *failure);
    } else {
        if (is_claim) {
            claim_.refused();
        }
        std::holds_alternative<Conflict>(fact.outcome) ? write_conflicted() : write_found_none();
    }
}

void Election::write_landed(const Written& written) {
    switch (state_) {
    case State::kAcquiring:
        note_access();
        claim_.landed(written.lease);
        adopt_margin();
        if (step_down_ || !margin_.fits()) {
            enter_releasing();
        } else if (has_passed_for_holder(now_, timing_.term_at(claim_.anchor()))) {
            // Won, but the answer was so late that no work may start: win it once more.
            requests_.next(Kind::kRead, now_);
            enter_standby();
        } else {
            enter_leading(written.token);
        }
        break;
    case State::kLeading:
    case State::kStopping:
    case State::kHolding:
        claim_.landed(written.lease);
        renewed();
        break;
    case State::kReleasing:
        report({.event = Report::Event::kReleased});
        claim_.give_up();
        conclude();
        break;
    case State::kStandby:
    case State::kDone:
        LE_CHECK(!"no write is pending in this state");
        break;
    }
}

// Somebody wrote in between: only a read tells who.
void Election::write_conflicted() {
    requests_.next(Kind::kRead, now_);
    // Conflicts one upon the other are not other candidates' writes (a proxy, an admission
    // webhook): no hot loop.
    const TimePoint earliest = last_conflict_at_ + pause_after_failure();
    if (!has_passed_for_holder(now_, earliest)) {
        requests_.next(earliest);
    }
    last_conflict_at_ = now_;
    if (state_ == State::kAcquiring) {
        acquisition_conflicted();
    }
}

void Election::write_found_none() {
    switch (state_) {
    case State::kAcquiring:
        observation_.absent();
        write_conflicted();
        break;
    case State::kLeading:
    case State::kStopping:
    case State::kHolding:
        holding_read(Absent{});
        break;
    case State::kReleasing:
        releasing_read(Absent{});
        break;
    case State::kStandby:
    case State::kDone:
        LE_CHECK(!"no write is pending in this state");
        break;
    }
}

void Election::renewed() {
    if (access_ == Access::kFailing) {
        report({.event = Report::Event::kRenewalWorks});
    }
    note_access();
    adopt_margin();
    const TimePoint s = claim_.anchor();
    requests_.next(Kind::kWrite, claim_.renewed_at() + timing_.retry_period);
    if (state_ != State::kHolding) { // then no work is left to extend
        actions_.push_back(ExtendWork{timing_.term_at(s), kill_at(s)});
    }
}

// --- failures ---

void Election::request_failed(const Requests::Request& request, const Failure& failure) {
    const bool is_unknown =
        request.kind == Kind::kWrite && failure.kind == Failure::Kind::kUnreachable;
    requests_.next(next_try_after(request, failure));
    switch (state_) {
    case State::kStandby:
        standby_failed(failure);
        catch_up_with_watch();
        break;
    case State::kAcquiring:
        requests_.next(Kind::kRead);
        enter_standby();
        if (step_down_) {
            leave_standby();
        } else {
            standby_failed(failure);
        }
        break;
    case State::kLeading:
    case State::kStopping:
        requests_.next(is_unknown ? Kind::kRead : request.kind);
        access_ = Access::kFailing;
        report({.event = Report::Event::kRenewalFailing,
                .left = left_for_holder(now_, state_ == State::kLeading
                                                  ? timing_.term_at(claim_.anchor())
                                                  : timing_.latest_kill_at(claim_.anchor())),
                .text = failure.text});
        break;
    case State::kHolding:
        requests_.next(is_unknown ? Kind::kRead : request.kind);
        access_ = Access::kFailing;
        report({.event = Report::Event::kStoreTrouble, .text = failure.text});
        break;
    case State::kReleasing:
        requests_.next(Kind::kRead);
        last_trouble_ = failure.text;
        break;
    case State::kDone:
        break;
    }
}

void Election::standby_failed(const Failure& failure) {
    if (access_ == Access::kUnproven) {
        switch (failure.kind) {
        case Failure::Kind::kUnreachable:
            denied_until_.reset();
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
    const bool is_repeated = without_numbers(failure.text) == without_numbers(last_trouble_) &&
                             !has_passed_for_holder(now_, trouble_reported_at_ + kTroubleRepeat);
    last_trouble_ = failure.text;
    if (!is_repeated) {
        trouble_reported_at_ = now_;
        report({.event = Report::Event::kStoreTrouble, .text = failure.text});
    }
}

Duration Election::pause_after_failure() const {
    const bool is_standby = state_ == State::kStandby || state_ == State::kAcquiring;
    return is_standby ? timing_.retry_period : timing_.request_timeout() / 4;
}

TimePoint Election::next_try_after(const Requests::Request& request, const Failure& failure) const {
    const bool is_holding =
        state_ == State::kLeading || state_ == State::kStopping || state_ == State::kHolding;
    // From the send on: a try that hung for its whole time is repeated at once.
    TimePoint at = request.sent + pause_after_failure();
    if (failure.retry_after) {
        // The server's wish counts as far as one full try still fits before the deadline.
        const TimePoint latest =
            is_holding ? timing_.term_at(claim_.anchor()) - 2 * timing_.request_timeout()
                       : now_ + timing_.lease_duration;
        const TimePoint wish = earlier(now_ + *failure.retry_after, latest);
        if (is_not_before(wish, at)) {
            at = wish;
        }
    }
    return at;
}

void Election::note_access() {
    if (access_ == Access::kFailing && state_ == State::kStandby) {
        report({.event = Report::Event::kStoreWorks});
    }
    access_ = Access::kWorking;
    denied_until_.reset();
    last_trouble_.clear();
}

// --- the work, and requests from outside ---

void Election::on(const StepDownAsked& fact) {
    if (!step_down_ || fact.reason == StepDownReason::kGuardLost) {
        step_down_ = fact.reason;
    }
    switch (state_) {
    case State::kStandby:
        leave_standby();
        break;
    case State::kLeading:
        enter_stopping(StopCause::kStepDown, fact.reason == StepDownReason::kGuardLost
                                                 ? "the guard process ended"
                                                 : "asked to stop");
        break;
    case State::kHolding: // whoever set a hold wants nobody to run so soon: it runs out by itself
        report({.event = Report::Event::kNotReleased, .text = "--hold keeps it"});
        conclude();
        break;
    case State::kAcquiring: // its answer is waited for: it may have won
    case State::kStopping:
    case State::kReleasing:
    case State::kDone:
        break;
    }
}

void Election::leave_standby() {
    // An acquisition without an answer may have won, one with a late answer has.
    const bool may_hold = claim_.in_doubt() || claim_.is_held();
    if (may_hold && !has_passed_for_holder(now_, release_deadline())) {
        enter_releasing();
    } else {
        conclude();
    }
}

} // namespace le_run

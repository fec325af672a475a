// How the election handles answers and requests from outside, state by state.
#include <utility>

#include "base/check.h"
#include "base/duration_text.h"
#include "election/election.h"

namespace le_run::election {
namespace {

// A holder's lease duration above so many times our own gets a warning. le-run still waits it out.
constexpr int kLongDuration = 20;

std::string why_not_mine(const LeaseRecord& record, const HolderIdentity& id) {
    if (record.holder.text.empty()) {
        return "somebody else removed the holder from the lease";
    }
    if (record.holder == id) {
        return "the lease was taken by another process with the identity " + id.text;
    }
    return "the lease is held by " + record.holder.text;
}

} // namespace

// --- reads ---

void Election::on(const ReadAnswered& fact) {
    if (const auto* failure = std::get_if<Failure>(&fact.outcome)) {
        request_failed(attempts_.stop_waiting(), *failure);
        return;
    }
    if (is_holding() && claim_.is_unchanged(fact.outcome)) {
        // No renewal has landed yet. Renewals without an answer still may, and their answers count.
        if (attempts_.is_before_a_write(fact.attempt)) {
            return;
        }
        attempts_.answered();
    } else {
        attempts_.forget();
    }
    next_request_ = Request::kWrite;
    switch (state_) {
    case State::kStandby:
        standby_saw(fact.outcome, Observation::Source::kRead);
        look_again_if_watched(fact.attempt);
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

void Election::standby_saw(const ReadOutcome& outcome, Observation::Source source) {
    rest_until_next_look();
    const auto* found = std::get_if<StoredLease>(&outcome);
    if (found == nullptr) {
        remember_watched();
        const bool was_there = observation_.base().has_value();
        observation_.absent();
        if (was_there && !observation_.holder().text.empty()) {
            report_vanished("deleted");
        }
        return;
    }
    const StoredLease& lease = *found;
    if (claim_.is_mine(lease.record)) {
        // The answer to an acquisition was lost, or a lost lease was not released. No work runs, so
        // this process may take the lease at once. It writes again, to get an answer in time.
        observation_.own(now_, lease, source);
        return;
    }
    const bool was_alive = observation_.has_living_holder();
    const auto news = observation_.found(now_, lease, source);
    if (news == Observation::News::kNothing) {
        return;
    }
    claim_.give_up(); // writes in doubt had an older base, so they cannot land any more
    if (news == Observation::News::kEmptied) {
        report_vanished("emptied");
        return;
    }
    if (!observation_.holder().text.empty()) {
        note_access();
        const bool is_alive = observation_.has_living_holder();
        if (news == Observation::News::kNewHolder || (is_alive && !was_alive)) {
            const HolderIdentity& holder = lease.record.holder;
            report(is_alive ? Report(told::NewLeader{holder}) : Report(told::Held{holder}));
        }
        report_other_duration(lease.record);
    }
}

// Reports each such duration once: with different lease durations, some candidates wait longer, or
// give up earlier, than others.
void Election::report_other_duration(const LeaseRecord& record) {
    const Duration promised = duration_of(record, timing_.lease_duration);
    if (promised == timing_.lease_duration || promised == duration_told_) {
        return;
    }
    duration_told_ = promised;
    const bool is_long = promised > kLongDuration * timing_.lease_duration;
    report(is_long ? Report(told::LongDuration{record.holder, promised})
                   : Report(told::OtherDuration{record.holder, promised}));
}

// The lease was deleted or emptied without a release. Observation knows how long to wait.
void Election::report_vanished(const std::string& how) {
    report(told::Vanished{
        observation_.holder(), how,
        std::max(Duration::zero(), left_for_observer(now_, *observation_.free_at()))});
}

void Election::holding_read(const ReadOutcome& outcome) {
    const auto* found = std::get_if<StoredLease>(&outcome);
    if (found == nullptr) {
        observation_.forget();
        lost_at_once(StopCause::kVanished, "the lease was deleted");
        return;
    }
    if (!claim_.is_mine(found->record)) {
        lost_at_once(StopCause::kOtherHolder, why_not_mine(found->record, config_.id));
        return;
    }
    const bool has_landed = claim_.read_back(*found);
    if (has_landed) {
        renewed();
    }
    // If somebody changed the lease duration in the record, the next renewal corrects it at once.
    if (!has_landed ||
        duration_of(found->record, timing_.lease_duration) != timing_.lease_duration) {
        next_try_at_ = now_;
    }
}

void Election::releasing_read(const ReadOutcome& outcome) {
    const auto* found = std::get_if<StoredLease>(&outcome);
    if (found != nullptr && claim_.is_mine(found->record)) {
        claim_.read_back(*found);
        next_try_at_ = now_;
        return;
    }
    // While the lease is unchanged, an acquisition without an answer may still land: look again.
    const auto& base = observation_.base();
    const bool is_unchanged = found == nullptr ? !base : base && base->version == found->version;
    if (!claim_.is_held() && claim_.is_unanswered() && is_unchanged) {
        next_request_ = Request::kRead;
        next_try_at_ = now_ + timing_.try_period();
        trouble_.note("the write that acquires the lease got no answer and may still succeed");
        return;
    }
    const bool is_free = found != nullptr && found->record.holder.text.empty();
    if (is_free) {
        report(told::Released{}); // a release whose answer was lost has landed
    } else if (claim_.is_held()) {
        report(told::NotReleased{found == nullptr ? "the lease was deleted"
                                                  : why_not_mine(found->record, config_.id)});
    }
    claim_.give_up();
    conclude();
}

// --- writes ---

void Election::on(const WriteAnswered& fact) {
    // A release is no part of the claim, because its record names no holder.
    const bool is_claim = state_ != State::kReleasing;
    if (const auto* failure = std::get_if<Failure>(&fact.outcome)) {
        if (is_claim && failure->kind != Failure::Kind::kUnreachable) {
            claim_.refused();
        }
        request_failed(attempts_.stop_waiting(), *failure);
        return;
    }
    attempts_.forget();
    if (const auto* written = std::get_if<Written>(&fact.outcome)) {
        write_landed(*written);
    } else if (std::holds_alternative<Conflict>(fact.outcome)) {
        if (is_claim) {
            claim_.conflicted();
        }
        write_conflicted();
    } else {
        if (is_claim) {
            claim_.refused();
        }
        write_found_none();
    }
}

void Election::write_landed(const Written& written) {
    switch (state_) {
    case State::kStandby: // the late answer to an acquisition, and nothing newer is known
    case State::kAcquiring:
        note_access();
        claim_.landed(written.lease);
        adopt_margin();
        if (step_down_ || !margin_.fits()) {
            enter_releasing();
        } else if (has_passed_for_holder(now_, timing_.term_at(claim_.anchor()))) {
            // The lease is won, but the answer came too late to start work: win it once more.
            next_request_ = Request::kRead;
            next_try_at_ = now_;
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
        report(told::Released{});
        claim_.give_up();
        conclude();
        break;
    case State::kDone:
        LE_CHECK(!"no write is pending in this state");
        break;
    }
}

// Somebody wrote in between; only a read tells who. It may be this write itself, if something on
// the way sent it twice.
void Election::write_conflicted() {
    next_request_ = Request::kRead;
    next_try_at_ = now_;
    // Repeated conflicts do not come from other candidates, but from a proxy or an admission
    // webhook. The pause prevents a hot loop.
    const TimePoint earliest = last_conflict_at_ + pause_after({});
    if (!has_passed_for_holder(now_, earliest)) {
        next_try_at_ = earliest;
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
        report(told::RenewalWorks{});
    }
    note_access();
    adopt_margin();
    const TimePoint s = claim_.anchor();
    report(told::Renewed{left_for_observer(s, now_),
                         left_for_holder(now_, s + timing_.lease_duration)});
    next_request_ = Request::kWrite;
    next_try_at_ = claim_.renewed_at() + timing_.retry_period;
    if (state_ != State::kHolding) { // in a hold there is no work to extend
        actions_.push_back(ExtendWork{timing_.term_at(s), kill_at(s)});
    }
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
    case State::kHolding:
        // No work runs. A release would let another replica run the same work within the hold, so
        // the lease stays until it runs out by itself.
        report(told::NotReleased{"a stop was asked for during --hold, and a release would let "
                                 "another replica run the same work again",
                                 left_for_holder(now_, release_deadline())});
        conclude();
        break;
    case State::kAcquiring: // waits for the answer: the write may have won
    case State::kStopping:
    case State::kReleasing:
    case State::kDone:
        break;
    }
}

void Election::leave_standby() {
    // An acquisition without an answer may have won; with a late answer, it has won.
    const bool may_hold = claim_.in_doubt() || claim_.is_held();
    if (may_hold && !has_passed_for_holder(now_, release_deadline())) {
        enter_releasing();
    } else {
        conclude();
    }
}

} // namespace le_run::election

#include "election/observation.h"

namespace le_run::election {

Duration duration_of(const LeaseRecord& record, Duration own) {
    const std::int64_t seconds = record.lease_duration_seconds.value_or(0);
    if (seconds <= 0) {
        return own;
    }
    // Even an absurd duration is obeyed. The limit only keeps the arithmetic in range.
    constexpr std::int64_t kHundredYears = std::int64_t{100} * 365 * 24 * 3600;
    return std::chrono::seconds(std::min(seconds, kHundredYears));
}

// An instant in the future is wrong and is not used. A record from a copy of the lock file, put
// back by hand, does not shorten the wait for records seen before.
TimePoint Observation::expiry(TimePoint now, const LeaseRecord& record) const {
    const Duration promised = duration_of(record, own_duration_);
    const TimePoint observed = now + promised;
    return record.renewed_at
               ? earlier(observed, later(all_expired_at_, *record.renewed_at + promised))
               : observed;
}

Observation::News Observation::found(TimePoint now, const StoredLease& lease, Source source) {
    const bool known = base_ && base_->version == lease.version;
    if (known && (state_ == State::kHeld || state_ == State::kFree)) {
        if (state_ == State::kFree && source == Source::kRead) {
            all_expired_at_ = {};
        }
        return News::kNothing;
    }
    const bool was_held = state_ == State::kHeld || state_ == State::kVanished;
    const bool is_release = lease.record.lease_duration_seconds == kReleasedSeconds;
    if (was_held && lease.record.holder.text.empty() && !is_release) {
        base_ = lease;
        state_ = State::kHeld;
        return News::kEmptied;
    }
    has_living_holder_ = !known && state_ != State::kUnknown && !lease.record.holder.text.empty();
    was_released_ = was_held && lease.record.holder.text.empty();
    const bool same_holder = state_ != State::kUnknown && holder_ == lease.record.holder;
    base_ = lease;
    holder_ = lease.record.holder;
    state_ = holder_.text.empty() ? State::kFree : State::kHeld;
    expires_at_ = now;
    if (state_ == State::kHeld) {
        expires_at_ = expiry(now, lease.record);
        all_expired_at_ = later(all_expired_at_, expires_at_);
        last_holder_ = holder_;
    } else if (source == Source::kRead) {
        all_expired_at_ = {};
    }
    return same_holder ? News::kNewVersion : News::kNewHolder;
}

void Observation::own(TimePoint now, const StoredLease& lease, Source source) {
    base_ = lease;
    holder_ = lease.record.holder;
    state_ = State::kFree;
    was_released_ = false;
    expires_at_ = now;
    if (source == Source::kRead) {
        all_expired_at_ = {};
    }
}

void Observation::was_there(TimePoint now, const StoredLease& lease) {
    Observation with_it = *this;
    with_it.found(now, lease, Source::kWatch);
    with_it.has_living_holder_ = has_living_holder_; // `lease` may be older than the first read
    const auto before = free_at();
    if (!before || is_not_before(with_it.expires_at_, *before)) {
        *this = with_it;
    }
}

void Observation::absent() {
    base_.reset();
    switch (state_) {
    case State::kUnknown:
    case State::kFree: {
        const bool may_be_held = all_expired_at_ != TimePoint{};
        state_ = may_be_held ? State::kVanished : State::kFree;
        expires_at_ = all_expired_at_;
        holder_ = may_be_held ? last_holder_ : HolderIdentity{};
        break;
    }
    case State::kHeld:
        state_ = State::kVanished;
        break;
    case State::kVanished:
        break;
    }
}

void Observation::forget() { *this = Observation(own_duration_); }

std::optional<TimePoint> Observation::free_at() const {
    return state_ == State::kUnknown ? std::nullopt : std::optional(expires_at_);
}

} // namespace le_run::election

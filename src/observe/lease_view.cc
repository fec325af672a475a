#include "observe/lease_view.h"

#include <algorithm>

#include "election/observation.h"

namespace le_run::observe {

void LeaseView::saw(TimePoint now, const election::ReadOutcome& outcome) {
    if (std::holds_alternative<election::Failure>(outcome)) {
        return;
    }
    has_looked_ = true;
    const auto* found = std::get_if<election::StoredLease>(&outcome);
    if (found == nullptr) {
        lease_.reset();
        has_changed_ = false;
        return;
    }
    if (lease_ && lease_->version == found->version) {
        return;
    }
    has_changed_ = lease_.has_value();
    lease_ = *found;
    seen_since_ = now;
}

std::string LeaseView::holder() const { return lease_ ? lease_->record.holder.text : ""; }

Duration LeaseView::duration() const {
    return lease_ ? election::duration_of(lease_->record, own_duration_) : own_duration_;
}

std::optional<Duration> LeaseView::age(TimePoint now, WallTime wall) const {
    if (!is_held()) {
        return std::nullopt;
    }
    const election::LeaseRecord& record = lease_->record;
    if (record.renewed_at) { // holder and reader share the kernel's clocks
        return left_for_observer(*record.renewed_at, now);
    }
    const Duration seen = left_for_observer(seen_since_, now);
    if (has_changed_ || !record.renew_time) {
        return seen;
    }
    const Duration by_wall =
        std::chrono::microseconds(wall.microseconds - record.renew_time->microseconds);
    return std::max({seen, by_wall, Duration::zero()});
}

LeaseView::State LeaseView::state(TimePoint now, WallTime wall) const {
    if (!has_looked_) {
        return State::kUnknown;
    }
    if (!is_held()) {
        return State::kFree;
    }
    if (has_passed_for_observer(now, seen_since_ + duration())) {
        return State::kStale; // wall clocks do not matter here
    }
    const election::LeaseRecord& record = lease_->record;
    if (record.renewed_at) {
        return has_passed_for_observer(now, *record.renewed_at + duration()) ? State::kStale
                                                                             : State::kLeads;
    }
    return has_changed_ || *age(now, wall) < duration() ? State::kLeads : State::kUnsure;
}

std::optional<Duration> LeaseView::left(TimePoint now, WallTime wall) const {
    const auto since = age(now, wall);
    if (!since) {
        return std::nullopt;
    }
    return std::max(Duration::zero(), duration() - *since);
}

} // namespace le_run::observe

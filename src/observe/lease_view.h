// What somebody who only looks can say of a lease: who leads, and whether the holder lives.
//
// Pure. A record's times are of its holder's wall clock, so they are shown, and believed only where
// nothing better is known: a record that changes while we look was written by a holder that lives;
// one that has not changed for its whole duration, by our clock, was not.
#pragma once

#include <optional>
#include <string>

#include "base/time_point.h"
#include "election/lease.h"

namespace le_run::observe {

class LeaseView {
public:
    // kUnsure: the record looks too old by its wall clock; only looking on can tell.
    enum class State { kUnknown, kFree, kLeads, kUnsure, kStale };

    // `own_duration` counts for a record without a usable duration.
    explicit LeaseView(Duration own_duration) : own_duration_(own_duration) {}

    // The answer to a read, or what a watch told. A Failure changes nothing.
    void saw(TimePoint now, WallTime wall, const election::ReadOutcome& outcome);

    // `wall` in these: what a clock on the wall shows at `now`.
    State state(TimePoint now, WallTime wall) const;
    // Since the last renewal, as well as can be known. Nothing where nobody leads.
    std::optional<Duration> age(TimePoint now, WallTime wall) const;
    // Until the lease runs out unless it is renewed; zero when it has.
    std::optional<Duration> left(TimePoint now, WallTime wall) const;
    const std::optional<election::StoredLease>& lease() const { return lease_; }
    std::string holder() const;
    Duration duration() const;

private:
    bool is_held() const { return lease_ && !lease_->record.holder.text.empty(); }

    Duration own_duration_;
    bool has_looked_ = false;
    std::optional<election::StoredLease> lease_;
    TimePoint seen_since_{};   // this version
    bool has_changed_ = false; // it was not the first version of this holder that we saw
};

} // namespace le_run::observe

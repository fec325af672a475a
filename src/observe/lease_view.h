// The state of a lease for somebody who only reads it: who leads, and whether the holder lives.
//
// Pure. A record's times are from its holder's wall clock. They are shown, but believed only if
// nothing better is known: if a record changes while we watch, its holder lives; if it has not
// changed for its whole duration by our clock, its holder does not renew.
#pragma once

#include <optional>
#include <string>

#include "base/time_point.h"
#include "election/lease.h"

namespace le_run::observe {

class LeaseView {
public:
    // kUnsure: the record looks too old by its wall clock; only more time can tell.
    enum class State { kUnknown, kFree, kLeads, kUnsure, kStale };

    // `own_duration` is used for a record without a usable duration.
    explicit LeaseView(Duration own_duration) : own_duration_(own_duration) {}

    // The answer to a read, or an event of the watch. A Failure changes nothing.
    void saw(TimePoint now, const election::ReadOutcome& outcome);

    // In these functions, `wall` is the wall-clock time at `now`.
    State state(TimePoint now, WallTime wall) const;
    // The time since the last renewal, as well as known. Nothing: nobody leads.
    std::optional<Duration> age(TimePoint now, WallTime wall) const;
    // The time until the lease runs out without a renewal; zero if it has.
    std::optional<Duration> left(TimePoint now, WallTime wall) const;
    const std::optional<election::StoredLease>& lease() const { return lease_; }
    std::string holder() const;
    Duration duration() const;

private:
    bool is_held() const { return lease_ && !lease_->record.holder.text.empty(); }

    Duration own_duration_;
    bool has_looked_ = false;
    std::optional<election::StoredLease> lease_;
    TimePoint seen_since_{};   // when we first saw this version
    bool has_changed_ = false; // we saw another version before: somebody wrote while we watched
};

} // namespace le_run::observe

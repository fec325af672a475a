// What a candidate knows about a lease that others hold: the last record it saw, and when it may
// take over.
//
// Like client-go, it uses observed time and never believes the record's wall-clock times. It waits
// the record's duration from the moment when this process first saw this *version*; any change of
// the record starts the wait again. If holder and observer share the kernel's clocks, the record
// says when it was sent, and the wait counts from then: the holder's own anchor is not later.
#pragma once

#include <optional>

#include "base/time_point.h"
#include "election/lease.h"

namespace le_run::election {

class Observation {
public:
    // kEmptied: the record names no holder any more, without a release.
    enum class News { kNothing, kNewVersion, kNewHolder, kEmptied };

    // `own_duration` is used for a record without a usable duration.
    explicit Observation(Duration own_duration) : own_duration_(own_duration) {}

    // kWatch: a read may already have found a newer record.
    enum class Source { kRead, kWatch };

    // `lease` was found at `now`. A record without a holder is a release only if it has the
    // duration that a release writes. A record emptied in another way, by hand, must not start a
    // second worker, so the observed expiry still counts.
    News found(TimePoint now, const StoredLease& lease, Source source);
    // `lease`, found at `now`, was written by this process, and no work runs: free at once.
    void own(TimePoint now, const StoredLease& lease, Source source);
    // The store held `lease` at some time before `now`, perhaps before the last one found. It can
    // only make the wait longer.
    void was_there(TimePoint now, const StoredLease& lease);
    // There is no lease. A deletion must not start a second worker, so the observed expiry of a
    // seen record still counts, unless a read found its release. A release that only the watch told
    // may be older than that record.
    void absent();
    // Forgets everything. The wait for the next record counts from when it is seen.
    void forget();

    // When the lease may be taken; both clocks must have passed it (time_point.h). No value before
    // the first answer.
    std::optional<TimePoint> free_at() const;
    // The version that a takeover must replace. No value: create the lease.
    const std::optional<StoredLease>& base() const { return base_; }
    // The holder in the last record; empty: nobody.
    const HolderIdentity& holder() const { return holder_; }
    // Whether a holder was seen to write: it lives, or lived a moment ago.
    bool has_living_holder() const { return has_living_holder_; }
    // Whether a holder was seen, and then its release.
    bool was_released() const { return state_ == State::kFree && was_released_; }

private:
    enum class State { kUnknown, kFree, kHeld, kVanished };

    TimePoint expiry(TimePoint now, const LeaseRecord& record) const;

    Duration own_duration_;
    State state_ = State::kUnknown;
    std::optional<StoredLease> base_;
    HolderIdentity holder_;
    TimePoint expires_at_{};
    // About the held records that no read has seen released: who held the last one, and when all of
    // them have run out.
    HolderIdentity last_holder_;
    TimePoint all_expired_at_{};
    bool has_living_holder_ = false;
    bool was_released_ = false;
};

// The lease duration in a record; `own` if the record has none that makes sense.
Duration duration_of(const LeaseRecord& record, Duration own);

} // namespace le_run::election

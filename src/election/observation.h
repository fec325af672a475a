// What a candidate knows of a lease that others hold: which record it saw last, and when it may
// take over.
//
// Observed time, as in client-go: the record's times of the wall are never believed. Its duration
// is waited out from the moment this process first saw this *version*; any change of the record
// starts the wait anew. Where the record says when it was sent, on clocks that holder and observer
// share, its duration is waited out from then: the holder's own anchor is not later.
#pragma once

#include <optional>

#include "base/time_point.h"
#include "election/lease.h"

namespace le_run::election {

class Observation {
public:
    // kEmptied: a record that was held has lost its holder without a release.
    enum class News { kNothing, kNewVersion, kNewHolder, kEmptied };

    // `own_duration` counts for a record without a usable duration.
    explicit Observation(Duration own_duration) : own_duration_(own_duration) {}

    // A watch may tell of a record later than a read that found a newer one.
    enum class Source { kRead, kWatch };

    // `lease` was found at `now`. Without a holder it is a release only with the duration that a
    // release writes; a record that was held and is emptied otherwise, by hand, must not start a
    // second worker, so the observed expiry still stands.
    News found(TimePoint now, const StoredLease& lease, Source source);
    // `lease`, found at `now`, was written by this process itself, and its work is gone: free at
    // once.
    void own(TimePoint now, const StoredLease& lease, Source source);
    // `lease` was there before `now`, earlier or later than what was found last: it can only make
    // the wait longer.
    void was_there(TimePoint now, const StoredLease& lease);
    // There is none. After a record that was seen and not released that is no permission: a
    // deletion must not start a second worker, so the record's observed expiry still stands. A
    // release that only a watch has told of may be older than that record.
    void absent();
    // Nothing is known any more: the next record is waited out from when it will be seen.
    void forget();

    // When the lease may be taken; both clocks must have passed it (time_point.h). Nothing before
    // the first answer.
    std::optional<TimePoint> free_at() const;
    // What a takeover must replace; without a value the lease is to be created.
    const std::optional<StoredLease>& base() const { return base_; }
    // Who holds the lease by the last record; empty: nobody.
    const HolderIdentity& holder() const { return holder_; }
    // Whether a holder was seen to write: it lives, or did a moment ago.
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
    // Of the records that were held, and that no read has seen released since: who held the last
    // one, and when all will have run out.
    HolderIdentity last_holder_;
    TimePoint all_expired_at_{};
    bool has_living_holder_ = false;
    bool was_released_ = false;
};

// The duration that a record promises its holder, at least `own` where it carries none that makes
// sense.
Duration duration_of(const LeaseRecord& record, Duration own);

} // namespace le_run::election

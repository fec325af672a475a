// Keeps the writes that this process sent to the lease, and which of them may have landed (reached
// the store). From that it knows since when the lease is held.
//
// "Mine" is only a record that this process wrote: with its identity and an acquireTime it sent.
//
// Each write has a later renewTime than the one before, by at least a microsecond. So a record that
// is read back tells which write landed. Observers that compare whole seconds (client-go) notice a
// renewal only if its renewTime is in a new second. So a renewal counts from the first send in its
// second: no observer can have seen that second earlier. A new second begins when
// - the wall clock shows one, or
// - the next one is less than a second ahead of the wall clock, or
// - the present one has lasted long enough: the wall clock stands still or was set back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time_point.h"
#include "election/lease.h"

namespace le_run::election {

// One more than `seen`. After the greatest number that a Lease can hold, it begins again with 0:
// the server would refuse a greater one, also from a client-go candidate, which adds one as well.
std::int64_t next_transitions(std::int64_t seen);

class Claim {
public:
    // `seed` differs from process to process.
    Claim(HolderIdentity id, std::uint64_t seed);

    // The renewTime for a write to be sent at `now`, when the wall clock shows `wall`.
    // `longest_second`: after this time a new second begins in any case.
    WallTime next_renew_time(TimePoint now, WallTime wall, Duration longest_second) const;
    // An acquireTime that differs from the one in `seen`, so that nobody takes the new record for
    // an earlier one with this identity. Its part below a tenth of a second is this process's mark,
    // so it also differs from that of a process with the same identity that writes at this instant.
    WallTime next_acquire_time(WallTime wall, const std::optional<LeaseRecord>& seen) const;

    // A write of `record` is about to be sent; `now` was read before that. From here on nobody
    // knows whether it lands.
    void sending(TimePoint now, const LeaseRecord& record);
    // A write in doubt has landed: the one with the renewTime of `lease`.
    void landed(const StoredLease& lease);
    // The last write did not land, and never will.
    void refused();
    // The answer to the last write was a conflict: the store held another version than the write
    // expected. That version may be the write's own, if something on the way sent it twice.
    void conflicted();

    // Takes over the lease of a dead process with this identity, which won it with `acquire_time`
    // and renewed it last at `anchor`. Only a read tells what the store holds now.
    void inherit(WallTime acquire_time, TimePoint anchor);

    bool is_mine(const LeaseRecord& record) const;
    // A read found `lease`, which is mine. Takes over its version and the send of its write. True
    // if a write in doubt has landed.
    bool read_back(const StoredLease& lease);
    // Whether the store still has the last write that is known to have landed.
    bool is_unchanged(const ReadOutcome& seen) const;
    // The lease is not mine any more: released, or another's record was seen.
    void give_up();

    // Whether a write of mine has landed and nobody has replaced it, as far as known.
    bool is_held() const { return held_.has_value(); }
    // The instant s of election/timing.h: no observer can have seen the last successful renewal
    // before it. It lies just before the first send in that renewal's second. Only while is_held().
    TimePoint anchor() const;
    // Just before the last successful renewal was sent. Only while is_held().
    TimePoint renewed_at() const;
    // Of the write that won the lease. Only while is_held().
    WallTime acquire_time() const;
    // The stored lease, as far as known. Only while is_held().
    const StoredLease& lease() const;
    // Whether some writes may or may not have landed.
    bool in_doubt() const { return !doubtful_.empty(); }
    // Whether one of these writes has no answer at all.
    bool is_unanswered() const;
    // When the newest of these writes was sent. Only while in_doubt().
    TimePoint doubtful_since() const;

private:
    // kAnswered: by a conflict, or the write landed and a newer acquisition may have replaced it.
    enum class Fate { kUnknown, kAnswered };
    struct Sent {
        WallTime acquire_time;
        WallTime renew_time;
        TimePoint at;
        TimePoint anchor; // the first send in the same second of renewTime
        Fate fate = Fate::kUnknown;
    };
    struct Held {
        Sent sent;
        StoredLease lease;
    };

    const Sent& in_doubt_as(const LeaseRecord& written) const;

    HolderIdentity id_;
    std::int64_t mark_;              // microseconds
    WallTime greatest_renew_time_{}; // of all writes sent
    TimePoint second_began_at_{};    // when the first write in that second was sent
    std::optional<Held> held_;
    std::vector<Sent> doubtful_; // oldest first
};

} // namespace le_run::election

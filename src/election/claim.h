// Which writes this process sent to the lease, which of them may have landed, and what that is
// worth.
//
// "Mine" is only a record that this process wrote: its identity and an acquireTime it sent.
//
// Each write carries a later renewTime than the one before, by a microsecond at least, so a record
// read back names the write that landed. Observers that compare whole seconds (client-go) see a
// renewal only if its renewTime is of a new second. So a renewal counts from the first send of its
// second: an observer cannot have seen that second earlier. A new second begins
// - when the wall clock shows one, or
// - when the next one is less than a second ahead of the wall clock, or
// - when the present one has lasted long enough: the wall clock stands still or was set back.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time_point.h"
#include "election/lease.h"

namespace le_run::election {

// One more than `seen`; after the greatest number that a Lease holds, it begins again with 0: a
// client-go candidate adds one to what it finds, and the server would refuse its number too.
std::int64_t next_transitions(std::int64_t seen);

class Claim {
public:
    // `seed` differs from process to process.
    Claim(HolderIdentity id, std::uint64_t seed);

    // The renewTime for a write to be sent at `now`, when the wall clock shows `wall`.
    // `longest_second`: a second that has lasted so long is followed by a new one in any case.
    WallTime next_renew_time(TimePoint now, WallTime wall, Duration longest_second) const;
    // An acquireTime unlike `seen`, so that the new record cannot be taken for an earlier one with
    // this identity; and unlike that of another process with this identity that writes at the same
    // instant (woken by the same event, say): below a tenth of a second it is this process's mark.
    WallTime next_acquire_time(WallTime wall, const std::optional<LeaseRecord>& seen) const;

    // A write of `record` is about to be sent; `now` was read before. Its fate is unknown from here
    // on.
    void sending(TimePoint now, const LeaseRecord& record);
    // The last one sent is known to have landed.
    void landed(const StoredLease& lease);
    // The last one sent is known not to have happened, and never will.
    void refused();
    // The last one sent was answered with a conflict: the store held another version than it
    // expected. That version may be its own, where something on the way has sent it twice.
    void conflicted();

    // Takes over what a dead process of this identity won by a record with `acquire_time`, and
    // renewed last at `anchor`. What the store holds by now, only a read tells.
    void inherit(WallTime acquire_time, TimePoint anchor);

    bool is_mine(const LeaseRecord& record) const;
    // A read found `lease`, which is mine: takes over its version, and the send it tells of. True
    // if a write in doubt has landed.
    bool read_back(const StoredLease& lease);
    // The lease is not mine any more: released, or another's record was seen.
    void give_up();

    // Whether some write of mine is known to have landed and not to have been replaced.
    bool is_held() const { return held_.has_value(); }
    // s: no observer can have seen the second of the last renewal whose success is known before
    // this instant. It lies just before that renewal was sent, or before the first one of the same
    // second. Only while is_held().
    TimePoint anchor() const;
    // Just before the last renewal whose success is known was sent. Only while is_held().
    TimePoint renewed_at() const;
    // Of the write that won the lease. Only while is_held().
    WallTime acquire_time() const;
    // What the store holds, as far as known. Only while is_held().
    const StoredLease& lease() const;
    // Whether writes are out whose fate is unknown: a read must tell before the next one is worth
    // sending.
    bool in_doubt() const { return !doubtful_.empty(); }
    // Whether one of them has no answer at all.
    bool is_unanswered() const;
    // The send of the newest of them. Only while in_doubt().
    TimePoint doubtful_since() const;

private:
    // kAnswered: with a conflict, or it has landed and was perhaps replaced by a newer acquisition.
    enum class Fate { kUnknown, kAnswered };
    struct Sent {
        WallTime acquire_time;
        WallTime renew_time;
        TimePoint at;
        TimePoint anchor; // the first send of its second
        Fate fate = Fate::kUnknown;
    };
    struct Held {
        Sent sent;
        StoredLease lease;
    };

    HolderIdentity id_;
    std::int64_t mark_;              // microseconds
    WallTime greatest_renew_time_{}; // of those sent
    TimePoint second_began_at_{};    // when the first write of its second was sent
    std::optional<Held> held_;
    std::vector<Sent> doubtful_; // oldest first
};

} // namespace le_run::election

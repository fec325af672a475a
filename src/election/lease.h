// The vocabulary of leases: what a store keeps, and what it can answer.
//
// Pure values, shared by the election and the stores. Things that look alike have types that do not
// mix.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/time_point.h"

namespace le_run::election {

// Who holds a lease; unique per process unless the user chose it. Empty: nobody (the lease was
// released).
struct HolderIdentity {
    std::string text;
    friend bool operator==(const HolderIdentity&, const HolderIdentity&) = default;
};

// What compare-and-write compares. Opaque: equal or not, nothing else.
struct Version {
    std::string text;
    friend bool operator==(const Version&, const Version&) = default;
};

// A decimal integer that grows strictly with every acquisition: the resourceVersion, mod_revision
// or counter of the winning write. Handed to the work as LE_RUN_FENCING_TOKEN.
struct FencingToken {
    std::string text;
    friend bool operator==(const FencingToken&, const FencingToken&) = default;
};

// The lease record: LeaseSpec of coordination.k8s.io/v1 in our words, and what only some stores can
// keep.
struct LeaseRecord {
    HolderIdentity holder; // holderIdentity; null and absent count as empty
    std::optional<std::int64_t> lease_duration_seconds; // leaseDurationSeconds
    std::optional<WallTime> acquire_time;               // acquireTime
    std::optional<WallTime> renew_time;                 // renewTime
    std::int64_t transitions = 0;                       // leaseTransitions; for people, not a term
    // When the holder sent this record. It is known only where holder and reader certainly share
    // the kernel's clocks. far_past(): in an earlier boot, before these clocks began.
    std::optional<TimePoint> renewed_at{};
    friend bool operator==(const LeaseRecord&, const LeaseRecord&) = default;
};

// The duration in a released record: as client-go writes it; the API server refuses 0.
inline constexpr std::int64_t kReleasedSeconds = 1;

// A record as it lies in a store. `object` is the stored object as received, opaque to everyone but
// the store: a later write edits it, so that fields le-run does not know survive.
struct StoredLease {
    LeaseRecord record;
    Version version;
    std::string object;
};

struct Found {
    StoredLease lease;
};

// There is no such lease (for Kubernetes: a Status with reason NotFound that names this lease,
// nothing else).
struct Absent {};

struct Failure {
    enum class Kind {
        // No answer, a late one, or one that says nothing (5xx, 429): on a write the outcome is
        // *unknown*.
        kUnreachable,
        // The store answered and refused (401, 403, a missing namespace): a write did not happen.
        kDenied,
        kMalformed, // the stored record cannot be read: a write did not happen
        kUntrusted, // the server could not prove who it is: nothing was sent
    };
    Kind kind = Kind::kUnreachable;
    std::string text; // one line for people: what was tried, what came back, what to do
    std::optional<Duration> retry_after; // what the server asked for
};

// The write happened; `lease` is what is stored now.
struct Written {
    StoredLease lease;
    FencingToken token; // of this write
};

// The store holds another version than the expected one, perhaps none (or, for a create, something
// already): nothing was written.
struct Conflict {};

using ReadOutcome = std::variant<Found, Absent, Failure>;
using WriteOutcome = std::variant<Written, Conflict, Absent, Failure>;

// From now on changes are told as they happen.
struct WatchWorks {
    bool is_seamless = false; // nothing can have been missed since the last version that was seen
};
// Changes are not told until it works again, which is tried all the time.
struct WatchFails {
    std::string text; // one line for people
};

// What a watch tells. Found and Absent are hints: any may be missed, late or repeated, and none is
// proof; but none is older than what the same store has answered before.
using WatchNews = std::variant<Found, Absent, WatchWorks, WatchFails>;

} // namespace le_run::election

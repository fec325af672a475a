// The vocabulary of leases: what a store keeps, and what it can answer.
//
// Pure values, shared by the election and the stores. Values of different meaning have different
// types, so that nobody mixes them up.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
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

// What compare-and-write compares. Opaque: two versions are equal or not, nothing more.
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

// The lease record: the fields of LeaseSpec (coordination.k8s.io/v1), and one that only some stores
// keep.
struct LeaseRecord {
    HolderIdentity holder; // holderIdentity; null and absent count as empty
    std::optional<std::int64_t> lease_duration_seconds; // leaseDurationSeconds
    std::optional<WallTime> acquire_time;               // acquireTime
    std::optional<WallTime> renew_time;                 // renewTime
    std::int64_t transitions = 0; // leaseTransitions; for people, not a fencing token
    // When the holder sent this record. Set only where holder and reader certainly share the
    // kernel's clocks. far_past(): the holder sent it in an earlier boot.
    std::optional<TimePoint> renewed_at{};
    friend bool operator==(const LeaseRecord&, const LeaseRecord&) = default;
};

// The duration in a released record: as client-go writes it; the API server refuses 0.
inline constexpr std::int64_t kReleasedSeconds = 1;

// The stored object around the record, in the form that its store needs. Only that store reads it.
class StoredObject {
public:
    virtual ~StoredObject() = default;
};

// A record as the store holds it. A later write edits a copy of `object`, so that fields that le-run
// does not know stay as they are.
struct StoredLease {
    LeaseRecord record;
    Version version;
    std::shared_ptr<const StoredObject> object{};
};

// There is no such lease. For Kubernetes, only a Status with reason NotFound that names this lease
// says so.
struct Absent {};

struct Failure {
    enum class Kind {
        // No answer, a late answer, or one that says nothing (5xx, 429). The outcome of a write is
        // *unknown*.
        kUnreachable,
        // The store refused (401, 403, a missing namespace). A write did not happen.
        kDenied,
        kMalformed, // le-run cannot parse the stored record; a write did not happen
        kUntrusted, // the server did not prove its identity; nothing was sent
    };
    Kind kind = Kind::kUnreachable;
    std::string text; // one line for people: what was tried, what came back, what to do
    std::optional<Duration> retry_after; // the pause that the server asked for
};

// The write happened; `lease` is what is stored now.
struct Written {
    StoredLease lease;
    FencingToken token; // of this write
};

// Nothing was written: the store holds another version than expected, or none. For a create: the
// lease exists already.
struct Conflict {};

using ReadOutcome = std::variant<StoredLease, Absent, Failure>;
using WriteOutcome = std::variant<Written, Conflict, Absent, Failure>;

// The watch works: from now on it tells each change.
struct WatchWorks {
    bool is_seamless = false; // no change since the last seen version can have been missed
};
// The watch tells no changes until it works again. The store keeps trying.
struct WatchFails {
    std::string text; // one line for people
};

// What a watch tells. A StoredLease and Absent are hints: one may be missing, late or repeated. But
// none is older than an earlier answer of the same store.
using WatchNews = std::variant<StoredLease, Absent, WatchWorks, WatchFails>;

} // namespace le_run::election

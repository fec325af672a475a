// A store is a register with compare-and-write. It has no policy: the election decides who may take
// the lease, and when.
#pragma once

#include <functional>
#include <optional>

#include "election/lease.h"

namespace le_run::store {

// Contract (tests/store/contract runs it over every store):
// - Each handler is called exactly once, on the loop's thread, and never from inside the call.
//   After the store is destroyed, no handler is called. Several requests may be pending.
// - After `timeout` without an answer, the handler gets Failure{kUnreachable}. Without `late`, the
//   store then gives up the request as far as possible, but a write may still happen afterwards.
//   With a `late` above `timeout`, the store may listen until then. If an answer comes, it calls
//   the handler a second time.
// - Nothing here throws for a reason outside the program.
class LeaseStore {
public:
    using ReadHandler = std::function<void(election::ReadOutcome)>;
    using WriteHandler = std::function<void(election::WriteOutcome)>;
    using WatchHandler = std::function<void(election::WatchNews)>;

    virtual ~LeaseStore() = default;

    // Reads the present record: linearizable, never from a cache.
    virtual void async_read(Duration timeout, ReadHandler handler, Duration late = {}) = 0;

    // Writes `record` if the stored lease still has the version of `base`; without a base, only if
    // there is no lease. `base` comes from this kind of store. Fields of base.object that
    // LeaseRecord does not have stay as they are. If `base` is given and the lease has vanished,
    // nothing is written (a write never re-creates a lease). The answer is then Absent, or Conflict
    // if the store cannot tell the two apart.
    virtual void async_write(election::LeaseRecord record,
                             std::optional<election::StoredLease> base, Duration timeout,
                             WriteHandler handler, Duration late = {}) = 0;

    // Tells each change after the last version that this store has read or written, until the store
    // ends. Call it once. It calls the handler on the loop, never from inside this call. It makes a
    // broken connection again by itself, first at once, then after growing pauses.
    virtual void watch(WatchHandler handler) = 0;
};

} // namespace le_run::store

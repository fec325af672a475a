// A store is a register with compare-and-write. It has no policy: who may take what and when is the
// election's.
#pragma once

#include <functional>
#include <optional>

#include "election/lease.h"

namespace le_run::store {

// Contract (tests/store/contract runs it over every store):
// - Each handler is called exactly once, on the loop's thread, never from inside the call; after
//   the store is destroyed no handler is called. Several requests may be under way.
// - When `timeout` has passed without an answer the handler gets Failure{kUnreachable}. Without
//   `late` the request is then given up as far as possible, but a write may still happen
//   afterwards. With a `late` above `timeout` the store may go on listening until then, and calls
//   the handler once more with what was answered after all.
// - Nothing here throws for a reason outside the program.
class LeaseStore {
public:
    using ReadHandler = std::function<void(election::ReadOutcome)>;
    using WriteHandler = std::function<void(election::WriteOutcome)>;
    using WatchHandler = std::function<void(election::WatchNews)>;

    virtual ~LeaseStore() = default;

    // The record as it is now: linearizable, never from a cache.
    virtual void async_read(Duration timeout, ReadHandler handler, Duration late = {}) = 0;

    // Writes `record` if the stored lease is still exactly `base` (its version); without a base,
    // only if there is none. Fields of base.object that LeaseRecord does not have survive. When
    // `base` is given and the lease has vanished nothing is written (a write never re-creates one),
    // and the answer is Absent, or Conflict where the store does not tell the two apart.
    virtual void async_write(election::LeaseRecord record,
                             std::optional<election::StoredLease> base, Duration timeout,
                             WriteHandler handler, Duration late = {}) = 0;

    // Tells of changes from the last version on that this store has read or written, until its end;
    // to be called once. The handler's calls are on the loop, never from inside this one. A
    // connection that breaks is begun again by itself, at once and then after growing pauses.
    virtual void watch(WatchHandler handler) = 0;
};

} // namespace le_run::store

// What an Election wants done. Its owner does it in this order, before the next step.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "base/time_point.h"
#include "election/facts.h"
#include "election/lease.h"
#include "election/report.h"

namespace le_run::election {

enum class StopCause { kStepDown, kRenewDeadline, kOtherHolder, kVanished, kMargin };
// Whether another replica may lead already: then there is no time for a stop signal.
constexpr bool is_lease_lost(StopCause cause) {
    return cause == StopCause::kOtherHolder || cause == StopCause::kVanished;
}
enum class Ending { kStopped, kWorkEnded, kLost, kNotWon, kDenied, kUnusable, kGuardLost };

// `timeout`: without an answer by then, the store reports a Failure. `late`: until then, the store
// also reports an answer that comes after the timeout. Both count from the send.
struct ReadLease {
    Attempt attempt;
    Duration timeout;
    Duration late;
};
struct WriteLease {
    Attempt attempt;
    LeaseRecord record;
    std::optional<StoredLease> base; // the version to replace; none: create the lease
    Duration timeout;
    Duration late;
};
struct StartWork {
    TimePoint term_at;
    TimePoint kill_at;
    FencingToken token;
    WallTime acquire_time; // with the identity, it identifies this leadership in the record
};
struct ExtendWork {
    TimePoint term_at;
    TimePoint kill_at;
};
struct StopWork {
    StopCause cause;
    TimePoint kill_at; // the latest time for SIGKILL; in the past: at once, without a stop signal
};
struct Finish {
    Ending ending;
    std::string text; // the reason, where it is not obvious
};
using Action = std::variant<ReadLease, WriteLease, StartWork, ExtendWork, StopWork, Report, Finish>;

} // namespace le_run::election

// What an election wants done, in this order, before its next step.
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
// Another may lead, so nobody can be asked to stop and waited for.
constexpr bool is_lease_lost(StopCause cause) {
    return cause == StopCause::kOtherHolder || cause == StopCause::kVanished;
}
enum class Ending { kStopped, kWorkEnded, kLost, kNotWon, kDenied, kUnusable, kGuardLost };

// `timeout`: without an answer until then a Failure says why; `late`: a later answer is told as
// well until then. Both from the send on.
struct ReadLease {
    Attempt attempt;
    Duration timeout;
    Duration late;
};
struct WriteLease {
    Attempt attempt;
    LeaseRecord record;
    std::optional<StoredLease> base; // none: create
    Duration timeout;
    Duration late;
};
struct StartWork {
    TimePoint term_at;
    TimePoint kill_at;
    FencingToken token;
    WallTime acquire_time; // with the identity, this leadership's name in the record
};
struct ExtendWork {
    TimePoint term_at;
    TimePoint kill_at;
};
struct StopWork {
    StopCause cause;
    TimePoint kill_at; // not after this; in the past: at once, without asking first
};
struct Finish {
    Ending ending;
    std::string text; // why, where it is not obvious
};
using Action = std::variant<ReadLease, WriteLease, StartWork, ExtendWork, StopWork, Report, Finish>;

} // namespace le_run::election

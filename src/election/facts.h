// What can happen to an election, as values; the time comes beside them.
#pragma once

#include <cstdint>
#include <variant>

#include "base/time_point.h"
#include "election/lease.h"

namespace le_run::election {

enum class Attempt : std::uint64_t {
}; // numbers requests; an answer to one that was written off has no force

enum class StepDownReason { kAsked, kGuardLost };
// kToldToEnd: by itself, after it was told to end by another way than a stop of ours.
enum class WorkEnd { kByItself, kToldToEnd, kStopped, kDeadline, kGuardLost };

struct Tick {};
struct ReadAnswered {
    Attempt attempt;
    ReadOutcome outcome;
};
struct WriteAnswered {
    Attempt attempt;
    WriteOutcome outcome;
};
struct StepDownAsked {
    StepDownReason reason;
};
struct WorkGone { // all of it: the only fact that leads to a release
    WorkEnd end;
};
struct WokeLate { // a process on this machine, so long after the instant that it had asked for
    Duration by;
};
struct TreeMeasured { // while work runs: killing its processes takes up to `kappa`; see timing.h
    Duration kappa;
    std::uint32_t processes;
};
struct Watched { // a hint: it justifies a compare-and-write or a read, and stops no work
    WatchNews news;
};
using Fact = std::variant<Tick, ReadAnswered, WriteAnswered, StepDownAsked, WorkGone, WokeLate,
                          TreeMeasured, Watched>;

} // namespace le_run::election

// What can happen to an election, as values. The time is passed beside them.
#pragma once

#include <cstdint>
#include <variant>

#include "base/time_point.h"
#include "election/lease.h"

namespace le_run::election {

enum class Attempt : std::uint64_t {
}; // the number of a request; the answer to a request that was given up has no effect

enum class StepDownReason { kAsked, kGuardLost };
// kToldToEnd: the work ended by itself, after a signal that le-run only passed on to it.
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
struct WorkGone { // no process of the work is left; only this fact leads to a release
    WorkEnd end;
};
struct WokeLate { // a process on this host woke up this long after the instant it had asked for
    Duration by;
};
struct TreeMeasured { // while work runs: killing its processes takes up to `kappa` (timing.h)
    Duration kappa;
    std::uint32_t processes;
};
struct Watched { // a hint: it may lead to a compare-and-write or a read, but never stops work
    WatchNews news;
};
using Fact = std::variant<Tick, ReadAnswered, WriteAnswered, StepDownAsked, WorkGone, WokeLate,
                          TreeMeasured, Watched>;

} // namespace le_run::election

// The dimensions of the matrix and how their values are called.
#pragma once

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace le_run::test::faults {

// kOom: as memory.oom.group does it, the target and every process below it at once. kGroupKill:
// kill -9 -PGID of the target.
enum class Hit { kTerm, kKill, kStop, kSegv, kOom, kGroupKill };
// kBoth: le-run, then its guard.
enum class Target { kLeRun, kGuard, kChild, kBoth };
// kPidOne: le-run is PID 1 of a new PID namespace. kPidNamespace: the guard is (--pid-namespace).
enum class Mode { kNormal, kPidOne, kPidNamespace };
enum class Shape {
    kPlain,
    kStubborn,
    kDaemonizing,
    kStorm,
    kStoppedGrandchild,
    kThreadForked,
    kVforkBlocked,
    kOtherUid,
    kNestedPidNamespace,
    kCloneParent,
    // Big ones: only for the faults of big_cases() in cases.cc.
    kChain,
    kThreads,
    kStar,
    kWide,
    kMix,
    kStoppedMix
};

inline constexpr std::array<std::string_view, 6> kHitNames = {"term", "kill", "stop",
                                                              "segv", "oom",  "kill-group"};
inline constexpr std::array<std::string_view, 4> kTargetNames = {"le-run", "guard", "child",
                                                                 "both"};
inline constexpr std::array<std::string_view, 3> kModeNames = {"normal", "pid1", "pidns"};
// As awkward_shapes.h calls them.
inline constexpr std::array<std::string_view, 16> kShapeNames = {"plain",
                                                                 "stubborn",
                                                                 "daemonizing",
                                                                 "storm-of-100",
                                                                 "stopped-grandchild",
                                                                 "thread-forked",
                                                                 "vfork-blocked",
                                                                 "other-uid",
                                                                 "nested-pidns",
                                                                 "clone-parent",
                                                                 "chain-1000",
                                                                 "threads-1000",
                                                                 "star-10000",
                                                                 "wide-10000",
                                                                 "mix-10000",
                                                                 "mix-10000-stopped"};
inline constexpr std::size_t kSmallShapes = 10;
inline constexpr int kMostProcesses = 10'000; // of a big one
inline constexpr bool is_big(Shape shape) { return shape >= Shape::kChain; }

struct ProcessFault {
    Hit hit{};
    Target target{};
    Mode mode{};
    Shape shape{};
};

// When a fault strikes. kStart: so long after the start of le-run; kLeading: after its tree is
// there; kStopping: after the request to stop.
struct Moment {
    enum class Phase { kStart, kLeading, kStopping };
    Phase phase = Phase::kLeading;
    std::chrono::milliseconds delay{0};
};
inline constexpr std::array<std::string_view, 3> kPhaseNames = {"start", "leading", "stopping"};

// The way between one replica and its server.
enum class Outage { kHang, kRefuse, kDrop, kDrip, kReset, kDns, k429, k500, k503, k401 };
inline constexpr std::array<std::string_view, 10> kOutageNames = {
    "hangs",  "refuses", "drops-answers", "drips-a-byte-a-second",
    "resets", "dns",     "429-hour",      "500",
    "503",    "401"};
// Less than the renew deadline, or more than the lease duration.
enum class Length { kShort, kLong };
inline constexpr std::array<std::string_view, 2> kLengthNames = {"short", "long"};

template <class Value, std::size_t kSize>
std::string name_of(Value value, const std::array<std::string_view, kSize>& names) {
    return std::string(names.at(static_cast<std::size_t>(value)));
}

std::string name_of(const ProcessFault& fault); // "process/kill/guard/pid1/plain"
std::string name_of(const Moment& moment);      // "@leading+731"

} // namespace le_run::test::faults

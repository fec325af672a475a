// All of le-run stands still, twice or three times within a minute: SIGSTOP of le-run and its
// guard, then SIGCONT. a leads, b stands by.
#pragma once

#include <array>
#include <string_view>

#include "faults/judge.h"

namespace le_run::test::faults {

// kShort: in proportion to the lease; costs nothing. kLong: too long for the lease, which is handed
// over in order.
enum class Pause { kShort, kLong };
inline constexpr std::array<std::string_view, 2> kPauseNames = {"short", "long"};
// kAll: as a host that pauses; b, which had no child, knows of no pause and leads next. kAlone:
// there is no b, so nobody contends until the pauses are forgotten.
enum class Paused { kLeader, kAll, kAlone };
inline constexpr std::array<std::string_view, 3> kPausedNames = {"leader", "all", "alone"};

struct PauseFault {
    int times = 2;
    Pause length{};
    Paused who{};
};

// Tells when somebody led again.
void run_pause_fault(const PauseFault& fault, Judge& judge);

} // namespace le_run::test::faults

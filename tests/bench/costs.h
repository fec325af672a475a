// What processes cost, as the kernel counts it.
#pragma once

#include <chrono>

#include <sys/types.h>

namespace le_run::test {

// CPU time so far of all its threads, also of those that have ended. NaN: there is no such process.
double cpu_seconds(pid_t pid);
// Private memory, and its part of what it shares with others.
double pss_megabytes(pid_t pid);

// After so long a leader has renewed some times, and holds what it holds.
constexpr std::chrono::seconds kWarmUp{15};
// Of client-go's leader election example, leading.
double client_go_memory();

} // namespace le_run::test

// How much CPU the cgroup of this process may use: a small limit makes every wake-up late.
#pragma once

#include <optional>
#include <string>

#include "time_point.h"

namespace le_run {

// CPUs, e.g. 0.1 for a Kubernetes limit of 100m; the tightest limit from the process's cgroup up to
// the root. Nothing: no limit, or it cannot be seen. `root` is where /proc and /sys are found
// (tests).
std::optional<double> cpu_limit(const std::string& root = "");

// lambda and kappa of the timing rule under that limit: max(1 s, 0.5 s / CPUs). Measured: README,
// "CPU limits".
Duration margin_for(std::optional<double> cpus);

} // namespace le_run

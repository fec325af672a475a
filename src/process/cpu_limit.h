// How much CPU the cgroup of this process may use: a small limit makes every wake-up late.
#pragma once

#include <optional>
#include <string>

namespace le_run::process {

// CPUs, e.g. 0.1 for a Kubernetes limit of 100m; the tightest limit from the process's cgroup up to
// the root. Nothing: no limit, or it cannot be seen. `root` is where /proc and /sys are found
// (tests).
std::optional<double> cpu_limit(const std::string& root = "");

} // namespace le_run::process

// The CPU limit of this process's cgroup. A small limit makes every wake-up late.
#pragma once

#include <optional>
#include <string>

namespace le_run::process {

// The limit in CPUs, such as 0.1 for a Kubernetes limit of 100m: the smallest one from the
// process's cgroup up to the root. Nothing: there is no limit, or it cannot be seen. `root`: the
// folder of /proc and /sys (for tests).
std::optional<double> cpu_limit(const std::string& root = "");

} // namespace le_run::process

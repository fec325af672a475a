#include "process/cpu_limit.h"

#include <fstream>
#include <sstream>

namespace le_run::process {
namespace {

std::optional<double> quota_v2(const std::string& folder) {
    std::ifstream file(folder + "/cpu.max");
    std::string quota;
    double period = 0;
    if (file >> quota >> period && quota != "max" && period > 0) {
        std::istringstream number(quota);
        double value = 0;
        if (number >> value && value > 0) {
            return value / period;
        }
    }
    return std::nullopt;
}

std::optional<double> quota_v1(const std::string& folder) {
    double quota = 0;
    double period = 0;
    if (std::ifstream(folder + "/cpu.cfs_quota_us") >> quota &&
        std::ifstream(folder + "/cpu.cfs_period_us") >> period && quota > 0 && period > 0) {
        return quota / period;
    }
    return std::nullopt;
}

// Whether the comma-separated list names the controller.
bool names_controller(const std::string& list, const std::string& controller) {
    std::istringstream names(list);
    for (std::string name; std::getline(names, name, ',');) {
        if (name == controller) {
            return true;
        }
    }
    return false;
}

} // namespace

std::optional<double> cpu_limit(const std::string& root) {
    std::optional<double> tightest;
    // From the process's own cgroup up to the root. Inside a container, the path in /proc is "/",
    // or it does not exist below the mount. A missing folder has no limit; the last step is the
    // mount.
    const auto walk = [&](const std::string& mount, std::string path, auto&& quota_of) {
        for (;;) {
            const auto quota = quota_of(std::string(root).append(mount).append(path));
            if (quota && (!tightest || *quota < *tightest)) {
                tightest = quota;
            }
            if (path.empty()) {
                return;
            }
            path.erase(path.rfind('/'));
        }
    };
    std::ifstream cgroups(root + "/proc/self/cgroup");
    for (std::string line; std::getline(cgroups, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) {
            continue;
        }
        const std::string controllers = line.substr(first + 1, second - first - 1);
        std::string path = line.substr(second + 1);
        if (path.empty() || path == "/" || path.front() != '/') {
            path.clear();
        }
        if (controllers.empty()) {
            walk("/sys/fs/cgroup", path, quota_v2);
        } else if (names_controller(controllers, "cpu")) {
            walk("/sys/fs/cgroup/cpu", path, quota_v1);
        }
    }
    return tightest;
}

} // namespace le_run::process

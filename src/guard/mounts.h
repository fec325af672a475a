// The mounts that this process sees, from /proc/self/mountinfo.
#pragma once

#include <string>
#include <vector>

namespace le_run::guard {

struct Mount {
    std::string id;
    std::string parent;
    std::string root;
    std::string point;
    std::string options; // of the mount
    std::string type;
    std::string super_options; // of the file system
};

// In the order in which they were mounted. Empty: mountinfo cannot be read.
std::vector<Mount> read_mounts();

} // namespace le_run::guard

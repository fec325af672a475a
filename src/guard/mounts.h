// What is mounted where, as this process sees it: /proc/self/mountinfo.
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

// In the order of the mounting; empty: it cannot be read.
std::vector<Mount> read_mounts();

} // namespace le_run::guard

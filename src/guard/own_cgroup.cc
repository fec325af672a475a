#include "guard/own_cgroup.h"

#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "guard/mounts.h"

namespace le_run::guard {
namespace {

// This process's path in the v2 hierarchy, such as "/system.slice/x.service"; empty: none.
std::string place_in_hierarchy() {
    std::ifstream file("/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("0::/", 0) == 0) {
            return line.substr(3);
        }
    }
    return {};
}

// Where the whole v2 hierarchy is mounted; empty: nowhere. A mount of only a part of it, or from
// outside this cgroup namespace, is of no use here.
std::string mount_point() {
    for (const Mount& mount : read_mounts()) {
        if (mount.root == "/" && mount.type == "cgroup2") {
            return mount.point;
        }
    }
    return {};
}

bool is_delegated(const std::string& path) {
    for (const char* name : {"user.delegate", "trusted.delegate"}) {
        char value = 0;
        if (::getxattr(path.c_str(), name, &value, 1) == 1 && value == '1') {
            return true;
        }
    }
    return false;
}

} // namespace

OwnCgroup::OwnCgroup() {
    const std::string mounted = mount_point();
    const std::string place = place_in_hierarchy();
    if (mounted.empty() || place.empty() || !is_delegated(mounted + place)) {
        return;
    }
    path_ = mounted + place + "/le-run-" + std::to_string(::getpid());
    if (::mkdir(path_.c_str(), 0755) != 0) {
        path_.clear();
        return;
    }
    kill_fd_ = ::open((path_ + "/cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC); // Linux 5.14
    join_fd_ = ::open((path_ + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
    if (kill_fd_ < 0 || join_fd_ < 0) {
        close();
    }
}

OwnCgroup::~OwnCgroup() { close(); }

void OwnCgroup::close() {
    for (int* fd : {&kill_fd_, &join_fd_}) {
        if (*fd >= 0) {
            ::close(*fd);
        }
        *fd = -1;
    }
    if (!path_.empty()) {
        ::rmdir(path_.c_str());
    }
    path_.clear();
}

} // namespace le_run::guard

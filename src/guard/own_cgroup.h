// A cgroup (v2) for the child and its tree, below le-run's own: its cgroup.kill ends all of it at
// one blow, what forks meanwhile included.
//
// Only where le-run's cgroup is le-run's to divide: the service manager has marked it as delegated
// (systemd does so with Delegate=yes: the extended attribute user.delegate or trusted.delegate is
// 1). Into the new cgroup comes the child, which joins it before its exec, and what it forks. No
// other process is ever moved, so no other one is killed. Controllers are left as they are: the
// limits of le-run's cgroup hold for both. Where any of this cannot be had, there is no such
// cgroup, and the sweep of ProcessTree does all by itself.
#pragma once

#include <string>

namespace le_run::guard {

class OwnCgroup {
public:
    // Makes it, named after this process. Does not throw.
    OwnCgroup();
    // Removes it. It is empty: the tree is gone. (A guard that is killed leaves it behind, until
    // the service manager removes le-run's cgroup with all below it.)
    ~OwnCgroup();
    OwnCgroup(const OwnCgroup&) = delete;
    OwnCgroup& operator=(const OwnCgroup&) = delete;

    // For writing, close-on-exec; -1: there is no such cgroup.
    int kill_fd() const { return kill_fd_; } // "1": SIGKILL to all in it
    int join_fd() const { return join_fd_; } // "0": the writer joins it

private:
    void close();

    std::string path_;
    int kill_fd_ = -1;
    int join_fd_ = -1;
};

} // namespace le_run::guard

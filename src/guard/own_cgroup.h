// A cgroup (v2) for the child and its tree, below le-run's own. Its cgroup.kill ends the whole tree
// in one step, even processes that are forked meanwhile.
//
// It exists only if the service manager has delegated le-run's cgroup to le-run (systemd does so
// with Delegate=yes; then the extended attribute user.delegate or trusted.delegate is 1). The child
// joins the new cgroup before its exec, and its descendants are born in it. le-run moves no other
// process there, so no other one is killed. It changes no controllers: the limits of le-run's
// cgroup count for both. If any of this fails, there is no such cgroup, and ProcessTree kills
// without it.
#pragma once

#include <string>

namespace le_run::guard {

class OwnCgroup {
public:
    // Makes the cgroup, with this process's number in its name. Does not throw.
    OwnCgroup();
    // Removes the cgroup, which is empty because the tree is gone. (If the guard is killed, the
    // cgroup stays until the service manager removes le-run's cgroup with everything below it.)
    ~OwnCgroup();
    OwnCgroup(const OwnCgroup&) = delete;
    OwnCgroup& operator=(const OwnCgroup&) = delete;

    // Open for writing, close-on-exec; -1: there is no such cgroup.
    int kill_fd() const { return kill_fd_; } // write "1": SIGKILL to all its processes
    int join_fd() const { return join_fd_; } // write "0": the writer joins the cgroup

private:
    void close();

    std::string path_;
    int kill_fd_ = -1;
    int join_fd_ = -1;
};

} // namespace le_run::guard

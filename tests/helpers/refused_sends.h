// Makes sendmsg(2) of chosen processes fail as it does for want of memory (ENOBUFS, ENOMEM), for as
// long as the test wants. The kernel asks a thread of the test about each call (seccomp user
// notification); nothing is preloaded, and the code under test is the real one. Before it no test
// made a system call between le-run and its guard fail, so that one failure ended the work unseen.
#pragma once

#include <atomic>
#include <thread>

#include <sys/types.h>

namespace le_run::test {

class RefusedSends {
public:
    RefusedSends();
    ~RefusedSends();
    RefusedSends(const RefusedSends&) = delete;
    RefusedSends& operator=(const RefusedSends&) = delete;

    // Of the calling thread, and of all that it starts from now on, the calls can be refused. There
    // is no way back, so call it in a process or thread of its own; once.
    void afflict() const;
    // From now on sendmsg fails with `error` in this process or thread; 0: in each that is
    // afflicted.
    void refuse(int error, pid_t who = 0);
    void allow() { error_ = 0; }
    // How many were refused since refuse().
    int refused() const { return refused_; }

private:
    void serve() const;
    void answer(int listener) const;

    int hello_[2] = {-1, -1}; // the afflicted says where the listener is
    int ready_[2] = {-1, -1}; // and learns that somebody listens
    int over_[2] = {-1, -1};
    std::atomic<int> error_ = 0;
    std::atomic<pid_t> who_ = 0;
    mutable std::atomic<int> refused_ = 0;
    std::thread server_;
};

} // namespace le_run::test

// Freezes threads of this process by name while the others run on: what a hung file system does to
// the thread that asked it. A helper process holds them with ptrace; it ends with this object, and
// with the test.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace le_run::test {

class ThreadFreezer {
public:
    // Freezes every thread of that name (there must be one within kPatience), each where it waits
    // for work, so that it holds no mutex. Throws when that cannot be had.
    explicit ThreadFreezer(const std::string& name);
    // They go on where they were.
    ~ThreadFreezer();
    ThreadFreezer(const ThreadFreezer&) = delete;
    ThreadFreezer& operator=(const ThreadFreezer&) = delete;

private:
    void freeze(const std::vector<pid_t>& threads);
    void thaw();

    pid_t helper_ = -1;
    int channel_ = -1; // closing it ends the helper
};

} // namespace le_run::test

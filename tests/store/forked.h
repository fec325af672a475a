// A function in a process of its own, that ends with the test: plainly, or stopped at each system
// call.
//
// Use it from the test's main thread: PDEATHSIG and ptrace follow the thread that forked.
#pragma once

#include <functional>
#include <string>

#include <sys/types.h>

namespace le_run::test {

// What runs in the other process, and what it has to say (one short text). The first function is
// the preparation, the second the part that a Traced stops in.
using InChild = std::function<std::string()>;

class Forked {
public:
    // Starts at once.
    explicit Forked(const InChild& run) : Forked([] {}, run, false) {}
    // SIGKILLs it.
    ~Forked();
    Forked(const Forked&) = delete;
    Forked& operator=(const Forked&) = delete;

    // Waits for its end (at most kPatience, then it is killed) and returns what it said; an
    // exception it died of, or a signal, is said in that text.
    std::string result();
    void kill();

protected:
    Forked(const std::function<void()>& prepare, const InChild& run, bool traced);

    pid_t pid_ = -1;
    int pipe_ = -1;
};

// Stopped before `run`; from there it goes from system call to system call.
class Traced : public Forked {
public:
    Traced(const std::function<void()>& prepare, const InChild& run);

    // Runs on until the next system call begins or ends, and stops it there; false when it has
    // ended.
    bool to_next_stop();
    // Runs on freely; result() tells the rest.
    void go_on();
};

} // namespace le_run::test

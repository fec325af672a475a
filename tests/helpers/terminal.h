// A terminal (pty) whose keyboard and screen are the test's.
#pragma once

#include <string>

#include <sys/types.h>

namespace le_run::test {

class Terminal {
public:
    Terminal(); // throws std::system_error
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    const std::string& name() const { return name_; }
    // The caller, which leads no process group, becomes the leader of a session with this terminal,
    // which is its stdin; without that it exits.
    void take() const;
    void type(const std::string& text) const;
    void resize(unsigned short rows, unsigned short columns) const;
    // As when the line is cut.
    void hang_up();
    // All that the screen has shown so far.
    const std::string& screen();
    pid_t foreground_group() const;

private:
    int master_;
    std::string name_;
    std::string screen_;
};

} // namespace le_run::test

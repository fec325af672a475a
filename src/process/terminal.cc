#include "process/terminal.h"

#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>
#include <utility>

#include <unistd.h>

namespace le_run::process {
namespace {

bool is_stopped(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const auto name_end = text.rfind(')'); // the name may contain any character
    return name_end != std::string::npos && text.compare(name_end, 3, ") T") == 0;
}

} // namespace

bool Terminal::take_from_stopped(pid_t child) {
    if (!is_lent_ || stopped_ != 0 || ::tcgetpgrp(STDIN_FILENO) != child || !is_stopped(child)) {
        return false;
    }
    stopped_ = child;
    ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
    return true;
}

void Terminal::give_back() {
    if (stopped_ != 0) {
        ::tcsetpgrp(STDIN_FILENO, std::exchange(stopped_, 0));
    }
}

bool Terminal::lend() {
    stopped_ = 0;
    is_lent_ = ::isatty(STDIN_FILENO) == 1 && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
    return is_lent_;
}

void Terminal::take_back() {
    if (!is_lent_) {
        return;
    }
    is_lent_ = false;
    // Not if another living group has it now: the shell may have taken it.
    const pid_t group = ::tcgetpgrp(STDIN_FILENO);
    if (group > 0 && ::kill(-group, 0) != 0 && errno == ESRCH) {
        ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
    }
}

} // namespace le_run::process

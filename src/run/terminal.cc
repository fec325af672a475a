#include "run/terminal.h"

#include <cerrno>
#include <csignal>

#include <unistd.h>

namespace le_run {

bool Terminal::lend() {
    is_lent_ = ::isatty(STDIN_FILENO) == 1 && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
    return is_lent_;
}

void Terminal::take_back() {
    if (!is_lent_) {
        return;
    }
    is_lent_ = false;
    // Not when another living group has it by now: the shell may have taken it for itself.
    const pid_t group = ::tcgetpgrp(STDIN_FILENO);
    if (group > 0 && ::kill(-group, 0) != 0 && errno == ESRCH) {
        ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
    }
}

} // namespace le_run

#include "helpers/terminal.h"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/check.h"

namespace le_run::test {

Terminal::Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) {
        throw std::system_error(errno, std::generic_category(), "a terminal");
    }
    name_ = ::ptsname(master_);
}

Terminal::~Terminal() { hang_up(); }

void Terminal::take() const {
    ::setsid();
    const int fd = ::open(name_.c_str(), O_RDWR);
    if (fd < 0 || ::ioctl(fd, TIOCSCTTY, 0) != 0 || ::dup2(fd, STDIN_FILENO) != STDIN_FILENO) {
        ::_exit(1);
    }
}

void Terminal::type(const std::string& text) const {
    LE_CHECK(::write(master_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

void Terminal::resize(unsigned short rows, unsigned short columns) const {
    const winsize size{rows, columns, 0, 0};
    LE_CHECK(::ioctl(master_, TIOCSWINSZ, &size) == 0);
}

void Terminal::hang_up() {
    if (master_ >= 0) {
        ::close(master_);
        master_ = -1;
    }
}

const std::string& Terminal::screen() {
    char text[4096];
    for (pollfd ready{master_, POLLIN, 0}; ::poll(&ready, 1, 0) == 1;) {
        const ssize_t size = ::read(master_, text, sizeof text);
        if (size <= 0) {
            break; // nobody has it open
        }
        screen_.append(text, static_cast<std::size_t>(size));
    }
    return screen_;
}

pid_t Terminal::foreground_group() const {
    pid_t group = -1;
    ::ioctl(master_, TIOCGPGRP, &group);
    return group;
}

} // namespace le_run::test

// The number of the newest process in this PID namespace, from the kernel. Reading it takes a few
// microseconds, and tells whether anything has forked.
#pragma once

#include <charconv>

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

namespace le_run::guard {

class NewestProcess {
public:
    NewestProcess() : fd_(::open("/proc/loadavg", O_RDONLY | O_CLOEXEC)) {}
    ~NewestProcess() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }
    NewestProcess(const NewestProcess&) = delete;
    NewestProcess& operator=(const NewestProcess&) = delete;

    // 0: /proc does not tell it.
    pid_t read() const {
        char text[128];
        const ssize_t size = ::pread(fd_, text, sizeof text, 0);
        if (size <= 0) {
            return 0;
        }
        const char* end = text + size - 1; // a newline
        const char* number = end;
        while (number > text && number[-1] != ' ') {
            --number;
        }
        pid_t newest = 0;
        std::from_chars(number, end, newest);
        return newest;
    }

private:
    int fd_;
};

} // namespace le_run::guard

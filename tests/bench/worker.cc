// The work of a benchmark: its first act is to read the clock, its last but one is to write that it
// ends. Linked statically where the build is optimised, so that what is measured is le-run's part
// and not that of a dynamic linker. A line of the record is as in helpers/worker.cc.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <unistd.h>

namespace {

long long nanoseconds(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

struct Instant {
    long long boot = nanoseconds(CLOCK_BOOTTIME);
    long long monotonic = nanoseconds(CLOCK_MONOTONIC);
    long long real = nanoseconds(CLOCK_REALTIME);
};

void write_down(const Instant& at, const char* event) {
    const char* record = std::getenv("TEST_WORKER_RECORD");
    const char* replica = std::getenv("TEST_WORKER_REPLICA");
    if (record == nullptr || replica == nullptr) {
        return;
    }
    char line[256];
    const int size = std::snprintf(line, sizeof line, "%lld %lld %lld %d %s worker %s\n", at.boot,
                                   at.monotonic, at.real, ::getpid(), replica, event);
    const int fd = ::open(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || ::write(fd, line, static_cast<std::size_t>(size)) != size) {
        std::_Exit(98);
    }
    ::close(fd);
}

} // namespace

int main() {
    const Instant began;
    sigset_t asked;
    sigemptyset(&asked);
    sigaddset(&asked, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &asked, nullptr);
    write_down(began, "start");
    int number = 0;
    ::sigwait(&asked, &number);
    write_down(Instant(), "end");
    std::_Exit(0);
}

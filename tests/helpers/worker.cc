// The work that tests put under le-run: it writes down when it lived and what it was told.
//
// test-worker [--record FILE] [--replica NAME] [--drain MS] [--ignore] [--default-action]
// [--daemon] [--orphan] [--tree SHAPE]
//             [--exit-after MS] [--exit-code N] [--print] [anything...]
//   --record, --replica  also from TEST_WORKER_RECORD and TEST_WORKER_REPLICA; no record: none is
//   written
//   --drain MS           SIGTERM or SIGINT: live on for MS, then exit; without it, at once
//   --ignore             SIGTERM and SIGINT are written down and change nothing
//   --default-action     SIGTERM and SIGINT are written down and then end the worker as if it had
//   no handler
//   --orphan             starts a grandchild that ends at once and is left for others to reap
//   --daemon             starts a double-forked child in a session of its own, which ignores every
//   signal
//   --tree SHAPE         makes one of the trees of awkward_shapes.h below itself before its first
//   tick
//   --exit-after MS      ends by itself
//   --exit-code N        how it ends
//   --print              its arguments and its environment, one per line, on standard output; then
//   it ends
//
// A line of the record: BOOTTIME MONOTONIC REALTIME (ns) PID REPLICA ROLE EVENT [DETAIL]. One
// write(2) with O_APPEND per line, so the lines of all replicas keep their order. EVENT: start,
// tick (every 20 ms), signal N, overlap, end.
//
// Where TEST_WORKER_LOCKS names a folder, the worker and all below it hold two locks (flock) that
// the kernel lets go when the last of them has ended: tree-REPLICA, shared, and work. One that
// finds work locked when it starts writes "overlap": some process of another work was alive then.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/awkward_shapes.h"

// LeakSanitizer asks this, where it is linked in. It has nothing to find here, and where /proc is
// another PID namespace's it ends the process with 1.
extern "C" int __lsan_is_turned_off() { return 1; }

namespace {

using Milliseconds = std::chrono::milliseconds;

// No test lasts longer: a worker that escaped its le-run does not stay for ever.
constexpr auto kLongestLife = std::chrono::seconds(280);
constexpr long kTickNanoseconds = 20'000'000;

std::string text_of(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

struct Settings {
    std::string record = text_of("TEST_WORKER_RECORD");
    std::string replica = text_of("TEST_WORKER_REPLICA");
    Milliseconds drain{0};
    Milliseconds exit_after{-1};
    int exit_code = 0;
    bool ignore = false;
    bool default_action = false;
    bool daemon = false;
    bool orphan = false;
    bool print = false;
    std::string tree{};
};

Settings parse(int argc, char** argv) {
    Settings settings;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        const auto value = [&]() -> std::string { return i + 1 < argc ? argv[++i] : ""; };
        if (name == "--record") {
            settings.record = value();
        } else if (name == "--replica") {
            settings.replica = value();
        } else if (name == "--drain") {
            settings.drain = Milliseconds(std::stol(value()));
        } else if (name == "--exit-after") {
            settings.exit_after = Milliseconds(std::stol(value()));
        } else if (name == "--exit-code") {
            settings.exit_code = std::stoi(value());
        } else if (name == "--ignore") {
            settings.ignore = true;
        } else if (name == "--default-action") {
            settings.default_action = true;
        } else if (name == "--daemon") {
            settings.daemon = true;
        } else if (name == "--orphan") {
            settings.orphan = true;
        } else if (name == "--print") {
            settings.print = true;
        } else if (name == "--tree") {
            settings.tree = value();
        }
    }
    return settings;
}

class Record {
public:
    Record(const Settings& settings, const char* role)
        : replica_(settings.replica.empty() ? "-" : settings.replica), role_(role) {
        if (!settings.record.empty()) {
            fd_ = ::open(settings.record.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
            if (fd_ < 0) {
                std::perror(settings.record.c_str());
                std::exit(99);
            }
        }
    }

    void write(const std::string& event) const {
        const std::string line = nanoseconds(CLOCK_BOOTTIME) + " " + nanoseconds(CLOCK_MONOTONIC) +
                                 " " + nanoseconds(CLOCK_REALTIME) + " " +
                                 std::to_string(::getpid()) + " " + replica_ + " " + role_ + " " +
                                 event + "\n";
        if (fd_ >= 0 &&
            ::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
            std::_Exit(98);
        }
    }

    void write_start() const {
        write("start token=" + text_of("LE_RUN_FENCING_TOKEN") + " identity=" +
              text_of("LE_RUN_HOLDER_IDENTITY") + " lock=" + text_of("LE_RUN_HELD_LOCK"));
    }

private:
    static std::string nanoseconds(clockid_t clock) {
        timespec now{};
        ::clock_gettime(clock, &now);
        return std::to_string(now.tv_sec * 1'000'000'000LL + now.tv_nsec);
    }

    std::string replica_;
    std::string role_;
    int fd_ = -1;
};

// Whether the lock was free. Its descriptor stays open in this process and all that it forks.
bool lock_for_life(const std::string& name, int kind) {
    const int fd = ::open(name.c_str(), O_RDWR | O_CREAT, 0666);
    if (fd < 0) {
        std::perror(name.c_str());
        std::exit(99);
    }
    return ::flock(fd, kind | LOCK_NB) == 0;
}

void take_locks(const Record& record, const Settings& settings) {
    const std::string folder = text_of("TEST_WORKER_LOCKS");
    if (folder.empty()) {
        return;
    }
    lock_for_life(folder + "/tree-" + settings.replica, LOCK_SH);
    if (!lock_for_life(folder + "/work", LOCK_EX)) {
        record.write("overlap");
    }
}

// The next blocked signal, or 0 after one tick.
int next_signal() {
    sigset_t all;
    sigfillset(&all);
    const timespec tick{0, kTickNanoseconds};
    const int number = ::sigtimedwait(&all, nullptr, &tick);
    return number > 0 ? number : 0;
}

[[noreturn]] void live_as_daemon(const Settings& settings) {
    const Record record(settings, "daemon");
    record.write_start();
    const auto end = std::chrono::steady_clock::now() + kLongestLife;
    while (std::chrono::steady_clock::now() < end) {
        const int number = next_signal();
        record.write(number == 0 ? "tick" : "signal " + std::to_string(number));
    }
    std::_Exit(0);
}

void start_daemon(const Settings& settings) {
    const pid_t first = ::fork();
    if (first == 0) {
        ::setsid();
        if (::fork() == 0) {
            live_as_daemon(settings);
        }
        std::_Exit(0);
    }
    ::waitpid(first, nullptr, 0);
}

void start_orphan(const Settings& settings) {
    const pid_t first = ::fork();
    if (first == 0) {
        if (::fork() == 0) {
            Record(settings, "orphan").write("end");
        }
        std::_Exit(0);
    }
    ::waitpid(first, nullptr, 0);
}

[[noreturn]] void end_by_default_action(int number) {
    ::signal(number, SIG_DFL);
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, number);
    ::raise(number);
    ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
    std::_Exit(97);
}

int live(const Settings& settings) {
    const Record record(settings, "worker");
    record.write_start();
    take_locks(record, settings);
    if (!settings.tree.empty() && !le_run::test::make_awkward({settings.tree})) {
        return 99;
    }
    if (settings.daemon) {
        start_daemon(settings);
    }
    if (settings.orphan) {
        start_orphan(settings);
    }
    const auto begin = std::chrono::steady_clock::now();
    auto end = begin + (settings.exit_after.count() >= 0 ? settings.exit_after : kLongestLife);
    bool draining = false;
    while (std::chrono::steady_clock::now() < end) {
        const int number = next_signal();
        record.write(number == 0 ? "tick" : "signal " + std::to_string(number));
        const bool asks_to_stop = (number == SIGTERM || number == SIGINT) && !settings.ignore;
        if (asks_to_stop && settings.default_action) {
            end_by_default_action(number);
        }
        if (asks_to_stop && !draining) {
            draining = true;
            end = std::chrono::steady_clock::now() + settings.drain;
        }
    }
    record.write("end");
    return settings.exit_code;
}

} // namespace

extern char** environ;

int main(int argc, char** argv) {
    sigset_t all;
    sigfillset(&all);
    const Settings settings = parse(argc, argv);
    if (settings.print) {
        for (int i = 0; i < argc; ++i) {
            std::printf("arg %s\n", argv[i]);
        }
        for (char** entry = environ; *entry != nullptr; ++entry) {
            std::printf("env %s\n", *entry);
        }
        std::fflush(stdout);
        Record(settings, "worker").write_start();
        return settings.exit_code;
    }
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    return live(settings);
}

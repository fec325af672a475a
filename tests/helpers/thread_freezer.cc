#include "helpers/thread_freezer.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/scratch_folder.h"
#include "helpers/wait_until.h"

namespace le_run::test {
namespace {

std::string task_file(pid_t thread, const char* name) {
    return read_file("/proc/self/task/" + std::to_string(thread) + "/" + name);
}

std::vector<pid_t> threads_named(const std::string& name) {
    std::vector<pid_t> threads;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
        const auto thread = static_cast<pid_t>(std::stol(entry.path().filename().string()));
        if (task_file(thread, "comm") == name + "\n") {
            threads.push_back(thread);
        }
    }
    return threads;
}

// In futex(2) a thread holds no mutex that another could want: it waits for one, or for work.
bool waits_for_work(pid_t thread) {
    return task_file(thread, "syscall").rfind(std::to_string(SYS_futex) + " ", 0) == 0;
}

// The helper: async-signal-safe calls only, the test has threads.
[[noreturn]] void hold(const pid_t* threads, std::size_t count, pid_t parent, int channel) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    bool good = ::getppid() == parent;
    for (std::size_t i = 0; i < count; ++i) {
        good = good && ::ptrace(PTRACE_SEIZE, threads[i], 0, 0) == 0 &&
               ::ptrace(PTRACE_INTERRUPT, threads[i], 0, 0) == 0 &&
               ::waitpid(threads[i], nullptr, __WALL) == threads[i];
    }
    char byte = good ? 'y' : 'n';
    [[maybe_unused]] const auto sent = ::write(channel, &byte, 1);
    [[maybe_unused]] const auto closed = ::read(channel, &byte, 1); // until the test closes it
    ::_exit(0);                                                     // which lets the threads go
}

} // namespace

ThreadFreezer::ThreadFreezer(const std::string& name) {
    std::vector<pid_t> threads;
    const bool frozen = wait_until([&] {
        threads = threads_named(name);
        if (threads.empty() || !std::all_of(threads.begin(), threads.end(), waits_for_work)) {
            return false;
        }
        freeze(threads);
        if (std::all_of(threads.begin(), threads.end(), waits_for_work)) {
            return true;
        }
        thaw();
        return false;
    });
    if (!frozen) {
        throw std::runtime_error("cannot freeze the threads named " + name);
    }
}

ThreadFreezer::~ThreadFreezer() { thaw(); }

void ThreadFreezer::freeze(const std::vector<pid_t>& threads) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    const auto parent = ::getpid();
    helper_ = ::fork();
    if (helper_ == 0) {
        ::close(ends[0]);
        hold(threads.data(), threads.size(), parent, ends[1]);
    }
    ::close(ends[1]);
    channel_ = ends[0];
    char answer = 'n';
    if (helper_ < 0 || ::read(channel_, &answer, 1) != 1 || answer != 'y') {
        thaw();
        throw std::runtime_error("ptrace refused to freeze a thread");
    }
}

void ThreadFreezer::thaw() {
    if (channel_ >= 0) {
        ::close(channel_);
        channel_ = -1;
    }
    if (helper_ > 0) {
        ::waitpid(helper_, nullptr, 0);
        helper_ = -1;
    }
}

} // namespace le_run::test

#include "helpers/awkward_shapes.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <thread>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "helpers/start_forest.h"

namespace le_run::test {
namespace {

int fifo = -1;
int* arrived = nullptr; // shared by all: how many descendants are there

void write_line(const char* text) {
    char line[64];
    const int size =
        std::snprintf(line, sizeof line, "%s %d\n", text, static_cast<int>(::getpid()));
    if (fifo >= 0 && ::write(fifo, line, static_cast<size_t>(size)) < 0) {
        ::_exit(2);
    }
}

void ignore_requests() {
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        ::signal(number, SIG_IGN);
    }
}

void announce(const char* name) {
    ignore_requests();
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr); // the caller may block all, SIGALRM too
    ::alarm(kLongestAwkwardLife);
    write_line(name);
    __atomic_fetch_add(arrived, 1, __ATOMIC_SEQ_CST);
}

[[noreturn]] void stay(const char* name) {
    announce(name);
    for (;;) {
        ::pause();
    }
}

// A fork that must work, or the test would be a weaker one.
pid_t fork_or_fail() {
    const pid_t pid = ::fork();
    if (pid < 0) {
        ::_exit(2);
    }
    return pid;
}

pid_t clone_or_fail(unsigned long flags) {
    const long pid = ::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
    if (pid < 0) {
        ::_exit(2);
    }
    return static_cast<pid_t>(pid);
}

void daemonize() {
    if (fork_or_fail() != 0) {
        return;
    }
    ignore_requests();
    ::setsid();
    if (fork_or_fail() != 0) {
        ::_exit(0);
    }
    stay("daemon");
}

long seconds_now() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

// Each chain is one process at a time, which forks the next and ends.
void storm(int chains, useconds_t pause) {
    const long end = seconds_now() + kLongestAwkwardLife;
    for (int chain = 0; chain < chains; ++chain) {
        if (fork_or_fail() != 0) {
            continue;
        }
        announce("storm");
        while (seconds_now() < end) {
            ::usleep(pause);
            const pid_t pid = ::fork();
            if (pid > 0) {
                ::_exit(0); // the chain lives on in the child; where fork failed, in us
            }
        }
        ::_exit(0);
    }
}

void stop_a_grandchild() {
    if (fork_or_fail() != 0) {
        return;
    }
    const pid_t grandchild = fork_or_fail();
    while (grandchild == 0) {
        ::raise(SIGSTOP); // again, when somebody continues it
    }
    int status = 0;
    if (::waitpid(grandchild, &status, WUNTRACED) != grandchild || !WIFSTOPPED(status)) {
        ::_exit(2);
    }
    stay("parent-of-stopped");
}

void fork_in_a_thread() {
    std::thread([] {
        if (fork_or_fail() == 0) {
            stay("thread-forked");
        }
        for (;;) {
            ::pause();
        }
    }).detach();
}

// Runs on a stack that the sanitizers do not know.
__attribute__((no_sanitize("address", "undefined"))) int pause_for_ever(void*) {
    for (;;) {
        ::syscall(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
    }
}

void block_in_vfork() {
    if (fork_or_fail() != 0) {
        return;
    }
    announce("vfork-parent");
    // What vfork(2) does, by itself: the parent sleeps until the child execs or ends, which it
    // never does.
    static char stack[65536] __attribute__((aligned(16)));
    ::clone(pause_for_ever, stack + sizeof stack, CLONE_VFORK | CLONE_VM | SIGCHLD, nullptr);
    ::_exit(2);
}

void change_uid() {
    if (fork_or_fail() != 0) {
        return;
    }
    if (::setresuid(65534, 65534, 65534) != 0) {
        ::_exit(2);
    }
    stay("other-uid");
}

void nest_a_namespace() {
    const pid_t init = clone_or_fail(CLONE_NEWPID | SIGCHLD);
    if (init != 0) {
        return;
    }
    if (fork_or_fail() == 0) {
        stay("in-namespace");
    }
    stay("namespace-init");
}

void become_a_sibling() {
    if (clone_or_fail(CLONE_PARENT | SIGCHLD) == 0) {
        stay("sibling");
    }
}

void clone_without_signal() {
    if (clone_or_fail(0) == 0) {
        stay("no-exit-signal");
    }
}

struct Shape {
    const char* name;
    int descendants; // that will announce themselves
    void (*make)();
};
const Shape kShapes[] = {
    {"plain", 0, [] {}},
    {"stubborn", 0, [] { ::signal(SIGTERM, SIG_IGN); }},
    {"quick-exit", 0, [] {}},
    {"daemonizing", 1, daemonize},
    {"fork-storm", 4, [] { storm(4, 0); }},
    {"storm-of-100", 100, [] { storm(100, 300'000); }},
    {"stopped-grandchild", 1, stop_a_grandchild},
    {"thread-forked", 1, fork_in_a_thread},
    {"vfork-blocked", 1, block_in_vfork},
    {"other-uid", 1, change_uid},
    {"nested-pidns", 2, nest_a_namespace},
    {"clone-parent", 1, become_a_sibling},
    {"no-exit-signal", 1, clone_without_signal},
};

void prepare() {
    if (const char* path = std::getenv("TEST_AWKWARD_FIFO")) {
        fifo = ::open(path, O_WRONLY);
        if (fifo < 0) {
            ::_exit(2);
        }
    }
    ::alarm(kLongestAwkwardLife);
    void* shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        ::_exit(2);
    }
    arrived = static_cast<int*>(shared);
}

} // namespace

bool make_awkward(std::vector<std::string> shapes) {
    prepare();
    // The one with a thread comes last: the raw clones of the others must not copy locks that a
    // thread holds.
    std::stable_partition(shapes.begin(), shapes.end(),
                          [](const std::string& shape) { return shape != "thread-forked"; });
    int expected = 0;
    for (const std::string& shape : shapes) {
        const auto* known = std::find_if(std::begin(kShapes), std::end(kShapes),
                                         [&](const Shape& one) { return shape == one.name; });
        if (known != std::end(kShapes)) {
            known->make();
            expected += known->descendants;
        } else if (shape.find_first_of("0123456789") != std::string::npos) {
            if (!start_forest(shape)) {
                ::_exit(2);
            }
        } else {
            return false;
        }
    }
    while (__atomic_load_n(arrived, __ATOMIC_SEQ_CST) < expected) {
        ::usleep(1000);
    }
    write_line("ready");
    return true;
}

} // namespace le_run::test

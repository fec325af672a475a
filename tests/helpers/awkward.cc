// test-awkward SHAPE...: a process tree that is hard to end, for the tests.
//
//   plain               no descendants
//   stubborn            the main process ignores SIGTERM too
//   daemonizing         a double-forked, setsid'ed descendant
//   fork-storm          chains of processes that fork and end, for ever
//   stopped-grandchild  a SIGSTOPped grandchild
//   thread-forked       a child of a thread that is not the main one
//   vfork-blocked       a child that waits for its vfork child
//   other-uid           a child with uid 65534 (needs root)
//   nested-pidns        the init of a new PID namespace, and a process in it (needs root)
//   clone-parent        a sibling: its parent is our parent
//   no-exit-signal      a clone child that tells nobody of its end
//   quick-exit          the main process ends with code 7 once the others are there
//
// Descendants ignore SIGTERM, SIGINT and SIGHUP. Where TEST_AWKWARD_FIFO names a FIFO, every
// process holds it open for writing, so that its reader sees the end of file exactly when the last
// one is gone; each writes one line when it is there, and the main process writes "ready" last. All
// end by themselves after five minutes.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr unsigned kLongestLife = 300; // seconds

int fifo = -1;
int* arrived = nullptr; // shared by all: how many descendants are there

void write_line(const char* text) {
    char line[64];
    const int size =
        std::snprintf(line, sizeof line, "%s %d\n", text, static_cast<int>(::getpid()));
    if (fifo >= 0 && ::write(fifo, line, static_cast<size_t>(size)) < 0)
        ::_exit(2);
}

void ignore_requests() {
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
        ::signal(number, SIG_IGN);
}

void announce(const char* name) {
    ignore_requests();
    ::alarm(kLongestLife);
    write_line(name);
    __atomic_fetch_add(arrived, 1, __ATOMIC_SEQ_CST);
}

[[noreturn]] void stay(const char* name) {
    announce(name);
    for (;;)
        ::pause();
}

// A fork that must work, or the test would be a weaker one.
pid_t fork_or_fail() {
    const pid_t pid = ::fork();
    if (pid < 0)
        ::_exit(2);
    return pid;
}

pid_t clone_or_fail(unsigned long flags) {
    const long pid = ::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
    if (pid < 0)
        ::_exit(2);
    return static_cast<pid_t>(pid);
}

void daemonize() {
    if (fork_or_fail() != 0)
        return;
    ignore_requests();
    ::setsid();
    if (fork_or_fail() != 0)
        ::_exit(0);
    stay("daemon");
}

long seconds_now() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

void storm() {
    const long end = seconds_now() + kLongestLife;
    for (int chain = 0; chain < 4; ++chain) {
        if (fork_or_fail() != 0)
            continue;
        announce("storm");
        while (seconds_now() < end) {
            const pid_t pid = ::fork();
            if (pid > 0)
                ::_exit(0); // the chain lives on in the child; where fork failed, in us
        }
        ::_exit(0);
    }
}

void stop_a_grandchild() {
    if (fork_or_fail() != 0)
        return;
    const pid_t grandchild = fork_or_fail();
    while (grandchild == 0)
        ::raise(SIGSTOP); // again, when somebody continues it
    int status = 0;
    if (::waitpid(grandchild, &status, WUNTRACED) != grandchild || !WIFSTOPPED(status))
        ::_exit(2);
    stay("parent-of-stopped");
}

void fork_in_a_thread() {
    std::thread([] {
        if (fork_or_fail() == 0)
            stay("thread-forked");
        for (;;)
            ::pause();
    }).detach();
}

// Runs on a stack that the sanitizers do not know.
__attribute__((no_sanitize("address", "undefined"))) int pause_for_ever(void*) {
    for (;;)
        ::syscall(SYS_ppoll, nullptr, 0, nullptr, nullptr, 0);
}

void block_in_vfork() {
    if (fork_or_fail() != 0)
        return;
    announce("vfork-parent");
    // What vfork(2) does, by itself: the parent sleeps until the child execs or ends, which it
    // never does.
    static char stack[65536] __attribute__((aligned(16)));
    ::clone(pause_for_ever, stack + sizeof stack, CLONE_VFORK | CLONE_VM | SIGCHLD, nullptr);
    ::_exit(2);
}

void change_uid() {
    if (fork_or_fail() != 0)
        return;
    if (::setresuid(65534, 65534, 65534) != 0)
        ::_exit(2);
    stay("other-uid");
}

void nest_a_namespace() {
    const pid_t init = clone_or_fail(CLONE_NEWPID | SIGCHLD);
    if (init != 0)
        return;
    if (fork_or_fail() == 0)
        stay("in-namespace");
    stay("namespace-init");
}

void become_a_sibling() {
    if (clone_or_fail(CLONE_PARENT | SIGCHLD) == 0)
        stay("sibling");
}

void clone_without_signal() {
    if (clone_or_fail(0) == 0)
        stay("no-exit-signal");
}

// Makes the shape; returns how many descendants will announce themselves, or -1 when the name is
// unknown.
int make(const std::string& shape) {
    struct Shape {
        const char* name;
        int descendants;
        void (*make)();
    };
    static const Shape shapes[] = {
        {"plain", 0, [] {}},
        {"stubborn", 0, [] { ::signal(SIGTERM, SIG_IGN); }},
        {"quick-exit", 0, [] {}},
        {"daemonizing", 1, daemonize},
        {"fork-storm", 4, storm},
        {"stopped-grandchild", 1, stop_a_grandchild},
        {"thread-forked", 1, fork_in_a_thread},
        {"vfork-blocked", 1, block_in_vfork},
        {"other-uid", 1, change_uid},
        {"nested-pidns", 2, nest_a_namespace},
        {"clone-parent", 1, become_a_sibling},
        {"no-exit-signal", 1, clone_without_signal},
    };
    for (const Shape& known : shapes) {
        if (shape == known.name) {
            known.make();
            return known.descendants;
        }
    }
    return -1;
}

} // namespace

int main(int argc, char** argv) {
    if (const char* path = std::getenv("TEST_AWKWARD_FIFO")) {
        fifo = ::open(path, O_WRONLY);
        if (fifo < 0)
            return 2;
    }
    ::alarm(kLongestLife);
    void* shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 2;
    arrived = static_cast<int*>(shared);

    int expected = 0;
    bool quick = false;
    // The one with a thread comes last: the raw clones of the others must not copy locks that a
    // thread holds.
    std::stable_partition(argv + 1, argv + argc, [](const char* shape) {
        return std::strcmp(shape, "thread-forked") != 0;
    });
    for (int i = 1; i < argc; ++i) {
        const int descendants = make(argv[i]);
        if (descendants < 0) {
            std::fprintf(stderr, "test-awkward: unknown shape %s\n", argv[i]);
            return 2;
        }
        expected += descendants;
        quick = quick || std::strcmp(argv[i], "quick-exit") == 0;
    }
    while (__atomic_load_n(arrived, __ATOMIC_SEQ_CST) < expected)
        ::usleep(1000);
    write_line("ready");
    if (quick)
        return 7;
    for (;;)
        ::pause();
}

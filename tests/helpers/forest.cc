// test-forest SHAPE COUNT [stopped] [--ready FD]: COUNT processes below this one, in the shapes of
// big trees that awkward_shapes.h lists. argv[0] is its absolute path.
//
// Linked statically and built without sanitizers: ten thousand instrumented processes would cost
// gigabytes. So it uses the C library alone.
//
// Every process is a session of its own and ignores SIGTERM, SIGINT and SIGHUP; with "stopped",
// every second one stops itself, again and again. The last process of a chain writes its life down
// in the worker's record (helpers/worker.cc), as a "daemon" that ticks every 5 ms. When all are
// there, one byte goes to FD. All end by themselves after five minutes.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

namespace {

constexpr unsigned kLongestLife = 300; // seconds
constexpr useconds_t kTick = 5'000;

struct Shared { // by all processes
    int arrived;
    int failed;
};

struct Settings {
    const char* self = nullptr;
    const char* shape = "";
    int count = 0;
    bool half_is_stopped = false;
    int ready_fd = -1;  // of the first process alone
    int shared_fd = -1; // of the memory that all share
    int link = 0;       // which process of a chain this is; 0: the first process of all
};
Settings settings;
Shared* shared = nullptr;

[[noreturn]] void fail() {
    __atomic_store_n(&shared->failed, 1, __ATOMIC_SEQ_CST);
    ::_exit(2);
}

// Whether this is the child.
bool fork_or_fail() {
    const pid_t pid = ::fork();
    if (pid < 0) {
        fail();
    }
    if (pid == 0) {
        ::setsid();
        ::alarm(kLongestLife);
        ::close(settings.ready_fd);
    }
    return pid == 0;
}

[[noreturn]] void stay(int index) {
    __atomic_fetch_add(&shared->arrived, 1, __ATOMIC_SEQ_CST);
    while (settings.half_is_stopped && index % 2 == 1) {
        ::raise(SIGSTOP); // again, when somebody continues it
    }
    for (;;) {
        ::pause();
    }
}

long long nanoseconds(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

const char* text_of(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

[[noreturn]] void tick() {
    const int record = ::open(text_of("TEST_WORKER_RECORD"), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (record < 0) {
        stay(0);
    }
    __atomic_fetch_add(&shared->arrived, 1, __ATOMIC_SEQ_CST);
    for (bool is_first = true;; is_first = false) {
        char event[512] = "tick";
        if (is_first) {
            std::snprintf(event, sizeof event, "start token=%s identity=%s lock=%s",
                          text_of("LE_RUN_FENCING_TOKEN"), text_of("LE_RUN_HOLDER_IDENTITY"),
                          text_of("LE_RUN_HELD_LOCK"));
        }
        char line[768];
        const int size = std::snprintf(line, sizeof line, "%lld %lld %lld %d %s daemon %s\n",
                                       nanoseconds(CLOCK_BOOTTIME), nanoseconds(CLOCK_MONOTONIC),
                                       nanoseconds(CLOCK_REALTIME), static_cast<int>(::getpid()),
                                       text_of("TEST_WORKER_REPLICA"), event);
        if (::write(record, line, static_cast<size_t>(size)) != size) {
            ::_exit(2);
        }
        ::usleep(kTick);
    }
}

// An exec for each link, as real chains have it: a fork's memory is bound to that of all the forks
// before it, and a thousand of them cost the kernel seconds.
[[noreturn]] void become_link(const char* shape, int link, int count) {
    char link_text[16];
    char count_text[16];
    char shared_text[16];
    std::snprintf(link_text, sizeof link_text, "%d", link);
    std::snprintf(count_text, sizeof count_text, "%d", count);
    std::snprintf(shared_text, sizeof shared_text, "%d", settings.shared_fd);
    ::execl(settings.self, settings.self, shape, count_text, "--shared", shared_text, "--link",
            link_text, settings.half_is_stopped ? "stopped" : nullptr, nullptr);
    fail();
}

void make_next_link(const char* shape, int link, int count) {
    if (link <= count && fork_or_fail()) {
        become_link(shape, link, count);
    }
}

// Each below the one before.
void make_chain(int count) { make_next_link("chain", 1, count); }

int the_count = 0;
int has_forked = 0;

void* fork_in_thread(void*) {
    make_next_link("threads", settings.link + 1, the_count);
    __atomic_store_n(&has_forked, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        ::pause();
    }
}

// A chain in which each is the child of a thread that is not the main one.
void make_threads(int count) {
    the_count = count;
    pthread_t thread;
    if (pthread_create(&thread, nullptr, fork_in_thread, nullptr) != 0) {
        fail();
    }
    while (__atomic_load_n(&has_forked, __ATOMIC_SEQ_CST) == 0) { // before the caller stops itself
        ::usleep(100);
    }
}

[[noreturn]] void live_as_link() {
    if (std::strcmp(settings.shape, "threads") == 0) {
        make_threads(settings.count);
    } else if (settings.link < settings.count) {
        make_next_link("chain", settings.link + 1, settings.count);
    } else {
        tick();
    }
    stay(settings.link);
}

// All below the caller.
void make_star(int count) {
    for (int i = 1; i <= count; ++i) {
        if (fork_or_fail()) {
            stay(i);
        }
    }
}

// As many children as each of them has, or nearly so.
void make_wide(int count) {
    int width = 1;
    while (width * width < count) {
        ++width;
    }
    for (int i = 0; i < width; ++i) {
        const int share = count / width + (i < count % width ? 1 : 0);
        if (share > 0 && fork_or_fail()) {
            make_star(share - 1);
            stay(i);
        }
    }
}

void make_mix(int count) {
    const int quarter = count / 4;
    make_star(quarter);
    make_wide(quarter);
    make_chain(quarter);
    make_threads(count - 3 * quarter); // last: a fork copies no other thread
}

struct Shape {
    const char* name;
    void (*make)(int count);
};
const Shape kShapes[] = {{"chain", make_chain},
                         {"star", make_star},
                         {"wide", make_wide},
                         {"threads", make_threads},
                         {"mix", make_mix}};

bool parse(int argc, char** argv) {
    if (argc < 3) {
        return false;
    }
    settings.self = argv[0];
    settings.shape = argv[1];
    settings.count = std::atoi(argv[2]);
    for (int i = 3; i < argc; ++i) {
        const char* value = i + 1 < argc ? argv[i + 1] : "";
        if (std::strcmp(argv[i], "stopped") == 0) {
            settings.half_is_stopped = true;
        } else if (std::strcmp(argv[i], "--ready") == 0) {
            settings.ready_fd = std::atoi(value);
        } else if (std::strcmp(argv[i], "--shared") == 0) {
            settings.shared_fd = std::atoi(value);
        } else if (std::strcmp(argv[i], "--link") == 0) {
            settings.link = std::atoi(value);
        }
    }
    return settings.count > 0;
}

bool share_memory() {
    if (settings.shared_fd < 0) {
        settings.shared_fd = ::memfd_create("test-forest", 0);
        if (::ftruncate(settings.shared_fd, sizeof(Shared)) != 0) {
            return false;
        }
    }
    void* memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, settings.shared_fd, 0);
    shared = static_cast<Shared*>(memory);
    return memory != MAP_FAILED;
}

bool make_tree() {
    for (const Shape& shape : kShapes) {
        if (std::strcmp(shape.name, settings.shape) == 0) {
            shape.make(settings.count);
            return true;
        }
    }
    return false;
}

} // namespace

int main(int argc, char** argv) {
    if (!parse(argc, argv) || !share_memory()) {
        return 2;
    }
    if (settings.link > 0) {
        live_as_link();
    }
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
        ::signal(number, SIG_IGN);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr); // the caller may block all, SIGALRM too
    ::alarm(kLongestLife);
    if (!make_tree()) {
        return 2;
    }
    while (__atomic_load_n(&shared->arrived, __ATOMIC_SEQ_CST) < settings.count) {
        if (__atomic_load_n(&shared->failed, __ATOMIC_SEQ_CST) != 0) {
            return 2;
        }
        ::usleep(1000);
    }
    if (settings.ready_fd >= 0 && ::write(settings.ready_fd, "r", 1) != 1) {
        return 2;
    }
    for (;;) {
        ::pause();
    }
}

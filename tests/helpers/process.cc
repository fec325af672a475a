#include "helpers/process.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <set>
#include <sstream>
#include <system_error>

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

extern char** environ;

namespace le_run::test {
namespace {

// Programs that a Process object still answers for; what else the test process adopted is an
// orphan.
std::set<pid_t>& registered() {
    static auto& pids =
        *new std::set<pid_t>; // outlives every Process, also those of static objects
    return pids;
}

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

std::vector<std::string> merged_environment(const Command& command) {
    std::vector<std::string> entries;
    const auto is_replaced = [&](const std::string& entry) {
        return std::any_of(command.environment.begin(), command.environment.end(),
                           [&](const auto& pair) { return entry.rfind(pair.first + "=", 0) == 0; });
    };
    for (char** entry = environ; command.inherit_environment && *entry != nullptr; ++entry) {
        if (!is_replaced(*entry)) {
            entries.emplace_back(*entry);
        }
    }
    for (const auto& [name, value] : command.environment) {
        entries.push_back(name + "=" + value);
    }
    return entries;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts) {
        result.push_back(text.data());
    }
    result.push_back(nullptr);
    return result;
}

int open_file(const std::string& path, int flags) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (fd < 0) {
        fail(path);
    }
    return fd;
}

struct Prepared {
    char** argv;
    char** envp;
    const char* folder;
    int streams[3];
    int failure; // errno of a failed exec goes here; closed by a good one
    pid_t parent;
    bool ignore_hup;
};

// The child is PID 1 of a new PID namespace; this process's later children are not in it.
pid_t fork_pid_one() {
    const int own = ::open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (own < 0 || ::unshare(CLONE_NEWPID) != 0) {
        fail("a new PID namespace");
    }
    const pid_t pid = ::fork();
    if (pid != 0) {
        const int error = errno;
        LE_CHECK(::setns(own, CLONE_NEWPID) == 0);
        ::close(own);
        errno = error;
    }
    return pid;
}

// Between fork and exec: only async-signal-safe calls, because other threads may hold locks.
[[noreturn]] void become(const Prepared& p) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != p.parent) {
        ::_exit(1);
    }
    for (int number = 1; number < NSIG; ++number) {
        ::signal(number, SIG_DFL);
    }
    if (p.ignore_hup) {
        ::signal(SIGHUP, SIG_IGN);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    bool ready = *p.folder == '\0' || ::chdir(p.folder) == 0;
    for (int stream = 0; stream < 3; ++stream) {
        ready = ready && ::dup2(p.streams[stream], stream) >= 0;
    }
    if (ready) {
        ::execvpe(p.argv[0], p.argv, p.envp);
    }
    const int error = errno;
    [[maybe_unused]] const auto ignored = ::write(p.failure, &error, sizeof error);
    ::_exit(127);
}

// Ends everything below `pid` that is left; SIGSTOP first, so that nothing forks away meanwhile.
void kill_descendants(pid_t pid) {
    const auto all = descendants_of(pid);
    for (const pid_t one : all) {
        ::kill(one, SIGSTOP);
    }
    for (const pid_t one : all) {
        ::kill(one, SIGKILL);
    }
}

} // namespace

std::string le_run_binary() {
    const char* other = std::getenv("TEST_LE_RUN");
    return other == nullptr ? LE_RUN_BINARY : other;
}

Process::Process(const Command& command) {
    LE_CHECK(::gettid() == ::getpid());
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    scratch_.write("in", command.standard_input);

    std::vector<std::string> argv = command.argv;
    std::vector<std::string> environment = merged_environment(command);
    auto argv_pointers = pointers(argv);
    auto environment_pointers = pointers(environment);
    int failure[2];
    if (::pipe2(failure, O_CLOEXEC) != 0) {
        fail("pipe2");
    }
    Prepared prepared{argv_pointers.data(),
                      environment_pointers.data(),
                      command.folder.c_str(),
                      {},
                      failure[1],
                      command.is_pid_one ? 0 : ::getpid(), // as the child sees it
                      command.signals_ignored_like_nohup};
    prepared.streams[0] = open_file(scratch_.file("in"), O_RDONLY);
    prepared.streams[1] = open_file(scratch_.file("out"), O_WRONLY | O_CREAT | O_APPEND);
    prepared.streams[2] = open_file(scratch_.file("err"), O_WRONLY | O_CREAT | O_APPEND);

    pid_ = command.is_pid_one ? fork_pid_one() : ::fork();
    if (pid_ == 0) {
        become(prepared);
    }
    const int fork_error = errno;
    for (const int fd : prepared.streams) {
        ::close(fd);
    }
    ::close(failure[1]);
    int error = pid_ < 0 ? fork_error : 0;
    if (pid_ > 0) {
        [[maybe_unused]] const auto count = ::read(failure[0], &error, sizeof error);
    }
    ::close(failure[0]);
    if (error != 0) {
        if (pid_ > 0) {
            ::waitpid(pid_, nullptr, 0);
        }
        errno = error;
        fail("cannot start " + command.argv.at(0));
    }
    registered().insert(pid_);
}

Process::~Process() {
    if (!reap()) {
        kill_descendants(pid_);
        signal(SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    registered().erase(pid_);
    // What outlived its program was adopted by the test process. Whose it was is not known any
    // more, so it is left alone while another program runs that may still be meant to look after it
    // (only a guard's tree is).
    if (registered().empty()) {
        end_orphans();
    }
}

void Process::signal(int number) {
    if (!reap()) {
        ::kill(pid_, number);
    }
}

bool Process::reap() {
    int status = 0;
    if (!code_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
        code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return code_.has_value();
}

bool Process::runs() { return !reap(); }

std::optional<int> Process::wait(std::chrono::milliseconds patience) {
    wait_until([this] { return reap(); }, patience);
    return code_;
}

std::vector<pid_t> children_of(pid_t pid) {
    std::vector<pid_t> result;
    std::error_code error;
    for (const auto& task :
         std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
        std::istringstream list(read_file(task.path().string() + "/children"));
        for (pid_t child = 0; list >> child;) {
            result.push_back(child);
        }
    }
    return result;
}

std::vector<pid_t> descendants_of(pid_t pid) {
    std::vector<pid_t> result = children_of(pid);
    for (std::size_t i = 0; i < result.size(); ++i) {
        const auto below = children_of(result[i]);
        result.insert(result.end(), below.begin(), below.end());
    }
    return result;
}

char state_of(pid_t pid) {
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    const auto bracket = stat.rfind(')'); // the name before it may hold anything
    return bracket == std::string::npos ? '\0' : stat.at(bracket + 2);
}

bool is_alive(pid_t pid) {
    const char state = state_of(pid);
    return state != '\0' && state != 'Z' && state != 'X';
}

std::vector<pid_t> adopted_orphans() {
    std::vector<pid_t> result = children_of(::getpid());
    result.erase(std::remove_if(result.begin(), result.end(),
                                [](pid_t pid) { return registered().count(pid) != 0; }),
                 result.end());
    return result;
}

void end_orphans(const std::set<pid_t>& spared) {
    wait_until([&] { // a storm of forks needs more than one round
        auto orphans = adopted_orphans();
        orphans.erase(std::remove_if(orphans.begin(), orphans.end(),
                                     [&](pid_t pid) { return spared.count(pid) != 0; }),
                      orphans.end());
        for (const pid_t orphan : orphans) {
            kill_descendants(orphan);
            ::kill(orphan, SIGKILL);
            ::waitpid(orphan, nullptr, WNOHANG | __WALL);
        }
        return orphans.empty();
    });
}

void reap_orphans() {
    for (const pid_t child : adopted_orphans()) {
        ::waitpid(child, nullptr, WNOHANG | __WALL);
    }
}

} // namespace le_run::test

#include "helpers/start_forest.h"

#include <fstream>
#include <sstream>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace le_run::test {
namespace {

long number_in(const char* path) {
    long number = 0;
    std::ifstream(path) >> number;
    return number;
}

// "chain-1000-stopped" is made by `test-forest chain 1000 stopped`.
[[noreturn]] void become_forest(const std::string& shape, int ready) {
    std::vector<std::string> words = {TEST_FOREST};
    std::istringstream parts(shape);
    for (std::string part; std::getline(parts, part, '-');) {
        words.push_back(part);
    }
    words.insert(words.end(), {"--ready", std::to_string(ready)});
    std::vector<char*> argv;
    for (std::string& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    ::execv(TEST_FOREST, argv.data());
    ::_exit(2);
}

} // namespace

bool can_have_processes(int count) {
    constexpr long kOthers = 2000; // that the machine may have besides
    rlimit limit{};
    ::getrlimit(RLIMIT_NPROC, &limit);
    const auto needed = static_cast<rlim_t>(count + kOthers);
    return (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= needed) &&
           number_in("/proc/sys/kernel/pid_max") >= count + kOthers &&
           number_in("/proc/sys/kernel/threads-max") >= count + kOthers;
}

bool start_forest(const std::string& shape) {
    int ready[2];
    if (::pipe(ready) != 0) {
        return false;
    }
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::close(ready[0]);
        become_forest(shape, ready[1]);
    }
    ::close(ready[1]);
    char byte = 0;
    const bool is_there = pid > 0 && ::read(ready[0], &byte, 1) == 1;
    ::close(ready[0]);
    return is_there;
}

} // namespace le_run::test

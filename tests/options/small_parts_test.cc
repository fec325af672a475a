// Signals by name, and the CPU limit as the cgroups show it.
#include "helpers/catch.h"

#include <csignal>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "election/timing.h"
#include "process/cpu_limit.h"
#include "process/signal_names.h"

namespace le_run::test {

using namespace le_run::process;
namespace {

using namespace std::chrono_literals;

class Root {
public:
    Root()
        : path_(std::filesystem::temp_directory_path() /
                ("le-run-root-" + std::to_string(::getpid()))) {
        std::filesystem::remove_all(path_);
    }
    ~Root() { std::filesystem::remove_all(path_); }
    void put(const std::string& file, const std::string& text) const {
        std::filesystem::create_directories(
            (path_.string() + file).substr(0, (path_.string() + file).rfind('/')));
        std::ofstream(path_.string() + file) << text;
    }
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

} // namespace

TEST_CASE("signals by name and number", "[options]") {
    CHECK(parse_signal("TERM") == SIGTERM);
    CHECK(parse_signal("SIGTERM") == SIGTERM);
    CHECK(parse_signal("sigusr1") == SIGUSR1);
    CHECK(parse_signal("15") == 15);
    CHECK(parse_signal("RTMIN+3") == SIGRTMIN + 3);
    CHECK(parse_signal("SIGRTMAX-1") == SIGRTMAX - 1);
    for (const char* bad :
         {"", "0", "-1", "32", "33", "65", "FOO", "SIG", "TERMX", "1 5", "RTMIN+99"}) {
        INFO(bad);
        CHECK_FALSE(parse_signal(bad));
    }
    for (int n = 1; n < 32; ++n) {
        CHECK(parse_signal(signal_name(n)) == n);
    }
    CHECK(parse_signal(signal_name(SIGRTMIN + 2)) == SIGRTMIN + 2);
}

TEST_CASE("no CPU limit, no larger margin", "[options]") {
    const Root root;
    CHECK_FALSE(cpu_limit(root.path()));
    root.put("/proc/self/cgroup", "0::/\n");
    root.put("/sys/fs/cgroup/cpu.max", "max 100000\n");
    CHECK_FALSE(cpu_limit(root.path()));
    CHECK(election::margin_for({}) == 1s);
    CHECK(election::margin_for(2.0) == 1s);
    CHECK(election::margin_for(0.1) == 5s);
}

TEST_CASE("the tightest CPU limit counts, cgroup v2", "[options]") {
    const Root root;
    root.put("/proc/self/cgroup", "0::/pod/app\n");
    root.put("/sys/fs/cgroup/pod/cpu.max", "50000 100000\n");
    root.put("/sys/fs/cgroup/pod/app/cpu.max", "200000 100000\n");
    CHECK(cpu_limit(root.path()) == 0.5);
}

TEST_CASE("the CPU limit inside a container, where the cgroup's path does not exist", "[options]") {
    const Root root;
    root.put("/proc/self/cgroup", "5:cpuacct,cpu:/kubepods/x\n1:name=systemd:/y\n");
    root.put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "10000\n");
    root.put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    CHECK(cpu_limit(root.path()) == 0.1);
    root.put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    CHECK_FALSE(cpu_limit(root.path()));
}

} // namespace le_run::test

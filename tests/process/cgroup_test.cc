// Where le-run's cgroup is delegated to it, the tree has one of its own, which ends it at one blow.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "guard/process_tree.h"
#include "helpers/catch.h"
#include "process/stand_in.h"

using namespace le_run;
using namespace le_run::guard;
using namespace le_run::test;

namespace {

// A cgroup as a service manager makes it for a service.
class ServiceCgroup {
public:
    ServiceCgroup() {
        for (const char* mounted : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
            const std::string path =
                std::string(mounted) + "/le-run-test-" + std::to_string(::getpid());
            if (::mkdir(path.c_str(), 0755) == 0) {
                path_ = path;
                if (::access((path + "/cgroup.kill").c_str(), W_OK) == 0) {
                    return;
                }
                ::rmdir(path.c_str());
            }
        }
        path_.clear();
        WARN("skipped: this needs root, and a cgroup v2 hierarchy with cgroup.kill");
    }
    ~ServiceCgroup() {
        for (const std::string& path : below()) {
            ::rmdir(path.c_str());
        }
        ::rmdir(path_.c_str());
    }
    ServiceCgroup(const ServiceCgroup&) = delete;
    ServiceCgroup& operator=(const ServiceCgroup&) = delete;

    bool is_there() const { return !path_.empty(); }
    bool delegate() const {
        return ::setxattr(path_.c_str(), "user.delegate", "1", 1, 0) == 0 ||
               ::setxattr(path_.c_str(), "trusted.delegate", "1", 1, 0) == 0;
    }
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    void join() const {
        if (!(std::ofstream(file("cgroup.procs")) << "0" << std::flush)) {
            ::_exit(1);
        }
    }
    // The cgroups that were made in it.
    std::vector<std::string> below() const {
        std::vector<std::string> result;
        std::error_code error;
        for (const auto& entry : std::filesystem::directory_iterator(path_, error)) {
            if (entry.is_directory()) {
                result.push_back(entry.path());
            }
        }
        return result;
    }

private:
    std::string path_;
};

// The processes of a cgroup.
std::vector<pid_t> members(const std::string& path) {
    std::vector<pid_t> result;
    std::ifstream file(path + "/cgroup.procs");
    for (pid_t pid = 0; file >> pid;) {
        result.push_back(pid);
    }
    return result;
}

StandInOptions in(const ServiceCgroup& service, const TreeWatch& watch) {
    StandInOptions options = watched_by(watch);
    options.prepare = [&service] { service.join(); };
    return options;
}

} // namespace

TEST_CASE("a delegated cgroup is divided: the child and its tree alone are in the new one, which "
          "is removed at the end") {
    const ServiceCgroup service;
    if (!service.is_there()) {
        return;
    }
    REQUIRE(service.delegate());
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "stubborn", "daemonizing", "thread-forked", "fork-storm"},
                   in(service, watch));
    le_run.start();
    const auto started = le_run.expect<Started>();
    watch.wait_for_line("ready");
    REQUIRE(service.below().size() == 1);
    const std::string own = service.below().front();
    const auto tree = members(own);
    CHECK(std::count(tree.begin(), tree.end(), started.pid) == 1);
    CHECK(tree.size() >= 4);
    const auto others = members(service.file(""));
    CHECK(std::count(others.begin(), others.end(), le_run.pid()) == 1);
    CHECK(std::count(others.begin(), others.end(), le_run.guard()) == 1);
    le_run.stop(SIGTERM, le_run.now());
    le_run.expect<Gone>();
    CHECK(watch.is_at_end());
    CHECK(members(own).empty());
    le_run.settled();
    le_run.kill();
    CHECK(wait_until([&] { return service.below().empty(); }));
}

TEST_CASE("a cgroup that nobody has delegated is left alone") {
    const ServiceCgroup service;
    if (!service.is_there()) {
        return;
    }
    TreeWatch watch;
    StandIn le_run({TEST_AWKWARD, "stubborn", "daemonizing"}, in(service, watch));
    le_run.start();
    const auto started = le_run.expect<Started>();
    watch.wait_for_line("ready");
    CHECK(service.below().empty());
    const auto all = members(service.file(""));
    CHECK(std::count(all.begin(), all.end(), started.pid) == 1);
    le_run.stop(SIGTERM, le_run.now());
    le_run.expect<Gone>();
    CHECK(watch.is_at_end());
    le_run.kill();
}

TEST_CASE("a round begins with cgroup.kill: it reaches what no listing of descendants does") {
    const ServiceCgroup service;
    if (!service.is_there()) {
        return;
    }
    const pid_t member = ::fork(); // of the cgroup, not of the tree
    if (member == 0) {
        service.join();
        for (;;) {
            ::pause();
        }
    }
    REQUIRE(wait_until([&] { return !members(service.file("")).empty(); }));
    const pid_t killer = ::fork();
    if (killer == 0) {
        const int fd = ::open(service.file("cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC);
        ProcessTree tree(ProcessTree::PidNamespace::kShared, fd);
        tree.kill_round();
        ::_exit(0);
    }
    int status = 0;
    CHECK(::waitpid(killer, &status, 0) == killer);
    CHECK(::waitpid(member, &status, 0) == member);
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
}

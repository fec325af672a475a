#include "faults/scene.h"

#include <algorithm>
#include <csignal>
#include <ctime>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faults/expectations.h"

namespace le_run::test::faults {
namespace {

std::string milliseconds_text(std::int64_t ns) { return std::to_string(ns / 1'000'000) + " ms"; }

std::string describe(pid_t pid) {
    std::string name = read_file("/proc/" + std::to_string(pid) + "/comm");
    name.erase(std::remove(name.begin(), name.end(), '\n'), name.end());
    return std::to_string(pid) + " (" + name + ", " + state_of(pid) + ")";
}

} // namespace

std::int64_t boot_now() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * kSecond + now.tv_nsec;
}

Scene::Scene(LockKind kind, Judge& judge) : judge_(judge), arena_(kind) {}
Scene::Scene(const ApiServerAccess& server, Judge& judge) : judge_(judge), arena_(server) {}
Scene::~Scene() { judge_.keep(arena_.logs()); }

ReplicaStart Scene::start_of(const std::string& shape, const Words& worker) const {
    Words arguments = {"--tree", shape, "--exit-code", std::to_string(kChildsOwnCode)};
    if (shape == "stubborn") {
        arguments.emplace_back("--ignore");
    }
    return {.worker = arguments + worker,
            .options = {"--stop-grace", "1s"},
            .timing = kLongerLease,
            .environment = {{"TEST_WORKER_LOCKS", arena_.scratch().path()}}};
}

Replica& Scene::lead(const std::string& name, const ReplicaStart& start) {
    Replica& replica = arena_.start_leader(name, start);
    await("the tree of " + name, [&] { return arena_.record().newest(name).last.what == "tick"; });
    return replica;
}

bool Scene::is_tree_gone(const std::string& name) const {
    const std::string path = arena_.scratch().file("tree-" + name);
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    const bool is_free = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
    ::close(fd);
    return is_free;
}

void Scene::check_successor(const std::string& name, std::int64_t earliest, std::int64_t latest) {
    await(name + " leading", [&] { return arena_.record().starts(name) > 0; });
    const std::int64_t began = arena_.record().newest(name).first.boot_ns;
    require(began >= earliest,
            name + " began " + milliseconds_text(earliest - began) + " too early");
    require(began <= latest, name + " began " + milliseconds_text(began - latest) + " too late");
}

void Scene::check_order() {
    const std::string disorder = arena_.disorder();
    require(disorder.empty(), disorder);
}

void Scene::check_no_zombie(pid_t pid) {
    for (const pid_t child : children_of(pid)) {
        require(state_of(child) != 'Z' || wait_until([&] { return state_of(child) != 'Z'; }),
                "zombie " + describe(child) + " below " + describe(pid));
    }
}

void Scene::end(Replica& replica, int exit_code) {
    const auto code = replica.wait();
    require(is_tree_gone(replica.name()),
            "processes of " + replica.name() + " outlived its le-run's own end");
    require(code == exit_code, replica.name() + " exited with " +
                                   (code ? std::to_string(*code) : "nothing: it still runs") +
                                   " instead of " + std::to_string(exit_code));
}

void Scene::check_nothing_left() {
    const bool none = wait_until(
        [] {
            reap_orphans();
            return adopted_orphans().empty();
        },
        std::chrono::seconds(20));
    constexpr std::size_t kShown = 10;
    const auto survivors = adopted_orphans();
    std::string left = std::to_string(survivors.size()) + ":";
    for (std::size_t i = 0; i < std::min(kShown, survivors.size()); ++i) {
        left += " " + describe(survivors[i]);
    }
    require(none, "survivors, or zombies, " + left);
}

std::vector<pid_t> Scene::orphans() const {
    std::vector<pid_t> all = adopted_orphans();
    all.erase(std::remove_if(all.begin(), all.end(), [](pid_t pid) { return !is_alive(pid); }),
              all.end());
    std::vector<pid_t> below;
    for (const pid_t pid : all) {
        const auto descendants = descendants_of(pid);
        below.insert(below.end(), descendants.begin(), descendants.end());
    }
    all.insert(all.end(), below.begin(), below.end());
    return all;
}

} // namespace le_run::test::faults

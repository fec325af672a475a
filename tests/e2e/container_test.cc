// le-run as a container runs it: PID 1 of a PID namespace, in a root file system with nothing but
// it, the worker and their libraries; the entrypoint is the one of container/Containerfile. Needs
// root, as namespaces and mounts do.
#include <algorithm>
#include <csignal>

#include <unistd.h>

#include "e2e/entrypoint.h"
#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

// A root file system like the image's: le-run at the entrypoint's path, the worker as /worker.
class Root {
public:
    Root() {
        Process script({.argv = {LE_RUN_SOURCE_DIR "/container/make-root.sh", path(),
                                 le_run_binary(), TEST_WORKER}});
        INFO(script.err());
        REQUIRE(script.wait() == 0);
        const std::string program = path() + entrypoint().at(0);
        std::filesystem::create_directories(std::filesystem::path(program).parent_path());
        std::filesystem::copy_file(le_run_binary(), program);
        std::filesystem::copy_file(TEST_WORKER, path() + "/worker");
        for (const std::string& folder : {scratch_.path(), path()}) {
            std::filesystem::permissions(folder, std::filesystem::perms(0755));
        }
    }
    std::string path() const { return scratch_.file("root"); }
    std::string record() const { return path() + "/work/record"; }

private:
    ScratchFolder scratch_;
};

struct Container {
    std::string user{}; // "65534:65534"; empty: root
    bool read_only = false;
};

// The shell script that makes the namespace's mounts and becomes le-run as its PID 1.
std::string mounts(const Root& root, const Container& container) {
    const std::string path = root.path();
    std::string script = "set -e; mount --bind " + path + " " + path + "; mount --bind " + path +
                         "/work " + path + "/work; mount -t proc proc " + path + "/proc; ";
    if (container.read_only) {
        script += "mount -o remount,bind,ro " + path + "; ! touch " + path + "/tmp/x 2>/dev/null; ";
    }
    const std::string user = container.user.empty() ? "" : "--userspec=" + container.user + " ";
    return script + "exec chroot " + user + path + " \"$@\"";
}

Command run_in(const Root& root, const Container& container, const Words& worker) {
    const Words start = {"unshare",
                         "--mount",
                         "--pid",
                         "--fork",
                         "--kill-child=SIGKILL",
                         "sh",
                         "-c",
                         mounts(root, container),
                         "container"};
    return {.argv = start + entrypoint() +
                    Words{"/worker", "--record", "/work/record", "--replica", "a"} + worker,
            .environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"},
                            {"LE_RUN_LOCK", "file:///work/lock"},
                            {"LE_RUN_LEASE_DURATION", "6s"},
                            {"LE_RUN_RENEW_DEADLINE", "2500ms"},
                            {"LE_RUN_RETRY_PERIOD", "500ms"},
                            {"LE_RUN_STOP_GRACE", "3s"}},
            .inherit_environment = false};
}

// PID 1 of the container, as this machine numbers it.
pid_t first_process(const Process& container) {
    const auto children = children_of(container.pid());
    return children.size() == 1 ? children.front() : 0;
}

std::string status_of(pid_t pid) { return read_file("/proc/" + std::to_string(pid) + "/status"); }

// Runs the worker with an orphan and a stubborn daemon, sees zombies reaped, asks PID 1 to stop:
// drained, gone, exit 0.
void run_and_stop(const Container& container) {
    if (::geteuid() != 0) {
        WARN("needs root: not run");
        return;
    }
    const Root root;
    Process program(run_in(root, container, {"--drain", "500", "--orphan", "--daemon"}));
    const bool started = wait_until(
        [&] {
            const WorkRecord record(root.record());
            return record.newest("a", "daemon").pid != 0 && record.newest("a", "orphan").pid != 0;
        },
        std::chrono::seconds(30));
    INFO(program.err());
    REQUIRE(started);
    const pid_t le_run = first_process(program);
    REQUIRE(le_run != 0);
    CHECK_THAT(status_of(le_run), contains("NSpid:\t" + std::to_string(le_run) + "\t1\n"));
    if (!container.user.empty()) {
        CHECK_THAT(status_of(le_run), contains("Uid:\t65534\t65534\t65534\t65534"));
        CHECK_THAT(status_of(le_run), contains("CapEff:\t0000000000000000"));
    }
    CHECK(wait_until([&] { // the orphan has ended; nobody keeps its zombie
        const auto all = descendants_of(program.pid());
        return std::none_of(all.begin(), all.end(), [](pid_t pid) { return state_of(pid) == 'Z'; });
    }));

    ::kill(le_run, SIGTERM);
    CHECK(program.wait() == 0);
    const WorkRecord record(root.record());
    CHECK(record.newest("a").asked == std::vector{SIGTERM});
    CHECK(record.newest("a").ended_itself);
    const std::string log = program.err();
    INFO(log);
    CHECK(log.find("tree gone") != std::string::npos);
    CHECK(log.find("released") != std::string::npos);
    CHECK(log.find("tree gone") < log.find("released"));
}

} // namespace

TEST_CASE("container: as PID 1 the worker runs, zombies are reaped, SIGTERM drains and ends with 0 "
          "(file)") {
    run_and_stop({});
}

TEST_CASE("container: the same as uid 65534 without capabilities on a read-only root (file)") {
    run_and_stop({.user = "65534:65534", .read_only = true});
}

TEST_CASE("container: the child's exit code is the container's (file)") {
    if (::geteuid() != 0) {
        WARN("needs root: not run");
        return;
    }
    const Root root;
    Process program(run_in(root, {}, {"--exit-after", "0", "--exit-code", "7"}));
    CHECK(program.wait() == 7);
}

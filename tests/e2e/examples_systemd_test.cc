// The unit of examples/systemd on two hosts: two real systemds, each PID 1 of namespaces of its own
// (processes, mounts, network, host name, cgroups), share the folder of the lock file.
#include <csignal>
#include <memory>

#include <unistd.h>

#include "helpers/catch.h"
#include "helpers/process.h"
#include "helpers/replica.h"

using namespace le_run::test;

namespace {

constexpr const char* kUnit = "example-worker.service";

std::string unit_text() {
    std::string text = read_file(LE_RUN_SOURCE_DIR "/examples/systemd/" + std::string(kUnit));
    const std::string program = "/usr/bin/le-run ";
    const auto at = text.find(program);
    REQUIRE(at != std::string::npos);
    return text.replace(at, program.size(), le_run_binary() + " ");
}

// The cgroup, by its name in the root of the second version's hierarchy, is the host's own. The
// host name is a file because systemd reads it there.
constexpr const char* kBoot = R"(set -e
mount -t tmpfs tmpfs /run
mkdir /run/cgroup /run/units
mount -t cgroup2 cgroup2 /run/cgroup
mkdir "/run/cgroup/$CGROUP"
echo $$ >"/run/cgroup/$CGROUP/cgroup.procs"
cp -r "$UNITS/." /run/units
mount --bind "$UNITS/hostname" /etc/hostname
mount -t tmpfs tmpfs /var/lib
mkdir /var/lib/example-worker
mount --bind "$SHARED" /var/lib/example-worker
exec unshare --cgroup sh -c 'mount -t tmpfs tmpfs /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
umount /run/cgroup
exec env -i container=test SYSTEMD_UNIT_PATH=/run/units PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=multi-user.target --log-target=console'
)";

class Host {
public:
    Host(const std::string& name, const ScratchFolder& shared)
        : name_(name), log_(shared.file("log-" + name)),
          cgroup_("le-run-test-" + std::to_string(::getpid()) + "-" + name) {
        units_.write(kUnit, unit_text());
        units_.write("hostname", name + "\n");
        // Without a journal: what le-run logs goes where the test can read it.
        std::filesystem::create_directory(units_.file(std::string(kUnit) + ".d"));
        units_.write(std::string(kUnit) + ".d/log.conf",
                     "[Service]\nStandardError=append:/var/lib/example-worker/log-" + name + "\n");
        for (const char* target :
             {"sysinit", "basic", "shutdown", "network-online", "multi-user"}) {
            units_.write(std::string(target) + ".target",
                         "[Unit]\nDescription=of the test\nDefaultDependencies=no\n");
        }
        process_ = std::make_unique<Process>(
            Command{.argv = {"unshare", "--pid", "--mount", "--net", "--uts", "--ipc", "--fork",
                             "--mount-proc", "--kill-child=SIGKILL", "sh", "-c", kBoot},
                    .environment = {
                        {"CGROUP", cgroup_}, {"UNITS", units_.path()}, {"SHARED", shared.path()}}});
        const bool is_up =
            wait_until([&] { return systemctl({"is-active", "multi-user.target"}); });
        INFO(process_->err());
        REQUIRE(is_up);
    }
    ~Host() {
        lose_power();
        Process sweep({.argv = {"unshare", "--mount", "sh", "-c",
                                "mount -t cgroup2 cgroup2 /mnt && find /mnt/" + cgroup_ +
                                    " -depth -type d -exec rmdir {} +"}});
        wait_until([&] { return sweep.wait().has_value(); });
    }
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    bool systemctl(const Words& words) const { return ask(words, nullptr); }
    std::string property(const std::string& name) const {
        std::string text;
        ask({"show", "--value", "--property", name, kUnit}, &text);
        return text.substr(0, text.find('\n'));
    }
    // The program that systemd started, in this machine's numbers.
    pid_t le_run() const {
        const std::string inside = property("MainPID");
        for (const pid_t pid : descendants_of(process_->pid())) {
            const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
            if (status.find("NSpid:\t" + std::to_string(pid) + "\t" + inside + "\n") !=
                std::string::npos) {
                return pid;
            }
        }
        return 0;
    }
    int times_logged(const std::string& event) const {
        int count = 0;
        for (const std::string& line : lines_of(read_file(log_))) {
            count += line.find("le-run info: " + event) != std::string::npos ? 1 : 0;
        }
        return count;
    }
    bool acquires(int times = 1) const {
        return wait_until([&] { return times_logged("acquired") == times; });
    }
    std::string log() const { return name_ + ":\n" + read_file(log_); }
    void lose_power() { process_.reset(); } // and with its PID 1 everything on it

private:
    bool ask(const Words& words, std::string* answer) const {
        const auto children = children_of(process_->pid());
        if (children.empty()) {
            return false;
        }
        Process program({.argv = Words{"nsenter", "--target", std::to_string(children.front()),
                                       "--all", "--", "systemctl"} +
                                 words});
        const bool good = program.wait() == 0;
        if (answer != nullptr) {
            *answer = program.out();
        }
        return good;
    }

    std::string name_;
    std::string log_;
    std::string cgroup_;
    ScratchFolder units_;
    std::unique_ptr<Process> process_;
};

} // namespace

TEST_CASE("examples: the systemd unit is sound (file)") {
    ScratchFolder scratch;
    const std::string unit = unit_text();
    CHECK_THAT(unit, contains("KillMode=mixed") && contains("TimeoutStopSec="));
    Process analyze(
        {.argv = {"systemd-analyze", "verify", "--man=no", scratch.write(kUnit, unit)}});
    REQUIRE(analyze.wait().has_value());
    // It complains of units of this machine too; of ours it must not.
    CHECK((analyze.out() + analyze.err()).find(kUnit) == std::string::npos);
}

TEST_CASE("examples: the packaged systemd unit is sandboxed, and its state is its own (file)") {
    const ScratchFolder folder;
    const std::string text = read_file(LE_RUN_SOURCE_DIR "/examples/systemd/le-run@.service");
    const std::string unit = folder.write("le-run@x.service", text);
    Process analysis({.argv = {"systemd-analyze", "security", "--offline=true", "--threshold=49",
                               "--no-pager", unit}});
    const auto code = analysis.wait(); // the exposure, from 0 to 100, is above the threshold: 1
    INFO(analysis.out() << analysis.err());
    CHECK(code == 0);
    for (const char* line : {"\nStateDirectoryMode=0700\n", "\nUMask=0077\n"}) {
        CHECK_THAT(text, contains(line));
        CHECK_THAT(unit_text(), contains(line));
    }
}

TEST_CASE("examples: the systemd unit on two hosts hands over when it is stopped, when le-run is "
          "killed and when a host is lost (file)") {
    if (::geteuid() != 0) {
        WARN("needs root: not run");
        return;
    }
    const ScratchFolder shared;
    Host one("one", shared);
    Host two("two", shared);
    REQUIRE(one.systemctl({"start", kUnit}));
    REQUIRE(one.acquires());
    REQUIRE(two.systemctl({"start", kUnit}));
    REQUIRE(wait_until([&] { return two.times_logged("new leader: one_") == 1; }));

    REQUIRE(one.systemctl({"stop", kUnit}));
    CHECK(one.property("Result") == "success");
    CHECK(one.property("ExecMainStatus") == "0");
    CHECK(one.times_logged("released") == 1);
    REQUIRE(two.acquires());
    INFO(one.log());
    INFO(two.log());

    REQUIRE(one.systemctl({"start", kUnit}));
    REQUIRE(wait_until([&] { return one.times_logged("new leader: two_") == 1; }));
    const pid_t killed = two.le_run();
    REQUIRE(killed != 0);
    const auto tree = descendants_of(killed);
    CHECK(tree.size() == 2); // the guard and the worker
    ::kill(killed, SIGKILL);
    // Whoever comes first: systemd starts it again before the lease has run out, if its guard was
    // ended with it and could not release.
    const auto has_won = [](const Host& host) { return host.times_logged("acquired") == 2; };
    const bool is_taken_over = wait_until([&] { return has_won(one) || has_won(two); });
    INFO("after the kill: " << one.log() << two.log());
    REQUIRE(is_taken_over);
    Host& leader = has_won(one) ? one : two;
    Host& standby = has_won(one) ? two : one;
    for (const pid_t pid : tree) {
        CHECK_FALSE(is_alive(pid));
    }
    CHECK(wait_until([&] { return two.property("NRestarts") == "1"; }));
    REQUIRE(wait_until([&] { return two.times_logged("contending") == 2; }));

    const int won = standby.times_logged("acquired");
    leader.lose_power();
    REQUIRE(standby.acquires(won + 1));
    const int released = standby.times_logged("released");
    REQUIRE(standby.systemctl({"stop", kUnit}));
    CHECK(standby.times_logged("released") == released + 1);
}

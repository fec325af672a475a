// le-run's own health: what is full, used up or blocked around it changes nothing about renewing
// and killing.
#include <algorithm>
#include <csignal>
#include <ctime>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kTwoLeases = 16 * kSecond; // of kLongerLease

std::int64_t boot_now() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * kSecond + now.tv_nsec;
}

// A worker that ends of nothing but SIGKILL, with a daemon beside it.
ReplicaStart stubborn() {
    return {.worker = {"--ignore", "--daemon"},
            .options = {"--stop-grace", "1s"},
            .timing = kLongerLease};
}

enum class Ending {
    kLeRunKilled, // SIGKILL to le-run: the guard ends the tree
    kStopAsked,   // SIGTERM: the stop's grace, then SIGKILL to the tree, then the release
    kLost,        // the lock file is deleted: SIGKILL to the tree at once
};

// A leader with a standby beside it.
class Pair {
public:
    explicit Pair(LockKind kind, const ReplicaStart& leader = stubborn()) : arena_(kind) {
        prepare(leader, arena_.lock_options(), {});
    }
    // With the lock, and what the leader is started with, in a place that the test has made; it may
    // say how the standby is started, too.
    template <class Place>
    explicit Pair(Place place) : arena_(LockKind::kFile) {
        ReplicaStart standby;
        ReplicaStart leader;
        if constexpr (std::is_invocable_v<Place, Arena&, ReplicaStart&>) {
            leader = place(arena_, standby);
        } else {
            leader = place(arena_);
        }
        prepare(leader, leader.lock.empty() ? arena_.lock_options() : leader.lock, standby);
    }

    Arena& arena() { return arena_; }
    Replica& leader() { return *leader_; }
    pid_t guard() const { return leader_->guard(); }

    // The worker goes on for `time`, and nobody asks it to stop: without renewals it would have
    // been asked after 3 s.
    void check_renewals(std::int64_t time = kTwoLeases) {
        const std::int64_t end = boot_now() + time;
        CHECK(wait_until([&] { return arena_.record().newest("a").last.boot_ns > end; }));
        CHECK(arena_.record().starts("a") == 1);
        const auto& asked = arena_.record().newest("a").asked;
        CHECK(std::count(asked.begin(), asked.end(), SIGTERM) == 0);
        CHECK(leader_->runs());
    }

    // The tree ends before anybody works again, which somebody does.
    void check_end(Ending ending) {
        if (ending == Ending::kLost) {
            REQUIRE(::unlink(arena_.lock_file().c_str()) == 0);
        } else {
            leader_->signal(ending == Ending::kStopAsked ? SIGTERM : SIGKILL);
            CHECK(leader_->wait() == 137);
        }
        REQUIRE(wait_until(
            [&] { return arena_.record().starts("a") + arena_.record().starts("b") >= 2; }));
        const WorkLife worker = arena_.record().lives_of("a").at(0);
        const WorkLife daemon = arena_.record().lives_of("a", "daemon").at(0);
        CHECK(wait_until([&] { return is_gone(worker) && is_gone(daemon); }));
        CHECK(arena_.disorder() == "");
    }

private:
    void prepare(const ReplicaStart& leader, const Words& lock, ReplicaStart standby) {
        leader_ = &arena_.start_leader("a", leader);
        REQUIRE(wait_until([&] { return arena_.record().newest("a", "daemon").pid != 0; }));
        standby.lock = lock;
        standby.timing = kLongerLease;
        arena_.start_standby("b", standby);
    }

    Arena arena_;
    Replica* leader_ = nullptr;
};

// Limits a running process; what it has stays.
void limit(pid_t pid, __rlimit_resource resource, rlim_t most) {
    const rlimit wanted{most, most};
    REQUIRE(::prlimit(pid, resource, &wanted, nullptr) == 0);
}

// Leaves a running process no descriptor number to open anything at.
void use_up_descriptors(pid_t pid) {
    rlim_t first_free = 0;
    while (::access(("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(first_free)).c_str(),
                    F_OK) == 0 ||
           errno != ENOENT) {
        ++first_free;
    }
    limit(pid, RLIMIT_NOFILE, first_free);
}

// Stops a process without a word to its parent, who would continue it: for le-run its guard is only
// late.
class Frozen {
public:
    explicit Frozen(pid_t pid) : pid_(pid) {
        REQUIRE(::ptrace(PTRACE_SEIZE, pid, 0, 0) == 0);
        REQUIRE(::ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0);
        REQUIRE(::waitpid(pid, nullptr, __WALL) == pid);
    }
    ~Frozen() {
        if (::ptrace(PTRACE_DETACH, pid_, 0, 0) != 0) {
            ::waitpid(pid_, nullptr, __WALL); // killed: its parent hears of it only after this
        }
    }
    Frozen(const Frozen&) = delete;
    Frozen& operator=(const Frozen&) = delete;

private:
    pid_t pid_;
};

void wait_for(std::int64_t time) {
    const std::int64_t end = boot_now() + time;
    REQUIRE(wait_until([&] { return boot_now() >= end; }));
}

// le-run with its standard error there.
Words with_stderr(const std::string& path) {
    return {"/bin/sh", "-c", "file=$1; shift; exec \"$@\" 2>>\"$file\"", "sh", path};
}

// To the last byte, and proven.
void fill(int fd) {
    std::string block(1 << 16, 'x');
    while (!block.empty()) {
        if (::write(fd, block.data(), block.size()) < 0) {
            REQUIRE((errno == ENOSPC || errno == EAGAIN));
            block.resize(block.size() / 2);
        }
    }
}

// Whether the signal was sent to a process that has not taken it yet.
bool is_pending(pid_t pid, int number) {
    for (const std::string& line :
         lines_of(read_file("/proc/" + std::to_string(pid) + "/status"))) {
        if (line.starts_with("ShdPnd:")) {
            return (std::stoull(line.substr(7), nullptr, 16) >> (number - 1) & 1) == 1;
        }
    }
    return false;
}

// When the record says so for the first time; 0: it does not.
std::int64_t time_of(const Arena& arena, const std::string& what) {
    for (const std::string& line : lines_of(read_file(arena.record_file()))) {
        if (line.ends_with(" " + what)) {
            return std::stoll(line);
        }
    }
    return 0;
}

} // namespace

TEST_CASE("health: a full disk below the lock and the log (file)") {
    const Ending ending = GENERATE(Ending::kLeRunKilled, Ending::kStopAsked);
    // A mount namespace of the test's own: nothing is left behind, whatever happens.
    REQUIRE(::unshare(CLONE_NEWNS) == 0);
    REQUIRE(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    std::string disk;
    Pair pair([&](Arena& arena) {
        disk = arena.scratch().file("disk");
        REQUIRE(::mkdir(disk.c_str(), 0755) == 0);
        REQUIRE(::mount("none", disk.c_str(), "tmpfs", 0, "size=256k") == 0);
        ReplicaStart start = stubborn();
        start.lock = {"--lock", "file://" + disk + "/lock"};
        start.options = start.options + Words{"--log-level", "debug"};
        start.launcher = with_stderr(disk + "/log");
        return start;
    });
    const int filler = ::open((disk + "/filler").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    REQUIRE(filler >= 0);
    fill(filler);
    struct statfs status{};
    REQUIRE(::statfs(disk.c_str(), &status) == 0);
    CHECK(status.f_bfree == 0);
    pair.check_renewals();
    pair.check_end(ending);
    ::close(filler);
    ::umount2(disk.c_str(), MNT_DETACH);
}

TEST_CASE("health: no descriptor is left (file)") {
    Pair pair(LockKind::kFile);
    use_up_descriptors(pair.leader().pid());
    use_up_descriptors(pair.guard());
    pair.check_renewals();
    pair.check_end(GENERATE(Ending::kLeRunKilled, Ending::kStopAsked, Ending::kLost));
}

TEST_CASE("health: no descriptor is left (API server)") {
    Pair pair(LockKind::kKubernetes);
    use_up_descriptors(pair.leader().pid());
    use_up_descriptors(pair.guard());
    pair.check_renewals(); // over the connection that it has
    pair.check_end(GENERATE(Ending::kLeRunKilled, Ending::kStopAsked));
}

TEST_CASE("health: nobody reads standard error, and its pipe is full (file)") {
    int pipe = -1;
    Pair pair([&](Arena& arena) {
        const std::string path = arena.scratch().file("stderr");
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        pipe = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
        REQUIRE(pipe >= 0);
        fill(pipe);
        ReplicaStart start = stubborn();
        start.options = start.options + Words{"--log-level", "debug"};
        start.launcher = with_stderr(path);
        return start;
    });
    pair.check_renewals();
    pair.check_end(GENERATE(Ending::kLeRunKilled, Ending::kStopAsked, Ending::kLost));
    ::close(pipe);
}

TEST_CASE("health: no process can be forked (file)") {
    constexpr id_t kNobody = 65534; // the limit does not bind root
    Pair pair([&](Arena& arena, ReplicaStart& standby) {
        const std::string folder = arena.scratch().file("");
        REQUIRE(::chmod(folder.c_str(), 01777) == 0);
        ReplicaStart start = stubborn();
        start.launcher = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
        start.command = Words{arena.scratch().public_copy(TEST_WORKER)} + start.worker;
        arena.scratch().write("record", "");
        REQUIRE(::chmod(arena.record_file().c_str(), 0666) == 0);
        standby.launcher = start.launcher; // all candidates for a lock file are one user
        standby.command = {start.command.front()};
        return start;
    });
    const pid_t le_run = pair.leader().pid();
    const pid_t guard = pair.guard();
    const pid_t prober = ::fork(); // as that user, which needs no capability to set the limits
    if (prober == 0) {
        const rlimit one{1, 1};
        const bool limited = ::setresgid(kNobody, kNobody, kNobody) == 0 &&
                             ::setresuid(kNobody, kNobody, kNobody) == 0 &&
                             ::prlimit(le_run, RLIMIT_NPROC, &one, nullptr) == 0 &&
                             ::prlimit(guard, RLIMIT_NPROC, &one, nullptr) == 0 &&
                             ::setrlimit(RLIMIT_NPROC, &one) == 0;
        ::_exit(limited && ::fork() < 0 && errno == EAGAIN ? 0 : 1);
    }
    int probed = -1;
    REQUIRE(::waitpid(prober, &probed, 0) == prober);
    REQUIRE(probed == 0);
    pair.check_renewals();
    pair.check_end(GENERATE(Ending::kLeRunKilled, Ending::kStopAsked));
}

TEST_CASE("health: the guard can get no memory (file)") {
    Pair pair(LockKind::kFile);
    limit(pair.guard(), RLIMIT_AS, 0);
    pair.check_renewals();
    pair.check_end(GENERATE(Ending::kLeRunKilled, Ending::kStopAsked));
}

TEST_CASE("health: a burst of signals fills the guard's channel while the guard is late (file)") {
    Pair pair(LockKind::kFile);
    {
        const Frozen guard(pair.guard());
        for (int i = 0; i < 3000; ++i) {
            REQUIRE(::sigqueue(pair.leader().pid(), SIGRTMIN, {}) == 0);
        }
        wait_for(2 * kSecond);
    }
    pair.check_renewals();
    // What the channel had room for came through, and the rest is the sender's risk.
    const auto passed_on = pair.arena().record().newest("a").signals.size();
    CHECK(passed_on >= 50);
    CHECK(passed_on < 2000);
    pair.check_end(GENERATE(Ending::kLeRunKilled, Ending::kStopAsked));
}

TEST_CASE("health: a guard that is late twice is given more room, with a warning (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", {.worker = {"--ignore"}, .timing = {}}); // 15 s, 10 s, 2 s
    const pid_t guard = a.guard();
    const auto make_late = [&] {
        {
            const Frozen late(guard);
            wait_for(11 * kSecond / 10);
        }
        wait_for(2 * kSecond);
    };
    make_late();
    CHECK_FALSE(a.logged({"paused twice"})); // once is a pause, not a habit
    make_late();
    REQUIRE(wait_until([&] {
        return a.logged({"warning", "this host paused twice in 60s (", "without a renewal"});
    }));
    // The next renewals bring the new instants: the stop signal still comes after 10 s, SIGKILL
    // follows in less than 2 s instead of 2.97 s.
    wait_for(5 * kSecond);
    CHECK(arena.record().starts("a") == 1);
    a.signal(SIGSTOP);
    const WorkLife worker = arena.record().newest("a");
    REQUIRE(wait_until([&] { return is_gone(worker); }));
    const auto asked_at = time_of(arena, "a worker signal 15");
    REQUIRE(asked_at != 0);
    CHECK(arena.record().newest("a").last.boot_ns - asked_at < 2 * kSecond);
}

TEST_CASE(
    "health: a leading le-run that hangs is ended by its guard, once its tree is gone (file)") {
    const bool is_pid_1 = GENERATE(false, true);
    Arena arena(LockKind::kFile);
    ReplicaStart start = stubborn();
    if (is_pid_1) {
        start.launcher = {"unshare", "--pid", "--fork"};
    }
    Replica& a = arena.start_leader("a", start);
    REQUIRE(wait_until([&] { return arena.record().newest("a", "daemon").pid != 0; }));
    arena.start_standby("b", {.timing = kLongerLease});
    const pid_t le_run = is_pid_1 ? children_of(a.pid()).at(0) : a.pid();
    ::kill(le_run, SIGSTOP);
    REQUIRE(arena.has_started("b"));
    CHECK(arena.disorder() == "");
    if (is_pid_1) { // no signal from inside its namespace ends it while it is stopped
        REQUIRE(wait_until([&] { return is_pending(le_run, SIGRTMAX); }));
        ::kill(le_run, SIGCONT);
    }
    CHECK(a.wait() == (is_pid_1 ? 125 : 137));
    // le-run, being frozen, could not say why.
    CHECK(a.logged({"warning", "le-run (pid ", "has said nothing for ", "lease was not renewed",
                    "the guard has ", "le-run is ended if it stays silent"}));
    CHECK(a.logged({"warning", "le-run (pid ", "runs no child: the guard ends it"}));
    CHECK_FALSE(a.logged({"has died"}));
}

TEST_CASE("health: a standing-by le-run that hangs is ended by its guard (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a");
    Replica& b = arena.start_standby("b");
    b.signal(SIGSTOP);
    CHECK(b.wait(120s) == 137);
    CHECK(a.runs());
    CHECK(arena.record().starts("a") == 1);
}

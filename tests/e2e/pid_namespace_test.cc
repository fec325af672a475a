// --pid-namespace: the guard is PID 1 of a namespace, which ends with it. The single faults again,
// the double faults with and without it, and a kernel that refuses.
#include <csignal>
#include <cstdio>

#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

const Words kOption = {"--pid-namespace"};
const ReplicaStart kStubborn = {.worker = {"--ignore", "--daemon"}, .options = kOption};

void wait_for_daemon(const Arena& arena) {
    REQUIRE(wait_until([&] { return arena.record().newest("a", "daemon").pid != 0; }));
}

// The guard and all below it, by the numbers of the test's namespace; the record holds those of the
// workers' own.
std::vector<pid_t> tree_below(const Replica& replica) {
    const auto tree = descendants_of(replica.pid());
    REQUIRE(tree.size() >= 2);
    return tree;
}

std::vector<pid_t> living(const std::vector<pid_t>& processes) {
    reap_orphans();
    std::vector<pid_t> result;
    for (const pid_t pid : processes) {
        if (is_alive(pid)) {
            result.push_back(pid);
        }
    }
    return result;
}

bool are_gone(const std::vector<pid_t>& processes) {
    return wait_until([&] { return living(processes).empty(); });
}

// SIGKILL or SIGSTOP for le-run and its guard at once: a stopped le-run handles no guard's death.
void hit_both(Replica& replica, int signal) {
    const pid_t guard = replica.guard();
    REQUIRE(guard > 0);
    replica.signal(SIGSTOP);
    ::kill(guard, signal);
    replica.signal(signal);
}

Words warnings_in(const std::string& log) {
    Words result;
    for (const std::string& line : lines_of(log)) {
        if (line.find("warning") != std::string::npos) {
            result.push_back(line);
        }
    }
    return result;
}

// le-run below a shell script that sets its surroundings up: "$@" is le-run with its arguments, and
// $FOLDER that of its lock.
struct Surrounded {
    Surrounded(const std::string& script, const Words& command, const Environment& more = {})
        : process(
              {.argv = Words{"sh", "-c", script, "sh", le_run_binary(), "--lock",
                             "file://" + scratch.file("lock"), "--pid-namespace"} +
                       kShortLease + Words{"--"} + command,
               .environment = without_settings() + Environment{{"FOLDER", scratch.path()}} + more,
               .inherit_environment = false}) {}

    ScratchFolder scratch;
    Process process;
};

bool needs_root() {
    if (::geteuid() == 0) {
        return false;
    }
    WARN("needs root");
    return true;
}

// Makes "$@" run without the right to bind a mount together with what is mounted on it: a seccomp
// filter, which a process installs for itself.
std::string without_recursive_binds() {
    const std::string script =
        "my ($seccomp, $mount, $flags) = map { $_ + 0 } splice @ARGV, 0, 3; "
        "my $filter = join \"\", map { pack \"SCCL\", @$_ } [0x20, 0, 0, 0], [0x15, 0, 3, $mount], "
        "[0x20, 0, 0, 40], [0x15, 0, 1, $flags], [6, 0, 0, 0x50001], [6, 0, 0, 0x7fff0000]; "
        "syscall($seccomp, 1, 0, pack \"Sx6P\", 6, $filter) == 0 or die; exec @ARGV";
    return "exec perl -e '" + script + "' " + std::to_string(SYS_seccomp) + " " +
           std::to_string(SYS_mount) + " " + std::to_string(MS_BIND | MS_REC) + " \"$@\"";
}

// Makes "$@" run as uid 65534 without any capability.
const std::string kAsNobody =
    "exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all -- \"$@\"";

// As container runtimes do it: /proc/sys read-only, a file and a folder hidden. $MORE comes last.
const std::string kMaskProc =
    "exec unshare --mount sh -ec 'mount --bind /proc/sys /proc/sys; "
    "mount -o remount,bind,ro /proc/sys; mount --bind /dev/null /proc/timer_list; "
    "mount -t tmpfs -o ro tmpfs /proc/irq; eval \"$MORE\"; exec \"$@\"' sh \"$@\"";

// uid 0 without any capability: which /proc it has, what is hidden there, and whether it may write
// what the kernel runs for a core file. Then uid 65534: whether a /proc that it mounts shows more.
const Words kLookAround = {
    "sh", "-c",
    "setpriv --bounding-set=-all --inh-caps=-all -- sh -c '"
    "grep CapEff /proc/self/status; cat /proc/1/comm; stat -c %F /proc/timer_list; "
    "ls -A /proc/irq | wc -l; (exec 3>>/proc/sys/kernel/core_pattern) && echo open'; "
    "setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set=-all --inh-caps=-all -- "
    "unshare --user --map-root-user --mount --pid --fork mount -t proc proc /proc && echo mounted; "
    "exit 0"};
const std::string kAllHidden =
    "CapEff:\t0000000000000000\nle-run-guard\ncharacter special file\n0\n";

} // namespace

TEST_CASE("pid namespace: le-run is SIGKILLed, its tree ends before the next one leads (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", kStubborn);
    wait_for_daemon(arena);
    arena.start_standby("b", {.options = kOption});
    const auto tree = tree_below(a);
    a.signal(SIGKILL);
    CHECK(a.wait() == 137);
    REQUIRE(arena.has_started("b"));
    CHECK(are_gone(tree));
    CHECK(arena.record().lives_of("a").at(0).asked == std::vector<int>{SIGTERM}); // as ever
    CHECK(arena.disorder() == "");
}

TEST_CASE("pid namespace: le-run freezes, its tree ends before the next one leads, and the guard "
          "ends it (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", kStubborn);
    wait_for_daemon(arena);
    arena.start_standby("b", {.options = kOption});
    const auto tree = tree_below(a);
    a.signal(SIGSTOP);
    REQUIRE(arena.has_started("b"));
    CHECK(arena.disorder() == "");
    CHECK(a.wait() == 137); // hung, and nothing of the work left
    CHECK(are_gone(tree));
    CHECK(arena.disorder() == "");
}

TEST_CASE("pid namespace: the guard is SIGKILLed, le-run proves the tree gone and ends (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", kStubborn);
    wait_for_daemon(arena);
    arena.start_standby("b", {.options = kOption});
    const auto tree = tree_below(a);
    ::kill(a.guard(), SIGKILL);
    CHECK(a.wait() == 125);
    CHECK(living(tree).empty());
    CHECK(a.logged({"tree gone", "killed 0 processes"})); // the kernel did
    REQUIRE(arena.has_started("b"));
    CHECK(arena.disorder() == "");
}

TEST_CASE("pid namespace: a stopped guard is continued, and the work goes on (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "100"}, .options = kOption});
    for (std::size_t i = 1; i <= 3; ++i) {
        ::kill(a.guard(), SIGSTOP);
        REQUIRE(wait_until([&] { return a.log_lines({"guard", "stopped"}).size() == i; }));
    }
    a.signal(SIGTERM); // through the guard
    CHECK(a.wait() == 0);
    CHECK(arena.record().starts("a") == 1);
    CHECK(arena.record().newest("a").ended_itself);
}

TEST_CASE("pid namespace: the worker ends by itself or is killed, its daemon is ended, the code is "
          "its own (file)") {
    const bool is_killed = GENERATE(false, true);
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader(
        "a",
        {.worker = {"--daemon", "--exit-after", is_killed ? "100000" : "3000", "--exit-code", "7"},
         .options = kOption});
    wait_for_daemon(arena);
    const auto tree = descendants_of(a.guard()); // the guard itself leaves after le-run
    REQUIRE(tree.size() >= 2);
    if (is_killed) {
        ::kill(children_of(a.guard()).at(0), SIGKILL);
    }
    CHECK(a.wait() == (is_killed ? 137 : 7));
    CHECK(living(tree).empty());
    CHECK(a.logged({"released"}));
}

TEST_CASE("pid namespace: signals and environment pass as ever (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", {.worker = {"--drain", "100"}, .options = kOption});
    for (const int number : {SIGUSR1, SIGHUP, SIGINT}) {
        a.signal(number);
        REQUIRE(wait_until([&] {
            const auto asked = arena.record().newest("a").asked;
            return !asked.empty() && asked.back() == number;
        }));
    }
    CHECK(a.wait() == 0);
    const WorkLife life = arena.record().newest("a");
    CHECK(life.asked == std::vector<int>{SIGUSR1, SIGHUP, SIGINT});
    CHECK(life.identity == "a");
    CHECK(life.lock == arena.lock());
    CHECK_FALSE(life.token.empty());
}

TEST_CASE("pid namespace: the child sees its own processes, the guard as the first (file)") {
    Surrounded le_run("exec \"$@\"", {"sh", "-c",
                                      "echo self $$ $(readlink /proc/self); cat /proc/1/comm; "
                                      "ls /proc | grep -c '^[0-9]'; cut -d' ' -f4 /proc/$$/stat"});
    REQUIRE(le_run.process.wait() == 0);
    INFO(le_run.process.out());
    const auto lines = lines_of(le_run.process.out());
    REQUIRE(lines.size() == 4);
    int shell = 0;
    int reader = 0;
    REQUIRE(std::sscanf(lines[0].c_str(), "self %d %d", &shell, &reader) == 2);
    CHECK(shell == 2);
    CHECK(reader > shell); // readlink's own number
    CHECK(lines[1] == "le-run-guard");
    CHECK(std::stoi(lines[2]) <= 4); // guard, shell, ls and perhaps grep
    CHECK(lines[3] == "1");
}

TEST_CASE("pid namespace: le-run as PID 1 may have one too, set in the environment (file)") {
    if (needs_root()) {
        return;
    }
    Arena arena(LockKind::kFile);
    Process program({.argv = {"unshare", "--pid", "--fork", "--kill-child", le_run_binary(), "--",
                              "sh", "-c", "cat /proc/1/comm; env; exit 3"},
                     .environment = without_settings() + Environment{{"LE_RUN_LOCK", arena.lock()},
                                                                     {"LE_RUN_PID_NAMESPACE", "1"}},
                     .inherit_environment = false});
    CHECK(program.wait() == 3);
    CHECK_THAT(program.out(), contains("le-run-guard\n") && contains("LE_RUN_FENCING_TOKEN="));
    CHECK(program.out().find("LE_RUN_PID_NAMESPACE") == std::string::npos);
}

TEST_CASE(
    "double fault: le-run and guard SIGKILLed, with --pid-namespace nothing survives (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", kStubborn);
    wait_for_daemon(arena);
    arena.start_standby("b", {.options = kOption});
    const auto tree = tree_below(a);
    hit_both(a, SIGKILL);
    CHECK(a.wait() == 137);
    CHECK(are_gone(tree));
    REQUIRE(arena.has_started("b"));
    CHECK(arena.disorder() == "");
}

// What tests/README.md's table of assumptions admits: nothing ends what neither of the two can.
TEST_CASE("double fault: le-run and guard SIGKILLed, without --pid-namespace a daemon survives and "
          "overlaps (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", {.worker = {"--ignore", "--daemon"}});
    wait_for_daemon(arena);
    arena.start_standby("b");
    const WorkLife worker = arena.record().newest("a");
    const WorkLife daemon = arena.record().newest("a", "daemon");
    hit_both(a, SIGKILL);
    CHECK(a.wait() == 137);
    CHECK(wait_until([&] { return is_gone(worker); })); // PDEATHSIG
    REQUIRE(arena.has_started("b"));
    CHECK(is_alive(daemon.pid));
    CHECK(wait_until([&] { return !arena.record().overlap().empty(); }));
    CHECK(arena.record().token_disorder() == ""); // what a storage can go by
    ::kill(daemon.pid, SIGKILL);
    CHECK(wait_until([&] { return is_gone(daemon); }));
}

// The same for this one: only the fencing token tells the two workers apart.
TEST_CASE("double fault: le-run and guard SIGSTOPped, the work goes on past the lease, beside a "
          "worker with a greater token (file)") {
    const bool pid_namespace = GENERATE(false, true);
    Arena arena(LockKind::kFile);
    const ReplicaStart start = {.worker = {"--drain", "100"},
                                .options = pid_namespace ? kOption : Words{}};
    Replica& a = arena.start_leader("a", start);
    Replica& b = arena.start_standby("b", start);
    const auto tree = tree_below(a);
    hit_both(a, SIGSTOP);
    REQUIRE(arena.has_started("b"));
    REQUIRE(wait_until([&] { return !arena.record().overlap().empty(); }));
    CHECK(arena.record().token_disorder() == ""); // different, and growing
    CHECK(arena.record().newest("a").token != arena.record().newest("b").token);
    // Thawed, the guard finds its deadline passed before it hears anybody.
    ::kill(tree.front(), SIGCONT);
    CHECK(are_gone({tree.begin() + 1, tree.end()}));
    CHECK(arena.record().lives_of("a").at(0).asked.empty());
    a.signal(SIGCONT);
    REQUIRE(wait_until([&] { return a.logged({"lost"}); }));
    INFO(a.log());
    REQUIRE(wait_until([&] { return a.log_lines({"info", "contending for"}).size() == 2; }));
    CHECK(a.log_lines({"info", "released"}).empty()); // whether it was told of b before Gone or not
    CHECK(b.runs());
}

TEST_CASE("pid namespace: unprivileged, in a user namespace that gives the child nothing (file)") {
    if (needs_root()) {
        return;
    }
    Surrounded le_run(
        "chmod 1777 $FOLDER; " + kAsNobody,
        {"sh", "-c", "cat /proc/1/comm; grep -E '^(Uid|Gid|Cap...):' /proc/self/status"});
    const auto code = le_run.process.wait();
    INFO(le_run.process.err());
    REQUIRE(code == 0);
    const std::string none(16, '0');
    CHECK_THAT(le_run.process.out(),
               contains("le-run-guard\nUid:\t65534\t65534\t65534\t65534\nGid:\t65534\t65534\t65534"
                        "\t65534\nCapInh:\t" +
                        none + "\nCapPrm:\t" + none + "\nCapEff:\t" + none + "\n") &&
                   contains("\nCapAmb:\t" + none + "\n"));
    // The bounding set is the one that le-run was given.
    const std::string own = read_file("/proc/self/status");
    const auto at = own.find("CapBnd:");
    CHECK_THAT(le_run.process.out(), contains(own.substr(at, own.find('\n', at) - at + 1)));
    CHECK(le_run.process.err().find("warning") == std::string::npos);
}

TEST_CASE("pid namespace: root without CAP_SYS_ADMIN gives its child no capability that it lacks "
          "(file)") {
    if (needs_root()) {
        return;
    }
    // CAP_CHOWN and CAP_KILL are left, and CAP_SETFCAP, which the kernel wants for mapping uid 0.
    Surrounded le_run(
        "exec setpriv --bounding-set=-all,+kill,+chown,+setfcap --inh-caps=-all -- \"$@\"",
        {"grep", "-E", "^Cap(Prm|Eff|Bnd):", "/proc/self/status"});
    const auto code = le_run.process.wait();
    INFO(le_run.process.err());
    REQUIRE(code == 0);
    const std::string both = ":\t0000000080000021\n";
    CHECK(le_run.process.out() == "CapPrm" + both + "CapEff" + both + "CapBnd" + both);
}

TEST_CASE("pid namespace: what le-run gave up before, its child does not get back in a user "
          "namespace (file)") {
    if (needs_root()) {
        return;
    }
    // With no_new_privs an exec of root's gains nothing either.
    Surrounded le_run("exec capsh --no-new-privs --caps=cap_chown,cap_setfcap=ep -- -c 'exec "
                      "\"$@\"' sh \"$@\"",
                      {"grep", "-E", "^Cap(Prm|Eff):", "/proc/self/status"});
    const auto code = le_run.process.wait();
    INFO(le_run.process.err());
    REQUIRE(code == 0);
    const std::string both = ":\t0000000080000001\n";
    CHECK(le_run.process.out() == "CapPrm" + both + "CapEff" + both);
}

TEST_CASE("pid namespace: what a container runtime hid in /proc or made read-only stays so "
          "(file)") {
    if (needs_root()) {
        return;
    }
    Surrounded le_run(kMaskProc, kLookAround, {{"MORE", "true"}});
    const auto code = le_run.process.wait();
    INFO(le_run.process.err());
    REQUIRE(code == 0);
    CHECK(le_run.process.out() == kAllHidden);
    CHECK(warnings_in(le_run.process.err()).empty());
}

TEST_CASE("pid namespace: what is hidden below a part that is hidden itself stays so (file)") {
    if (needs_root()) {
        return;
    }
    Surrounded le_run(kMaskProc, kLookAround,
                      {{"MORE", "umount /proc/irq; mount --bind /dev/null "
                                "/proc/irq/default_smp_affinity; "
                                "mount -t tmpfs -o ro tmpfs /proc/irq"}});
    const auto code = le_run.process.wait();
    INFO(le_run.process.err());
    REQUIRE(code == 0);
    CHECK(le_run.process.out() == kAllHidden);
}

TEST_CASE("pid namespace: where a part of /proc cannot be hidden again, the old /proc stays, with "
          "a warning (file)") {
    if (needs_root()) {
        return;
    }
    Surrounded le_run(kMaskProc, kLookAround, {{"MORE", without_recursive_binds()}});
    const auto code = le_run.process.wait();
    INFO(le_run.process.err());
    REQUIRE(code == 0);
    CHECK(le_run.process.out().find("le-run-guard") == std::string::npos);
    CHECK_THAT(le_run.process.out(), contains("\ncharacter special file\n0\n"));
    CHECK(le_run.process.out().find("open") == std::string::npos);
    CHECK(le_run.process.out().find("mounted") == std::string::npos);
    const Words warnings = warnings_in(le_run.process.err());
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings[0],
               contains("/proc/sys") && contains("Operation not permitted") && contains("old one"));
}

TEST_CASE("pid namespace: a new /proc is as restricted as the old one (file)") {
    if (needs_root()) {
        return;
    }
    const auto [options, expected] = GENERATE(table<std::string, std::string>({
        {"ro", "ro"},
        {"hidepid=2", "hidepid=invisible"},
        {"gid=12,hidepid=1", "hidepid=noaccess"},
        {"subset=pid", "subset=pid"},
    }));
    INFO(options);
    Surrounded le_run("exec unshare --mount sh -ec 'mount -t proc -o " + options +
                          " proc /proc; exec \"$@\"' sh \"$@\"",
                      {"sh", "-c", "cat /proc/1/comm; grep ' /proc proc ' /proc/self/mounts"});
    const auto code = le_run.process.wait();
    INFO(le_run.process.err());
    INFO(le_run.process.out());
    REQUIRE(code == 0);
    const Words lines = lines_of(le_run.process.out());
    REQUIRE(lines.size() >= 2);
    CHECK(lines.front() == "le-run-guard");
    CHECK_THAT(lines.back(), contains(expected));
}

TEST_CASE("pid namespace: a child whose le-run has no /proc gets none (file)") {
    if (needs_root()) {
        return;
    }
    Surrounded le_run("exec unshare --mount sh -ec 'mount -t tmpfs none /proc; exec \"$@\"' sh "
                      "\"$@\"",
                      {"sh", "-c", "ls -A /proc | wc -l"});
    const auto code = le_run.process.wait();
    INFO(le_run.process.err());
    REQUIRE(code == 0);
    CHECK(le_run.process.out() == "0\n");
    const Words warnings = warnings_in(le_run.process.err());
    REQUIRE(warnings.size() >= 1);
    CHECK_THAT(warnings[0], contains("--pid-namespace") && contains("proc file system"));
}

TEST_CASE("pid namespace: a kernel that grants none is told of at the start, and nothing runs "
          "(file)") {
    if (needs_root()) {
        return;
    }
    // The limit is that of a user namespace of the test's own, not the machine's.
    Surrounded le_run("chmod 1777 $FOLDER; exec unshare --user --map-user=65534 --map-group=65534 "
                      "--keep-caps sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "
                      "setpriv --inh-caps=-all --ambient-caps=-all -- \"$@\"' sh \"$@\"",
                      {"sh", "-c", "echo started"});
    CHECK(le_run.process.wait() == 125);
    CHECK(le_run.process.out() == "");
    INFO(le_run.process.err());
    const auto lines = lines_of(le_run.process.err());
    REQUIRE(lines.size() == 1);
    CHECK_THAT(lines[0], contains("--pid-namespace") && contains("No space left on device") &&
                             contains("CAP_SYS_ADMIN") && contains("user.max_user_namespaces"));
    CHECK_FALSE(std::filesystem::exists(le_run.scratch.file("lock")));
}

TEST_CASE("pid namespace: where /proc cannot be mounted anew, one warning, and the tree ends all "
          "the same (file)") {
    if (needs_root()) {
        return;
    }
    // The kernel gives an unprivileged process no new /proc where parts of the old are covered.
    Surrounded le_run(
        "chmod 1777 $FOLDER; exec unshare --mount sh -c 'mount -t tmpfs none /proc/fs "
        "&& " +
            kAsNobody + "' sh \"$@\"",
        {"sh", "-c", "(setsid sleep 1000 & setsid sleep 1000 &); echo $$; exit 5"});
    CHECK(le_run.process.wait() == 5);
    CHECK(le_run.process.out() == "2\n");
    INFO(le_run.process.err());
    const Words warnings = warnings_in(le_run.process.err());
    REQUIRE(warnings.size() == 1);
    CHECK_THAT(warnings[0], contains("--pid-namespace") && contains("/proc") &&
                                contains("Operation not permitted"));
    CHECK_THAT(le_run.process.err(), contains("released"));
}

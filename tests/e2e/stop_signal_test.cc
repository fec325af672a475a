// An image's STOPSIGNAL reaches every replica at once: the leader's program drains, and a standby
// ends instead of taking the lease that is released then. With the programs that are known for it.
#include <csignal>
#include <filesystem>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/free_port.h"

using namespace le_run::test;

namespace {

struct Server {
    std::string name;
    int stop_signal;
    Words command;
    Words page; // for curl: takes a while, as what is under way when the stop is asked for
    Words ready;
};

const Words kUnix = {"--unix-socket"};

Server nginx(const ScratchFolder& scratch) {
    const std::string folder = scratch.path();
    const std::string config = scratch.write(
        "nginx.conf", "daemon off; pid " + folder + "/pid; error_log stderr; " +
                          (::geteuid() == 0 ? "user root; " : "") +
                          "events {} http { access_log off; server { listen unix:" + folder +
                          "/socket; root " + folder +
                          "; location /page { limit_rate 20k; sendfile off; } } }");
    const Words socket = kUnix + Words{folder + "/socket"};
    return {"nginx",
            SIGQUIT,
            {"nginx", "-c", config, "-e", "stderr"},
            socket + Words{"http://server/page"},
            socket + Words{"http://server/ready"}};
}

Server haproxy(const ScratchFolder& scratch) {
    const std::string config =
        scratch.write("haproxy.cfg", "defaults\n mode http\n timeout client 30s\n"
                                     " timeout server 30s\n timeout connect 30s\n"
                                     " timeout tarpit 1500ms\n"
                                     "frontend f\n bind unix@" +
                                         scratch.file("socket") +
                                         "\n http-request return status 200 if { path /ready }\n"
                                         " http-request tarpit deny_status 200\n");
    const Words socket = kUnix + Words{scratch.file("socket")};
    return {"haproxy",
            SIGUSR1,
            {"haproxy", "-W", "-db", "-f", config},
            socket + Words{"http://server/page"},
            socket + Words{"http://server/ready"}};
}

Server apache(const ScratchFolder& scratch) {
    const std::string folder = scratch.path();
    const std::string modules = "/usr/lib/apache2/modules/mod_";
    std::string text = "ServerRoot " + folder + "\nDefaultRuntimeDir " + folder +
                       "\nServerName localhost\nPidFile " + folder + "/pid\nErrorLog " + folder +
                       "/errors\nDocumentRoot " + folder + "\n";
    for (const char* module : {"mpm_prefork", "authz_core", "ratelimit", "env"}) {
        text += std::string("LoadModule ") + module + "_module " + modules + module + ".so\n";
    }
    text += "<Files page>\nSetOutputFilter RATE_LIMIT\nSetEnv rate-limit 20\n</Files>\n";
    const std::string address = "127.0.0.1:" + free_port();
    return {"apache2",
            SIGWINCH,
            {"apache2", "-f", scratch.write("apache.conf", text), "-c", "Listen " + address,
             "-DFOREGROUND"},
            {"http://" + address + "/page"},
            {"http://" + address + "/ready"}};
}

Words curl(const Words& what) { return Words{"curl", "-sSv"} + what; }

// Starts the server's command and writes down that it did.
Words counted(const Server& server, const std::string& record) {
    return Words{"sh", "-c", "echo $LE_RUN_HOLDER_IDENTITY >>\"$0\"; exec \"$@\"", record} +
           server.command;
}

} // namespace

TEST_CASE("stop signal: nginx, haproxy and apache drain, and the standby ends, too (file)") {
    const bool as_pid_one = GENERATE(false, true);
    if (as_pid_one && ::geteuid() != 0) {
        WARN("needs root");
        return;
    }
    Arena arena(LockKind::kFile);
    const ScratchFolder scratch;
    std::filesystem::permissions(scratch.path(), std::filesystem::perms(0755));
    scratch.write("page", std::string(40'000, 'x')); // 2 s
    scratch.write("ready", "yes");
    const auto make = GENERATE(&nginx, &haproxy, &apache);
    const Server server = make(scratch);
    INFO(server.name << (as_pid_one ? " as PID 1" : ""));
    const ReplicaStart start{.command = counted(server, scratch.file("started")),
                             .options = {"--stop-signal", std::to_string(server.stop_signal)},
                             .is_pid_one = as_pid_one};
    Replica& leader = arena.start("a", start);
    REQUIRE(wait_until([&] { return Process({.argv = curl(server.ready)}).wait() == 0; }));
    Replica& standby = arena.start_standby("b", start);

    Process visitor({.argv = curl(server.page)});
    REQUIRE(wait_until([&] { return visitor.err().find("> GET /page") != std::string::npos; }));
    standby.signal(server.stop_signal);
    leader.signal(server.stop_signal);
    CHECK(visitor.wait() == 0); // in whole
    INFO(visitor.err());
    CHECK_THAT(visitor.err(), contains("200 OK"));
    CHECK(leader.wait() == 0);
    CHECK(standby.wait() == 0);
    INFO(arena.logs());
    CHECK(read_file(scratch.file("started")) == "a\n");
    CHECK(leader.logged({"released"}));
}

TEST_CASE("stop signal: any signal that it names asks for a stop, as systemd's RTMIN+3 (file)") {
    Arena arena(LockKind::kFile);
    const ReplicaStart start{.options = {"--stop-signal", "SIGRTMIN+3", "--stop-grace", "500ms",
                                         "--on-exit", "standby"}};
    Replica& leader = arena.start_leader("a", start);
    Replica& standby = arena.start_standby("b", start);
    standby.signal(SIGRTMIN + 3);
    leader.signal(SIGRTMIN + 3);
    CHECK(standby.wait() == 0);
    CHECK(leader.wait() == 137); // the worker does not end by it
    CHECK(arena.record().newest("a").asked == std::vector{SIGRTMIN + 3});
    CHECK(arena.record().starts("b") == 0);
}

TEST_CASE("stop signal: a child that a passed-on signal ended is not started again by --on-exit "
          "standby (file)") {
    const int number = GENERATE(SIGQUIT, SIGUSR1, SIGHUP);
    const std::string trap = GENERATE("exit 3", "-"); // it drains and ends, or dies of it
    Arena arena(LockKind::kFile);
    const std::string started = arena.scratch().file("started");
    Replica& a =
        arena.start("a", {.command = {"sh", "-c",
                                      "trap '" + trap + "' " + std::to_string(number) +
                                          "; echo >>" + started + "; while :; do sleep 0.05; done"},
                          .options = {"--on-exit", "standby"}});
    REQUIRE(wait_until([&] { return read_file(started) == "\n"; }));
    a.signal(number);
    INFO(number << " " << trap << "\n" << arena.logs());
    CHECK(a.wait() == (trap == "-" ? 128 + number : 3));
    CHECK(read_file(started) == "\n");
}

TEST_CASE("stop signal: a child that outlives a passed-on signal ends by itself later (file)") {
    Arena arena(LockKind::kFile);
    const std::string started = arena.scratch().file("started");
    const std::string told = arena.scratch().file("told");
    Replica& a = arena.start(
        "a", {.command = {"sh", "-c",
                          "trap 'echo >>" + told + "' USR1; echo >>" + started + "; while [ ! -s " +
                              told + " ]; do sleep 0.05; done; sleep 1"},
              .options = {"--on-exit", "standby", "--stop-grace", "500ms"}});
    REQUIRE(wait_until([&] { return read_file(started) == "\n"; }));
    a.signal(SIGUSR1); // reopens its log, say
    REQUIRE(wait_until([&] { return read_file(started) == "\n\n"; }));
    a.signal(SIGTERM);
    a.wait();
}

TEST_CASE("stop signal: a standby that ignores a signal says what to set, once (file)") {
    Arena arena(LockKind::kFile);
    arena.start_leader("a");
    Replica& standby = arena.start_standby("b");
    standby.signal(SIGUSR1);
    REQUIRE(wait_until([&] { return standby.logged({"SIGUSR1", "--stop-signal SIGUSR1"}); }));
    standby.signal(SIGUSR1);
    standby.signal(SIGWINCH);
    standby.signal(SIGTERM);
    CHECK(standby.wait() == 0);
    CHECK(standby.log_lines({"STOPSIGNAL"}).size() == 1);
}

// The harness itself, proven without le-run: its judges must be able to say no.
#include <utility> // which Boost 1.74 forgets to include

#include <boost/asio.hpp>

#include "helpers/catch.h"
#include "helpers/cluster.h"
#include "helpers/faulty_front.h"
#include "helpers/process.h"
#include "helpers/replica.h"
#include "helpers/work_record.h"

using namespace le_run::test;

namespace {

constexpr int kMostPieces = 5;

// What a TLS server says to plain text is short: enough to see in how many pieces it comes.
int pieces_of_an_answer(const std::string& port) {
    boost::asio::io_context loop;
    boost::asio::ip::tcp::socket socket(loop);
    socket.connect(
        {boost::asio::ip::address_v4::loopback(), static_cast<std::uint16_t>(std::stoi(port))});
    boost::asio::write(socket, boost::asio::buffer(std::string("GET / HTTP/1.0\r\n\r\n")));
    boost::system::error_code error;
    char bytes[4096];
    int pieces = 0;
    while (pieces < kMostPieces && socket.read_some(boost::asio::buffer(bytes), error) > 0) {
        ++pieces;
    }
    return pieces;
}

} // namespace

TEST_CASE("harness: the record shows overlap, order of signals and who was killed (file)") {
    const ScratchFolder scratch;
    const std::string record = scratch.file("record");
    const auto worker = [&](const std::string& replica, const std::string& token) {
        return Command{
            .argv = {TEST_WORKER, "--record", record, "--replica", replica, "--drain", "100"},
            .environment = {{"LE_RUN_FENCING_TOKEN", token}}};
    };
    {
        Process first(worker("a", "9"));
        REQUIRE(wait_until([&] { return WorkRecord(record).starts("a") == 1; }));
        first.signal(SIGHUP);
        REQUIRE(wait_until(
            [&] { return WorkRecord(record).newest("a").signals == std::vector{SIGHUP}; }));
        first.signal(SIGTERM);
        REQUIRE(first.wait() == 0);
    }
    CHECK(WorkRecord(record).newest("a").signals == std::vector{SIGHUP, SIGTERM});
    CHECK(WorkRecord(record).newest("a").ended_itself);
    Process second(worker("b", "10"));
    REQUIRE(wait_until([&] { return WorkRecord(record).starts("b") == 1; }));
    CHECK(WorkRecord(record).overlap() == "");
    CHECK(WorkRecord(record).token_disorder() == "");

    Process third(worker("c", "10"));
    REQUIRE(wait_until([&] { return WorkRecord(record).overlap() != ""; }));
    CHECK_THAT(WorkRecord(record).token_disorder(), contains("follows token 10"));
    second.signal(SIGKILL);
    CHECK(second.wait() == 137);
    CHECK_FALSE(WorkRecord(record).newest("b").ended_itself);
}

TEST_CASE("harness: what a program leaves behind ends with its Process object (file)") {
    const ScratchFolder scratch;
    const std::string record = scratch.file("record");
    pid_t daemon = 0;
    {
        Process worker(
            {.argv = {TEST_WORKER, "--record", record, "--replica", "a", "--daemon", "--ignore"}});
        REQUIRE(wait_until([&] { return WorkRecord(record).newest("a", "daemon").pid != 0; }));
        daemon = WorkRecord(record).newest("a", "daemon").pid;
        worker.signal(SIGKILL);
        REQUIRE(worker.wait() == 137);
        CHECK(is_alive(daemon));
    }
    CHECK_FALSE(is_alive(daemon));
}

TEST_CASE("harness: rights, history and requests on a real API server") {
    const Cluster cluster(shared_api_server());
    CHECK_FALSE(cluster.lease());
    cluster.create_lease({{"holderIdentity", "a"}, {"leaseDurationSeconds", 15}});
    CHECK(cluster.holder() == "a");
    cluster.edit_lease({{"holderIdentity", ""}, {"leaseDurationSeconds", 1}});
    CHECK(cluster.holder() == "");
    const auto history = cluster.history();
    REQUIRE(history.size() == 2);
    CHECK(history[0].holder == "a");
    CHECK(history[1].is_release());
    CHECK(history[0].resource_version < history[1].resource_version);
    CHECK(cluster.requests_of("admin") == 2 /* create, edit */ + 3 /* reads */);
    cluster.delete_lease();
    CHECK_FALSE(cluster.lease());
}

TEST_CASE("harness: a descendant that writes nothing is found by its lock (file)") {
    const ScratchFolder scratch;
    const std::string record = scratch.file("record");
    const auto worker = [&](const std::string& replica, const Words& more) {
        return Command{.argv = Words{TEST_WORKER, "--record", record, "--replica", replica} + more,
                       .environment = {{"LE_RUN_FENCING_TOKEN", replica == "a" ? "1" : "2"},
                                       {"TEST_WORKER_LOCKS", scratch.path()}}};
    };
    Process first(worker("a", {"--tree", "daemonizing"}));
    REQUIRE(wait_until([&] { return WorkRecord(record).newest("a").last.what == "tick"; }));
    first.signal(SIGKILL);
    REQUIRE(first.wait() == 137); // its daemon stays
    Process second(worker("b", {}));
    REQUIRE(wait_until([&] { return WorkRecord(record).newest("b").last.what == "tick"; }));
    CHECK_THAT(WorkRecord(record).overlap(), contains("while a process of another work lived"));
}

TEST_CASE("harness: the front passes, hangs, refuses, resets, drops, drips and answers") {
    const ApiServerAccess server = shared_api_server();
    FaultyFront front(server);
    const auto ask = [&](std::chrono::seconds patience = std::chrono::seconds(20)) {
        return https_request({.port = front.port(),
                              .ca_pem = server.text("ca.crt"),
                              .path = "/version",
                              .token = kAdminToken},
                             patience);
    };
    using Mode = FaultyFront::Mode;
    CHECK(ask().status == 200);
    front.set(Mode::kHang);
    CHECK(ask(std::chrono::seconds(1)).status == 0);
    front.set(Mode::kDropAnswers);
    CHECK(ask(std::chrono::seconds(1)).status == 0);
    front.set(Mode::kRefuse);
    CHECK(ask().body == "cannot connect");
    front.set(Mode::kReset);
    CHECK(ask().status == 0);
    front.set(Mode::kAnswer500);
    CHECK(ask().status == 500);
    front.set(Mode::kAnswer429);
    CHECK(ask().status == 429);
    front.set(Mode::kAnswer503);
    CHECK(ask().status == 503);
    front.set(Mode::kAnswer401);
    CHECK(ask().status == 401);
    front.set(Mode::kDrip);
    CHECK(pieces_of_an_answer(front.port()) == kMostPieces);
    front.set(Mode::kPass);
    CHECK(pieces_of_an_answer(front.port()) < kMostPieces);
    CHECK(ask().status == 200);
}

TEST_CASE(
    "harness: an API server of its own survives freezing, killing and a restart with its data") {
    ApiServer server;
    const Cluster cluster(server.access());
    cluster.create_lease({{"holderIdentity", "a"}, {"leaseDurationSeconds", 15}});
    server.freeze();
    CHECK(https_request({.port = server.access().port,
                         .ca_pem = server.access().text("ca.crt"),
                         .path = "/readyz"},
                        std::chrono::seconds(1))
              .status == 0);
    server.thaw();
    server.wait_until_ready();
    server.kill();
    server.kill_etcd();
    server.start_etcd_again();
    server.start_again();
    CHECK(cluster.holder() == "a");
}

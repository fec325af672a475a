// client-go's own leader election example and le-run take turns on one Lease.
#include <csignal>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

bool says(const Process& program, const std::string& text) {
    return program.err().find(text) != std::string::npos;
}

// The spans, in the server's own order, in which each holder had the Lease.
struct Term {
    std::string holder;
    std::int64_t from_ns = 0;
    std::int64_t to_ns = 0; // released; 0: not yet
};

std::vector<Term> terms(const Cluster& cluster) {
    std::vector<Term> result;
    for (const LeaseWrite& write : cluster.history()) {
        if (write.is_release()) {
            result.back().to_ns = write.received_ns;
        } else if (result.empty() || result.back().holder != write.holder ||
                   result.back().to_ns != 0) {
            result.push_back({write.holder, write.received_ns, 0});
        }
    }
    return result;
}

} // namespace

TEST_CASE("client-go: le-run, the example, le-run: in turns, without overlap") {
    Arena arena(LockKind::kKubernetes);
    const Cluster& cluster = arena.cluster();
    Replica& first = arena.start_leader("first", {.worker = {"--drain", "1000"}});
    Process program(client_go_example(cluster, "client-go"));
    REQUIRE(wait_until([&] { return says(program, "new leader elected: first"); }));

    first.signal(SIGTERM);
    CHECK(first.wait() == 0);
    REQUIRE(wait_until([&] { return says(program, "Controller loop"); }));
    CHECK(cluster.holder() == "client-go");

    Replica& second = arena.start("second");
    REQUIRE(wait_until([&] { return second.logged({"new leader", "client-go"}); }));
    CHECK(arena.record().starts("second") == 0);
    program.signal(SIGTERM);
    CHECK(program.wait());
    REQUIRE(arena.has_started("second"));
    second.signal(SIGTERM);
    CHECK(second.wait() == 0);

    const auto all = terms(cluster);
    REQUIRE(all.size() == 3);
    CHECK(all[0].holder == "first");
    CHECK(all[1].holder == "client-go");
    CHECK(all[2].holder == "second");
    // le-run's work lies inside its terms: none of it before winning or after releasing.
    const WorkLife a = arena.record().newest("first");
    const WorkLife b = arena.record().newest("second");
    CHECK(all[0].from_ns < a.first.real_ns);
    CHECK(a.last.real_ns < all[0].to_ns);
    CHECK(all[0].to_ns < all[1].from_ns);
    CHECK(all[1].to_ns < all[2].from_ns);
    CHECK(all[2].from_ns < b.first.real_ns);
    CHECK(b.last.real_ns < all[2].to_ns);
    CHECK(arena.disorder() == "");
}

TEST_CASE("client-go: the example takes over from a killed le-run only after the work has ended") {
    Arena arena(LockKind::kKubernetes);
    Replica& a = arena.start_leader("a", {.worker = {"--ignore", "--daemon"}});
    REQUIRE(wait_until([&] { return arena.record().newest("a", "daemon").pid != 0; }));
    Process program(client_go_example(arena.cluster(), "client-go"));
    REQUIRE(wait_until([&] { return says(program, "new leader elected: a"); }));
    a.signal(SIGKILL);
    // client-go of 1.20 waits its own lease duration, one minute, whatever the record says, and
    // polls every 5 to 11 s.
    REQUIRE(wait_until([&] { return arena.cluster().holder() == "client-go"; },
                       std::chrono::minutes(3)));
    const auto all = terms(arena.cluster());
    REQUIRE(all.size() == 2);
    const WorkRecord record = arena.record();
    REQUIRE(record.lives().size() == 2); // worker and daemon
    for (const WorkLife& life : record.lives()) {
        CHECK(life.last.real_ns < all[1].from_ns);
        CHECK(is_gone(life));
    }
}

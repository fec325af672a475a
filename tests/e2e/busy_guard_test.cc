// Trees of thousands of processes under a real le-run: killing them takes a while, and meanwhile
// nothing else may stand still. The trees of all other tests are so small that killing is over
// before anybody could be taken for hung or miss a renewal.
#include <csignal>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

// A worker that ignores SIGTERM, above a tree that does so too.
ReplicaStart with_tree(const std::string& tree, const Words& options = {}) {
    ReplicaStart start;
    start.worker = {"--ignore", "--tree", tree};
    start.options = options;
    // Room for a slow build; without a nice value of its own the guard has no head start.
    start.timing = {"--lease-duration", "20s", "--renew-deadline", "4s", "--retry-period", "500ms"};
    start.launcher = {"setpriv", "--bounding-set=-sys_nice"};
    return start;
}

// Its tree stands once the worker ticks.
Replica& start_leader(Arena& arena, const ReplicaStart& start) {
    Replica& leader = arena.start_leader("a", start);
    REQUIRE(wait_until([&] { return arena.record().newest("a").last.what == "tick"; }));
    return leader;
}

// What stands after `words` in a line: "4.48s", say.
double seconds_after(const std::string& line, const std::string& words) {
    const auto at = line.find(words);
    REQUIRE(at != std::string::npos);
    return std::stod(line.substr(at + words.size()));
}

// When the last renewal was sent, by CLOCK_BOOTTIME.
double renewed_at(const Arena& arena) {
    const auto file = nlohmann::json::parse(read_file(arena.lock_file()));
    const auto slot = std::stoul(file["current"].get<std::string>().substr(6));
    return file.at("slots").at(slot).at("leRunRenewal").at("boottime").get<double>() / 1e9;
}

} // namespace

TEST_CASE(
    "busy guard: a guard that is busy killing 3,000 processes at kill_at is left to it (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = start_leader(arena, with_tree("mix-3000", {"--lost-grace", "1s"}));
    a.signal(SIGTERM);
    REQUIRE(wait_until([&] { return a.logged({"asks for a stop"}); }));
    // From now on no renewal succeeds: the lease's own end is near, and le-run is impatient.
    std::filesystem::rename(arena.lock_file(), arena.lock_file() + ".away");
    std::filesystem::create_directory(arena.lock_file());
    CHECK(a.wait() == 128 + SIGKILL);
    CHECK(a.logged({"tree gone", "had to be killed"}));
    CHECK_FALSE(a.logged({"guard process"}));
}

TEST_CASE("busy guard: renewals go on while le-run itself kills 3,000 processes (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = start_leader(arena, with_tree("mix-3000"));
    ReplicaStart standby;
    standby.timing = with_tree("").timing;
    Replica& b = arena.start_standby("b", standby);
    REQUIRE(::kill(a.guard(), SIGKILL) == 0);
    CHECK(a.wait() == 125);
    const auto gone = a.log_lines({"tree gone", "le-run"});
    REQUIRE(gone.size() == 1);
    // Each once, however many rounds it took.
    const auto at = gone[0].find("killed ");
    REQUIRE(at != std::string::npos);
    const int killed = std::stoi(gone[0].substr(at + 7));
    CHECK(killed >= 3000);
    CHECK(killed <= 3010);
    CHECK_FALSE(a.logged({"renewal failing"}));
    CHECK(a.logged({"released"}));
    REQUIRE(arena.has_started("b"));
    CHECK(arena.disorder() == "");
    CHECK(b.runs());
}

TEST_CASE("busy guard: more processes than can be killed within a second move KILL_AT, with a "
          "warning (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = start_leader(arena, with_tree("star-8000"));
    const Words warning = {"warning", "killing the", "processes of the work takes up to"};
    REQUIRE(wait_until([&] { return a.logged(warning); }));
    const std::string line = a.log_lines(warning).front();
    const int processes = std::stoi(line.substr(line.find("killing the ") + 12));
    CHECK(processes >= 1000); // on a slow machine it is told while the tree still grows
    CHECK(processes <= 8010);
    CHECK(line.find("--lease-duration") == std::string::npos); // 20 s leave room for it
    CHECK(line.find("are killed after") != std::string::npos);
    CHECK(a.log_lines(warning).size() <= 3); // each says notably more than the one before
    CHECK(a.runs());
    a.signal(SIGTERM);
    ::kill(arena.record().newest("a").pid, SIGKILL); // the rest has five seconds from then on
    CHECK(a.wait() == 128 + SIGKILL);
    CHECK_FALSE(a.logged({"guard process"}));
}

TEST_CASE(
    "busy guard: a tree that takes long to kill is killed earlier, also where the guard is PID "
    "1 (file)") {
    Arena arena(LockKind::kFile);
    ReplicaStart start = with_tree("star-8000", {"--pid-namespace"});
    start.timing = kLongerLease;
    start.launcher = {}; // when it wakes up is what the test is about
    Replica& a = start_leader(arena, start);
    const Words warning = {"warning", "processes of the work takes up to", "are killed after"};
    REQUIRE(wait_until([&] { return a.logged(warning); }));
    const double before = 8 * 0.998 - 2; // KILL_AT of a small tree, after the last renewal
    const double now = seconds_after(a.log_lines(warning).back(), "are killed after ");
    CHECK(now < before);
    const std::string seen = read_file(arena.lock_file());
    REQUIRE(wait_until([&] { return read_file(arena.lock_file()) != seen; })); // with that promise
    const pid_t guard = a.guard();
    a.signal(SIGSTOP);
    const double renewed = renewed_at(arena);
    const auto last_tick = [&] {
        return static_cast<double>(arena.record().newest("a").last.boot_ns) / 1e9;
    };
    REQUIRE(wait_until([&] { return descendants_of(guard).empty(); }));
    CHECK(last_tick() < renewed + (now + before) / 2);
    CHECK(last_tick() > renewed + now / 2); // the tree may have grown since the warning
}

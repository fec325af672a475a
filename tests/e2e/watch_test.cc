// A standby that watches: it asks for nothing while somebody leads, and a free lease is its own at
// once. Judged by the order of the requests in the API server's audit log, and by their number.
#include <csignal>
#include <filesystem>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/faulty_front.h"

using namespace le_run::test;
namespace fs = std::filesystem;

namespace {

// Renewals so rare that whatever is fast was told, not looked for.
const Words kSlowRenewals = {"--lease-duration", "40s", "--renew-deadline", "30s",
                             "--retry-period",   "14s"};

int requests(const Arena& arena, const std::string& verb) {
    return arena.cluster().requests_of("replica", verb);
}

// How often `holder` has written.
int updates_of(const Arena& arena, const std::string& holder) {
    int count = 0;
    for (const LeaseWrite& write : arena.cluster().history()) {
        count += write.holder == holder ? 1 : 0;
    }
    return count;
}

const Words kTellMore = {"--log-level", "debug"};

// A look of the standby's own would come after three retry periods.
void check_fast_handover(const Arena& arena, Replica& from, Replica& to) {
    from.signal(SIGTERM);
    REQUIRE(arena.has_started(to.name()));
    const std::int64_t ended = arena.record().newest(from.name()).last.boot_ns;
    CHECK(arena.record().newest(to.name()).first.boot_ns - ended < 14'000'000'000);
    CHECK(from.wait() == 0);
    CHECK(arena.disorder() == "");
}

bool is_watching(Replica& replica, int times = 1) {
    return wait_until(
        [&] { return static_cast<int>(replica.log_lines({"watching"}).size()) >= times; });
}

} // namespace

TEST_CASE("watch: a standby asks for nothing while another leads, and is told of the release") {
    Arena arena(LockKind::kKubernetes);
    Replica& a = arena.start_leader("a", {.options = kTellMore});
    Replica& b = arena.start_standby("b", {.options = kTellMore});
    REQUIRE(is_watching(a));
    REQUIRE(is_watching(b));
    const int reads = requests(arena, "get");
    const int renewed = updates_of(arena, "a");
    // Time in which a standby that polls would have looked several times.
    REQUIRE(wait_until([&] { return updates_of(arena, "a") >= renewed + 8; }));
    CHECK(requests(arena, "get") == reads);

    a.signal(SIGTERM);
    REQUIRE(arena.has_started("b"));
    CHECK(a.wait() == 0);
    CHECK(requests(arena, "get") == reads + 1); // of the one who releases
    CHECK(arena.disorder() == "");
    CHECK(b.log_lines({"warning"}).empty());
}

TEST_CASE("watch: of ten standbys each writes once at the most, and none reads") {
    constexpr int kStandbys = 10;
    Arena arena(LockKind::kKubernetes);
    Replica& a = arena.start_leader("a", {.timing = kSlowRenewals});
    std::vector<Replica*> standbys;
    for (int i = 0; i < kStandbys; ++i) {
        standbys.push_back(
            &arena.start("s" + std::to_string(i), {.options = kTellMore, .timing = kSlowRenewals}));
    }
    for (Replica* standby : standbys) {
        REQUIRE(is_watching(*standby));
    }
    const int reads = requests(arena, "get");
    const int writes = requests(arena, "update");
    a.signal(SIGTERM);
    const auto started = [&] {
        const WorkRecord record = arena.record();
        return record.lives().size() >= 2;
    };
    REQUIRE(wait_until(started));
    CHECK(a.wait() == 0);
    CHECK(requests(arena, "get") == reads + 1);                 // before the release
    CHECK(requests(arena, "update") <= writes + 1 + kStandbys); // the release, and one each
    CHECK(arena.disorder() == "");
}

TEST_CASE("watch: a stolen, emptied or deleted lease ends the work before the next renewal") {
    const auto fault = GENERATE(0, 1, 2);
    Arena arena(LockKind::kKubernetes);
    Replica& a = arena.start_leader("a", {.options = kTellMore, .timing = kSlowRenewals});
    REQUIRE(is_watching(a));
    const int writes = requests(arena, "update") + requests(arena, "create");
    switch (fault) {
    case 0:
        arena.cluster().edit_lease({{"holderIdentity", "thief"}});
        break;
    case 1:
        arena.cluster().edit_lease({{"holderIdentity", ""}});
        break;
    default:
        arena.cluster().delete_lease();
        break;
    }
    const WorkLife work = arena.record().newest("a");
    REQUIRE(wait_until([&] { return is_gone(work); }));
    REQUIRE(wait_until([&] { return a.logged({"lost"}); }));
    CHECK(requests(arena, "update") + requests(arena, "create") == writes);
}

TEST_CASE("watch: forbidden, the standby polls, and one line says what it costs and what to add") {
    Arena arena(LockKind::kKubernetes);
    arena.cluster().forbid_watching();
    Replica& a = arena.start_leader("a");
    Replica& b = arena.start_standby("b");
    REQUIRE(wait_until([&] { return b.logged({"watch failed", "polling every 500ms", "verbs"}); }));
    const int reads = requests(arena, "get");
    REQUIRE(wait_until([&] { return requests(arena, "get") >= reads + 5; }));
    a.signal(SIGTERM);
    REQUIRE(arena.has_started("b"));
    CHECK(b.log_lines({"warning", "watch"}).size() == 1);
    CHECK(arena.disorder() == "");
}

TEST_CASE("watch: after an outage of the network it is resumed, and tells of the release") {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    Replica& a = arena.start_leader("a", {.timing = kSlowRenewals});
    Replica& b = arena.start_standby(
        "b", {.options = kTellMore, .timing = kSlowRenewals, .port = front.port()});
    REQUIRE(is_watching(b));
    front.set(FaultyFront::Mode::kRefuse);
    REQUIRE(wait_until([&] { return b.logged({"warning", "the watch failed"}); }));
    front.set(FaultyFront::Mode::kPass);
    const bool is_told_again = wait_until([&] { return b.logged({"the watch works again"}); });
    INFO(b.log());
    REQUIRE(is_told_again);
    const int reads = requests(arena, "get");
    a.signal(SIGTERM);
    const bool is_handed_over = arena.has_started("b");
    INFO("a:\n" << a.log() << "b:\n" << b.log());
    REQUIRE(is_handed_over);
    CHECK(requests(arena, "get") <= reads + 2);
    CHECK(arena.disorder() == "");
}

TEST_CASE("watch: the API server is started again on the same data") {
    ApiServer server;
    Arena arena(server.access());
    Replica& a = arena.start_leader("a", {.timing = kSlowRenewals});
    Replica& b = arena.start_standby("b", {.options = kTellMore, .timing = kSlowRenewals});
    REQUIRE(is_watching(b));
    server.kill();
    REQUIRE(wait_until([&] { return b.logged({"warning", "the watch failed"}); }));
    server.start_again();
    REQUIRE(is_watching(b, 2));
    a.signal(SIGTERM);
    REQUIRE(arena.has_started("b"));
    CHECK(a.wait() == 0);
    CHECK(b.runs());
    CHECK(arena.disorder() == "");
}

TEST_CASE("watch: a file is watched too (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", {.timing = kSlowRenewals});
    Replica& b = arena.start_standby("b", {.timing = kSlowRenewals});
    const WorkLife work = arena.record().newest("a");
    a.signal(SIGTERM);
    REQUIRE(arena.has_started("b"));
    CHECK(a.wait() == 0);
    // Who polls looks 14 s apart.
    CHECK(arena.record().newest("b").first.boot_ns - work.first.boot_ns < 14'000'000'000);
    CHECK(b.log_lines({"warning"}).empty());
    CHECK(arena.disorder() == "");
}

// inotify on the folder alone says that it works, and tells nothing.
TEST_CASE("watch: a lock file that is mounted by itself tells of a release (file)") {
    Arena arena(LockKind::kFile);
    Replica& a = arena.start_leader("a", {.timing = kSlowRenewals});
    fs::create_directory(arena.scratch().file("here"));
    const std::string here = arena.scratch().write("here/lock", "");
    fs::permissions(here, fs::perms(0600));
    Replica& b =
        arena.start_standby("b", {.lock = {"--lock", "file://" + here},
                                  .timing = kSlowRenewals,
                                  .launcher = {"unshare", "--mount", "sh", "-c",
                                               "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"",
                                               arena.lock_file(), here}});
    check_fast_handover(arena, a, b);
    CHECK(b.log_lines({"warning"}).empty());
}

TEST_CASE("watch: a folder that is made anew tells of a release in it (file)") {
    Arena arena(LockKind::kFile);
    const std::string folder = arena.scratch().file("folder");
    fs::create_directory(folder);
    const ReplicaStart start{.lock = {"--lock", "file://" + folder + "/lock"},
                             .timing = kSlowRenewals};
    Replica& a = arena.start_leader("a", start);
    Replica& b = arena.start_standby("b", start);
    fs::rename(folder, folder + "-before");
    fs::create_directory(folder);
    fs::copy(folder + "-before/.lock.fence", folder);             // the tokens go on
    REQUIRE(wait_until([&] { return a.logged({"tree gone"}); })); // its lease is gone, too
    Replica& c = arena.start_leader("c", start);
    check_fast_handover(arena, c, b);
    CHECK(b.log_lines({"cannot be watched"}).size() <= 1); // if it was faster than the new folder
}

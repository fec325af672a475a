// --wait 0 in place of `flock -n`: when a holder has died without a release.
#include <csignal>
#include <ctime>

#include <nlohmann/json.hpp>

#include "helpers/arena.h"
#include "helpers/catch.h"

using namespace le_run::test;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLease = 6 * kSecond; // of kShortLease

std::int64_t boot_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * kSecond + now.tv_nsec;
}

// As after a power cut: nobody is left to release the lease.
void cut_power(Replica& replica) {
    const pid_t guard = replica.guard();
    ::kill(guard, SIGSTOP);
    replica.signal(SIGKILL);
    ::kill(guard, SIGKILL);
    REQUIRE(replica.wait() == 137);
}

std::int64_t renewed_at(const Arena& arena) {
    const auto file = nlohmann::json::parse(read_file(arena.lock_file()));
    const auto slot = std::stoul(file["current"].get<std::string>().substr(6));
    return file.at("slots").at(slot).at("leRunRenewal").at("boottime").get<std::int64_t>();
}

// From now until its worker runs.
std::int64_t start_takes(Arena& arena, const std::string& name, const ReplicaStart& start) {
    const std::int64_t asked = boot_ns();
    arena.start(name, start);
    REQUIRE(arena.has_started(name));
    return arena.record().newest(name).first.boot_ns - asked;
}

} // namespace

TEST_CASE("wait: --wait 0 takes a dead holder's lease, as a crontab needs after a power cut") {
    const LockKind kind = GENERATE(LockKind::kFile, LockKind::kKubernetes);
    Arena arena(kind);
    cut_power(arena.start_leader("dead"));
    Replica& next = arena.start("next", {.options = {"--wait", "0"}});
    INFO(next.log());
    REQUIRE(arena.has_started("next"));
    CHECK(arena.disorder() == "");
}

// What is observed alone would cost a lease duration from the start on.
TEST_CASE("wait: a lease in a file is taken when it has run out, then at once, never before "
          "(file)") {
    Arena arena(LockKind::kFile);
    const ReplicaStart cron{.options = {"--wait", "0"}};
    cut_power(arena.start_leader("dead", cron));
    const std::int64_t renewed = renewed_at(arena);
    SECTION("not before") {
        start_takes(arena, "next", cron);
        CHECK(arena.record().newest("next").first.boot_ns >= renewed + kLease);
    }
    SECTION("at once") {
        REQUIRE(wait_until([&] { return boot_ns() > renewed + kLease; }));
        CHECK(start_takes(arena, "next", cron) < kLease / 2);
    }
    CHECK(arena.disorder() == "");
}

TEST_CASE("wait: a lease of an earlier boot in a file is taken at once (file)") {
    Arena arena(LockKind::kFile);
    const ReplicaStart cron{.options = {"--wait", "0"}, .timing = {}};
    cut_power(arena.start_leader("dead", cron));
    std::string bytes = read_file(arena.lock_file());
    const std::string boot = read_file("/proc/sys/kernel/random/boot_id").substr(0, 36);
    const std::string earlier = "0a11ce00" + boot.substr(8);
    REQUIRE(bytes.find(boot) != std::string::npos);
    for (auto at = bytes.find(boot); at != std::string::npos; at = bytes.find(boot)) {
        bytes.replace(at, boot.size(), earlier);
    }
    arena.scratch().write("lock", bytes);
    CHECK(start_takes(arena, "next", cron) < 15 * kSecond / 2);
    CHECK(arena.disorder() == "");
}

// `le-run status` and `le-run wait`: who leads, for people, for scripts and for checks; nothing is
// changed.
#include <csignal>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/said.h"
#include "helpers/wait_until.h"

using namespace le_run::test;

namespace {

// `task` with the arena's lock, as its replicas have it.
Said ask(Arena& arena, const Words& task, const Words& more = {}) {
    return say(task + arena.lock_options() + more);
}

Command command_of(const Words& arguments) {
    return {.argv = Words{le_run_binary()} + arguments,
            .environment = without_settings(),
            .inherit_environment = false};
}

nlohmann::json json_of(const Said& said) {
    INFO(said.out + said.err);
    return nlohmann::json::parse(said.out);
}

} // namespace

TEST_CASE("status: nobody leads, then one does, then it is dead") {
    const LockKind kind = GENERATE(LockKind::kFile, LockKind::kKubernetes);
    Arena arena(kind);
    const Said none = ask(arena, {"status"});
    CHECK(none.code == 1);
    CHECK_THAT(none.out, contains("nobody leads: there is no lease yet"));

    Replica& leader = arena.start_leader("a");
    const Said leads = ask(arena, {"status"});
    INFO(leads.out + leads.err);
    CHECK(leads.code == 0);
    CHECK_THAT(leads.out, contains("holder       a\n") && contains("leads, renewed") &&
                              contains("duration     6s"));
    CHECK(leads.out.find('\x1b') == std::string::npos);
    const auto json = json_of(ask(arena, {"status", "--json"}));
    CHECK(json.at("state") == "leads");
    CHECK(json.at("holder") == "a");
    CHECK(json.at("lease_duration_seconds") == 6.0);
    CHECK(json.at("left_seconds") > 0.0);

    // As after a power cut: nobody is left to release the lease.
    const pid_t guard = leader.guard();
    ::kill(guard, SIGSTOP);
    leader.signal(SIGKILL);
    ::kill(guard, SIGKILL);
    REQUIRE(leader.wait() == 137);
    const auto is_stale = [&] { return ask(arena, {"status"}).code == 2; };
    CHECK(wait_until(is_stale));
    const Said stale = ask(arena, {"status"});
    CHECK(stale.code == 2);
    CHECK_THAT(stale.out, contains("stale: not renewed for its 6s"));
}

TEST_CASE("status: a look changes nothing, not even a folder (file)") {
    const ScratchFolder scratch;
    const Said none = say({"status", "--lock", "file://" + scratch.file("lock")});
    CHECK(none.code == 1);
    CHECK(std::filesystem::is_empty(scratch.path()));
}

TEST_CASE("status: a release is told, and --watch tells of each change (file)") {
    Arena arena(LockKind::kFile);
    Process watch(command_of(Words{"status", "--watch", "--json"} + arena.lock_options()));
    const auto has_told = [&](const std::vector<std::string>& changes) {
        return wait_until([&] {
            std::vector<std::string> told;
            for (const std::string& line : lines_of(watch.out())) {
                const auto json = nlohmann::json::parse(line);
                told.push_back(json.at("state").get<std::string>() + " " +
                               json.at("holder").get<std::string>());
            }
            return told == changes;
        });
    };
    CHECK(has_told({"free "}));
    Replica& leader = arena.start_leader("a");
    CHECK(has_told({"free ", "leads a"}));
    leader.signal(SIGTERM);
    REQUIRE(leader.wait() == 0);
    CHECK(has_told({"free ", "leads a", "free "}));
    const Said released = ask(arena, {"status"});
    CHECK(released.code == 1);
    CHECK_THAT(released.out, contains("nobody leads: the lease was released"));
    watch.signal(SIGTERM);
    CHECK(watch.wait() == 128 + SIGTERM);
}

TEST_CASE("status: a lease that cannot be read is one clear error") {
    const ScratchFolder scratch;
    const Said no_folder = say({"status", "--lock", "file://" + scratch.file("missing/lock")});
    CHECK(no_folder.code == 125);
    CHECK_THAT(no_folder.err, contains("missing"));
    CHECK(no_folder.out.empty());
    const Said refused = say({"--json", "--lock", "file:///tmp/x", "--", "true"});
    CHECK(refused.code == 125);
    CHECK_THAT(refused.err, contains("--json") && contains("only le-run status knows it"));
}

TEST_CASE("wait: until somebody leads, or the one that is meant, or the time is over") {
    const LockKind kind = GENERATE(LockKind::kFile, LockKind::kKubernetes);
    Arena arena(kind);
    CHECK(ask(arena, {"wait", "--wait", "0"}).code == 75);
    Process anybody(command_of(Words{"wait"} + arena.lock_options()));
    Process other(command_of(Words{"wait", "--leader", "b"} + arena.lock_options()));
    Replica& a = arena.start_leader("a");
    CHECK(anybody.wait() == 0);
    arena.start("b");
    CHECK(other.runs());
    a.signal(SIGTERM);
    CHECK(other.wait() == 0);
    CHECK(ask(arena, {"wait", "--leader", "a", "--wait", "100ms"}).code == 75);
    CHECK(arena.disorder() == "");
}

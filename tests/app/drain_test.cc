// What is told while a child is stopped, of real processes.
#include "app/drain.h"

#include <csignal>

#include "helpers/catch.h"
#include "helpers/process.h"

namespace le_run::test {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;

struct Told {
    explicit Told(const options::Options& options, pid_t guard = 1)
        : drain(
              loop, options, guard, [this](const observe::LogLine& line) { lines.push_back(line); },
              50ms) {}

    boost::asio::io_context loop{1};
    std::vector<observe::LogLine> lines;
    app::Drain drain;
};

std::string killed_text(const options::Options& options, std::optional<StopWork> stop,
                        guard::Gone gone, bool has_child_ended = false) {
    Told told(options);
    if (stop) {
        told.drain.begins(*stop);
    }
    if (has_child_ended) {
        told.drain.child_ended();
    }
    told.drain.tree_is_gone(gone);
    REQUIRE(told.lines.size() == 1);
    CHECK(told.lines[0].level == observe::LogLevel::kWarning);
    return told.lines[0].message;
}

} // namespace

TEST_CASE("drain: what it waits for is told again and again, by pid and name", "[run]") {
    Process tree({.argv = {"sh", "-c", "sleep 1000 & sleep 1000 & wait; true"}});
    REQUIRE(wait_until([&] { return descendants_of(tree.pid()).size() == 2; }));
    options::Options options;
    Told told(options, tree.pid());
    const auto run_until = [&](std::size_t lines) {
        return wait_until([&] {
            told.loop.restart();
            told.loop.run_for(20ms);
            return told.lines.size() >= lines;
        });
    };
    told.drain.begins({StopCause::kStepDown, TimePoint::far_future()});
    REQUIRE(run_until(2));
    const std::string text = told.lines[1].message;
    CHECK_THAT(text, contains("still stopping after ") &&
                         contains("waiting for 2 processes: pid ") && contains("(sleep), pid ") &&
                         contains("no SIGKILL while the lease is renewed, because --stop-grace"));
    CHECK_THAT(text, contains("pid " + std::to_string(children_of(tree.pid()).at(0)) + " (sleep)"));

    ::kill(children_of(tree.pid()).at(0), SIGKILL);
    REQUIRE(wait_until([&] { return descendants_of(tree.pid()).size() == 1; }));
    told.lines.clear();
    Clock clock;
    told.drain.begins({StopCause::kStepDown, clock.now() + 90min});
    REQUIRE(run_until(1));
    CHECK_THAT(told.lines[0].message,
               contains("waiting for 1 process: pid ") && contains("SIGKILL in 1h29m59"));

    told.drain.tree_is_gone({}); // nothing had to be killed, and nothing is waited for any more
    told.lines.clear();
    told.loop.restart();
    told.loop.run_for(200ms);
    CHECK(told.lines.empty());
}

TEST_CASE("drain: SIGKILL is told, with how many processes and after which grace", "[run]") {
    options::Options options;
    guard::Gone gone;
    gone.killed = 1;
    gone.signal_sent = SIGTERM;
    gone.left_behind = 3;
    const StopWork asked{StopCause::kStepDown, TimePoint()};
    options.election.stop_grace = 0s;
    CHECK(killed_text(options, asked, gone) ==
          "SIGKILL ended 4 processes (the child and 3 others), because they had not ended within "
          "0s of SIGTERM (--stop-grace)");
    options.election.timing.lost_grace = 0s;
    CHECK_THAT(killed_text(options, StopWork{StopCause::kRenewDeadline, TimePoint()}, gone),
               contains("of SIGTERM (--lost-grace)"));
    options.election.stop_grace = 1h; // the lease ended before
    CHECK_THAT(killed_text(options, asked, gone),
               contains("because the lease left no more time, 0s after SIGTERM"));
    CHECK_THAT(killed_text(options, std::nullopt, gone),
               contains("because the lease left no more time"));
    CHECK_THAT(killed_text(options, StopWork{StopCause::kOtherHolder, TimePoint()}, gone),
               contains("at once, because the lease was lost"));
    gone.killed = 0;
    gone.left_behind = 1;
    CHECK(killed_text(options, std::nullopt, gone, true) ==
          "SIGKILL ended 1 process that the child left behind, because it had not ended within "
          "0s of the child's end");
}

} // namespace le_run::test

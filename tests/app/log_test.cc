// Log lines: the words that operators look for, one line each, JSON that parses, and a loop that
// never waits.
#include "helpers/catch.h"

#include <algorithm>

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "observe/log.h"
#include "observe/report_text.h"

namespace le_run::test {

using namespace le_run::observe;
namespace {

using namespace std::chrono_literals;
using Event = election::Report::Event;

const Subject kSubject{"k8s://ns/app", {"host_1"}};

std::string text_of(election::Report report) {
    return render(line_for(report, kSubject, WallTime{0}), LogFormat::kText, 1'767'323'045'678'000);
}

} // namespace

TEST_CASE("each thing an operator must know has its line", "[run]") {
    CHECK(text_of({.event = Event::kContending}) ==
          "2026-01-02T03:04:05.678Z le-run info: contending for k8s://ns/app as host_1");
    CHECK_THAT(text_of({.event = Event::kAcquired, .left = 15s, .token = {"42"}}),
               contains("acquired k8s://ns/app") && contains("token 42") &&
                   contains("until 1970-01-01T00:00:15.000Z"));
    CHECK_THAT(text_of({.event = Event::kNewLeader, .holder = {"b"}}), contains("new leader: b"));
    CHECK_THAT(text_of({.event = Event::kRenewalFailing, .left = 4s, .text = "refused"}),
               contains("warning: renewal failing, 4s left (until 1970-01-01T00:00:04.000Z) before "
                        "the child is stopped: refused"));
    CHECK_THAT(text_of({.event = Event::kHeld, .holder = {"b"}}),
               contains("info: held by b, not seen renewing"));
    CHECK_THAT(text_of({.event = Event::kOtherDuration, .left = 20s, .holder = {"b"}}),
               contains("warning: b holds the lease with a lease duration of 20s"));
    CHECK_THAT(text_of({.event = Event::kNotReleased, .left = 9s, .text = "stopped"}),
               contains("not released k8s://ns/app: stopped; it runs out by itself at "
                        "1970-01-01T00:00:09.000Z (in 9s)"));
    CHECK_THAT(text_of({.event = Event::kStoreTrouble, .left = 10s, .text = "denied"}),
               contains("waiting for the store until 1970-01-01T00:00:10.000Z (10s), and then "
                        "le-run ends: denied"));
    CHECK_THAT(text_of({.event = Event::kStopBegins, .left = 3s, .text = "asked to stop"}),
               contains("stop begins: asked to stop; SIGKILL in 3s"));
    CHECK_THAT(
        text_of(
            {.event = Event::kStopBegins, .left = std::chrono::hours(24 * 365 * 99), .text = "x"}),
        contains("no SIGKILL"));
    CHECK_THAT(text_of({.event = Event::kLost, .text = "deleted"}),
               contains("error: lost k8s://ns/app: deleted"));
    CHECK_THAT(text_of({.event = Event::kReleased}), contains("released k8s://ns/app"));
    CHECK_THAT(text_of({.event = Event::kSteppingDown, .text = "this host paused"}),
               contains("warning: stepping down: this host paused; the lease is still held and is "
                        "released when the child has ended"));
    CHECK_THAT(text_of({.event = Event::kNotContending, .left = 47s, .text = "this host paused"}),
               contains("warning: not contending until 1970-01-01T00:00:47.000Z (in 47s): this "
                        "host paused"));
    CHECK_THAT(text_of({.event = Event::kMarginGrown,
                        .left = 5570ms,
                        .text = "this host paused",
                        .killed_after = 6570ms}),
               contains("warning: this host paused: without a renewal the child is now asked to "
                        "stop after 5.57s, and all its processes are killed after 6.57s"));
}

TEST_CASE("no line tells of a negative time", "[run]") {
    for (int event = 0; event <= static_cast<int>(Event::kNotContending); ++event) {
        for (const Duration late : {Duration(-34s), Duration(-1ms)}) {
            const std::string line = text_of({.event = static_cast<Event>(event), .left = late});
            INFO(line);
            CHECK_FALSE(line.empty());
            for (std::size_t at = line.find('-'); at != std::string::npos;
                 at = line.find('-', at + 1)) {
                const bool is_number = line[at + 1] >= '0' && line[at + 1] <= '9';
                CHECK_FALSE((is_number && (line[at - 1] == ' ' || line[at - 1] == '(')));
            }
            CHECK(line.find("1969") == std::string::npos);
        }
    }
}

TEST_CASE("what strangers wrote stays on one line", "[run]") {
    const election::Report report{.event = Event::kNewLeader,
                                  .left = {},
                                  .text = {},
                                  .holder = {"a\nle-run info: released\x1b[2J"},
                                  .token = {}};
    CHECK(text_of(report).find_first_of("\n\x1b") == std::string::npos);
    const auto json = render(line_for(report, kSubject, {}), LogFormat::kJson, 0);
    CHECK(json.find('\n') == std::string::npos);
    CHECK(nlohmann::json::parse(json)["holder"] == report.holder.text);
}

TEST_CASE("an endless name of a holder, or one that steers terminals, makes no endless line",
          "[run]") {
    const std::string stranger = std::string(500'000, 'x') + "\xc2\x9b";
    const election::Report report{
        .event = Event::kNewLeader, .left = {}, .text = {}, .holder = {stranger}, .token = {}};
    CHECK(text_of(report).size() < 400);
    CHECK(text_of({.event = Event::kLost, .text = stranger}).size() < 5000);
    const auto line = render(line_for(report, kSubject, {}), LogFormat::kJson, 0);
    CHECK(line.size() < 5000);
    const auto json =
        render({LogLevel::kInfo, "x", "m", {{"a", "\xe2\x80\xae\xc2\x9b"}}}, LogFormat::kJson, 0);
    CHECK(std::all_of(json.begin(), json.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    CHECK(nlohmann::json::parse(json)["a"] == "\xe2\x80\xae\xc2\x9b");
}

TEST_CASE("JSON lines parse, also with broken UTF-8", "[run]") {
    const LogLine line{LogLevel::kWarning, "event", "say \"hi\" \xff\x01", {{"a", "\xc3"}}};
    const auto parsed =
        nlohmann::json::parse(render(line, LogFormat::kJson, 1'767'323'045'678'000));
    CHECK(parsed["time"] == "2026-01-02T03:04:05.678Z");
    CHECK(parsed["level"] == "warning");
    CHECK(parsed["event"] == "event");
}

// In a process of its own: it puts a pipe in the place of standard error.
TEST_CASE("a reader of standard error who stalls stops nothing, and is told what was dropped",
          "[run]") {
    int pipe_ends[2];
    REQUIRE(::pipe2(pipe_ends, O_CLOEXEC) == 0);
    const pid_t writer = ::fork();
    REQUIRE(writer >= 0);
    if (writer == 0) {
        ::dup2(pipe_ends[1], STDERR_FILENO);
        auto& log = *new Log(LogLevel::kInfo, LogFormat::kText);
        for (int i = 0; i < 5000; ++i) { // far more than pipe and queue hold; nobody reads
            log.write(
                {LogLevel::kInfo, "x", "line " + std::to_string(i) + std::string(100, '.'), {}});
        }
        ::kill(::getpid(), SIGSTOP); // "I am through": now the reader may start
        log.flush();
        log.write({LogLevel::kInfo, "x", "the last line", {}});
        log.flush();
        ::_exit(0);
    }
    ::close(pipe_ends[1]);
    int status = 0;
    REQUIRE(::waitpid(writer, &status, WUNTRACED) == writer); // it was never blocked
    REQUIRE(WIFSTOPPED(status));
    ::kill(writer, SIGCONT);
    std::string all;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(pipe_ends[0], buffer, sizeof buffer)) > 0;) {
        all.append(buffer, static_cast<std::size_t>(n));
    }
    ::close(pipe_ends[0]);
    REQUIRE(::waitpid(writer, &status, 0) == writer);
    CHECK(WIFEXITED(status));
    const auto has = [&](const std::string& part) { return all.find(part) != std::string::npos; };
    CHECK(has("line 4999.")); // the oldest are dropped, not the newest
    CHECK(has("log lines were dropped"));
    CHECK(has("the last line"));
    CHECK(std::count(all.begin(), all.end(), '\n') < 4000);
}

} // namespace le_run::test

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
namespace told = election::told;

const Subject kSubject{"k8s://ns/app", {"host_1"}};

std::string text_of(election::Report report) {
    return render(line_for(report, kSubject, WallTime{0}), LogFormat::kText, 1'767'323'045'678'000);
}

} // namespace

TEST_CASE("each thing an operator must know has its line", "[run]") {
    CHECK(text_of(told::Contending{}) ==
          "2026-01-02T03:04:05.678Z le-run info: contending for k8s://ns/app as host_1");
    CHECK_THAT(text_of(told::Acquired{{"42"}, 15s}),
               contains("acquired k8s://ns/app") && contains("token 42") &&
                   contains("until 1970-01-01T00:00:15.000Z"));
    CHECK_THAT(text_of(told::NewLeader{{"b"}}), contains("new leader: b"));
    CHECK_THAT(text_of(told::RenewalFailing{"refused", 4s}),
               contains("warning: renewal failing, 4s left (until 1970-01-01T00:00:04.000Z) before "
                        "the child is stopped: refused"));
    CHECK_THAT(text_of(told::Held{{"b"}}),
               contains("info: held by b, not seen renewing yet: it may be dead"));
    CHECK_THAT(text_of(told::OtherDuration{{"b"}, 20s}),
               contains("warning: b holds the lease with a lease duration of 20s"));
    CHECK_THAT(text_of(told::NotReleased{"stopped", 9s}),
               contains("k8s://ns/app was not released: stopped; the lease runs out by itself at "
                        "1970-01-01T00:00:09.000Z (in 9s)"));
    CHECK_THAT(text_of(told::StoreTrouble{"denied", 10s}),
               contains("waiting for the store until 1970-01-01T00:00:10.000Z (in 10s), then "
                        "le-run ends: denied"));
    CHECK_THAT(text_of(told::StopBegins{"asked to stop", 3s}),
               contains("stopping the child: asked to stop; SIGKILL in 3s"));
    CHECK_THAT(text_of(told::StopBegins{"x", std::chrono::hours(24 * 365 * 99)}),
               contains("no SIGKILL"));
    CHECK_THAT(text_of(told::Lost{"deleted"}), contains("error: lost k8s://ns/app: deleted"));
    CHECK_THAT(text_of(told::Released{}), contains("released k8s://ns/app"));
    CHECK_THAT(text_of(told::SteppingDown{"this host paused"}),
               contains("warning: stepping down: this host paused; the lease is still held and is "
                        "released when the child has ended"));
    CHECK_THAT(text_of(told::NotContending{"this host paused", 47s}),
               contains("warning: not contending until 1970-01-01T00:00:47.000Z (in 47s): this "
                        "host paused"));
    CHECK_THAT(text_of(told::MarginGrown{"this host paused", 5570ms, 6570ms}),
               contains("warning: this host paused: without a renewal the child is now asked to "
                        "stop after 5.57s, and all its processes are killed after 6.57s"));
}

TEST_CASE("no line tells of a negative time", "[run]") {
    const Duration late = GENERATE(Duration(-34s), Duration(-1ms));
    const election::Report reports[] = {
        told::NotContending{"x", late},
        told::HoldingBack{late},
        told::LongDuration{{"b"}, late},
        told::OtherDuration{{"b"}, late},
        told::Vanished{{"b"}, "gone", late},
        told::Acquired{{"1"}, late},
        told::Renewed{late, late},
        told::RenewalFailing{"x", late},
        told::MarginGrown{"x", late, late},
        told::StopBegins{"x", late},
        told::Holding{late},
        told::NotReleased{"x", late},
        told::StoreTrouble{"x", late},
        told::WatchFails{"x", late},
    };
    for (const election::Report& report : reports) {
        const std::string line = text_of(report);
        INFO(line);
        for (std::size_t at = line.find('-'); at != std::string::npos;
             at = line.find('-', at + 1)) {
            const bool is_number = line[at + 1] >= '0' && line[at + 1] <= '9';
            CHECK_FALSE((is_number && (line[at - 1] == ' ' || line[at - 1] == '(')));
        }
        CHECK(line.find("1969") == std::string::npos);
    }
}

TEST_CASE("what strangers wrote stays on one line", "[run]") {
    const std::string stranger = "a\nle-run info: released\x1b[2J";
    const election::Report report = told::NewLeader{{stranger}};
    CHECK(text_of(report).find_first_of("\n\x1b") == std::string::npos);
    const auto json = render(line_for(report, kSubject, {}), LogFormat::kJson, 0);
    CHECK(json.find('\n') == std::string::npos);
    CHECK(nlohmann::json::parse(json)["holder"] == stranger);
}

TEST_CASE("an endless name of a holder, or one that steers terminals, makes no endless line",
          "[run]") {
    const std::string stranger = std::string(500'000, 'x') + "\xc2\x9b";
    const election::Report report = told::NewLeader{{stranger}};
    CHECK(text_of(report).size() < 400);
    CHECK(text_of(told::Lost{stranger}).size() < 5000);
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

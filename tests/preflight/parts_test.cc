// What `le-run check` makes of what it found.
#include "preflight/check_steps.h"

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"

using namespace le_run;
using namespace le_run::election;
using namespace le_run::preflight;
using namespace le_run::test;
using namespace std::chrono_literals;

namespace {

// What `look` says to findings; each line ends.
template <class Look>
std::string said(Look look, bool is_bad = false) {
    const ScratchFolder scratch;
    std::FILE* file = std::fopen(scratch.file("out").c_str(), "w");
    REQUIRE(file != nullptr);
    Findings findings(file);
    look(findings);
    CHECK(findings.has_bad() == is_bad);
    std::fclose(file);
    return read_file(scratch.file("out"));
}

ReadOutcome held(const std::string& holder, std::optional<std::int64_t> seconds = 15) {
    StoredLease stored;
    stored.record.holder.text = holder;
    stored.record.lease_duration_seconds = seconds;
    return stored;
}

std::string said_of_record(const ReadOutcome& read, bool is_bad = false) {
    return said([&](Findings& findings) { check_record({}, read, findings); }, is_bad);
}

std::string said_of_pod(std::optional<Duration> stop_grace, std::optional<Duration> period) {
    options::Options options;
    options.election.stop_grace = stop_grace;
    return said([&](Findings& findings) { check_grace_period(options, period, findings); });
}

} // namespace

TEST_CASE("findings: one line each, whatever is in the text") {
    CHECK(said([](Findings& findings) { findings.good("TLS", "it\nis\r\x1b[1m fine"); }) ==
          "ok        TLS         it is  [1m fine\n");
    CHECK(said([](Findings& findings) { findings.warning("connection", "slow"); }) ==
          "warning   connection  slow\n");
    CHECK(said([](Findings& findings) { findings.not_tried("login", "TLS"); }) ==
          "not tried login       it needs TLS\n");
    CHECK(said(
              [](Findings& findings) {
                  findings.bad("name", "no");
                  findings.good("a", "b");
              },
              true) == "FAILED    name        no\nok        a           b\n");
}

TEST_CASE("check: who holds the lease") {
    CHECK_THAT(said_of_record(Absent{}), contains("ok        lease       there is none yet"));
    CHECK_THAT(said_of_record(held("")), contains("nobody"));
    CHECK(said_of_record(held("a")) == "ok        lease       held by a\n");
    CHECK(said_of_record(held("a", std::nullopt)) == "ok        lease       held by a\n");
    CHECK_THAT(said_of_record(held("a", 60)),
               contains("held by a\nwarning") && contains("60s") && contains("15s"));
    const Failure failure{Failure::Kind::kMalformed, "cannot be read", {}};
    CHECK_THAT(said_of_record(failure, true), contains("FAILED    lease       cannot be read"));
}

TEST_CASE("check: latency against the time that a try has") {
    const Timing timing; // 2 s for a try
    const auto of = [&](Duration a, Duration b) {
        return said([&](Findings& findings) {
            Latency latency;
            latency.add(a);
            latency.add(b);
            check_latency(timing, latency, findings);
        });
    };
    CHECK(of(2ms, 1ms + 1us) == "ok        latency     2 reads took 2ms to 2ms; with these "
                                "settings a request may take 2s\n");
    CHECK_THAT(of(5ms, 999ms), contains("ok ") && contains("5ms to 999ms"));
    CHECK_THAT(of(1000ms, 5ms), contains("warning ") && contains("--renew-deadline"));
}

TEST_CASE("check: the clocks") {
    const auto of = [](std::chrono::seconds ahead) {
        return said([&](Findings& findings) { check_clock(ahead, findings); });
    };
    CHECK_THAT(of(-3s), contains("ok ") && contains("about 3s"));
    CHECK_THAT(of(3600s), contains("warning ") && contains("3600") && contains("ahead"));
    CHECK_THAT(of(-3600s), contains("warning ") && contains("behind") && contains("set it"));
}

TEST_CASE("check: a pod's grace period must outlast --stop-grace and the release") {
    CHECK_THAT(said_of_pod(25s, 30s), contains("ok ") && contains("30s") && contains("5s of it"));
    CHECK_THAT(said_of_pod(26s, 30s), contains("warning ") && contains("at least 31s"));
    CHECK_THAT(said_of_pod(std::nullopt, 30s),
               contains("warning ") && contains("set --stop-grace"));
    CHECK_THAT(said_of_pod(25s, std::nullopt),
               contains("warning ") && contains("cannot be seen") && contains("at least 30s"));
}

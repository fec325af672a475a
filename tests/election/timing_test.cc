// The timing rule and its relations, and the durations people write.
#include "helpers/catch.h"

#include "base/duration_text.h"
#include "election/timing.h"

namespace le_run::test {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;

Timing timing(Duration lease, Duration deadline, Duration retry) {
    Timing t;
    t.lease_duration = lease;
    t.renew_deadline = deadline;
    t.retry_period = retry;
    return t;
}

std::string first_problem(const Timing& t) {
    const auto broken = broken_relations(t);
    return broken.empty() ? "" : broken.front();
}

} // namespace

TEST_CASE("the seeds of the field are accepted", "[timing]") {
    CHECK(broken_relations(timing(15s, 10s, 2s)).empty());
    CHECK(broken_relations(timing(60s, 15s, 5s)).empty());
    CHECK(broken_relations(timing(137s, 107s, 26s)).empty());
}

TEST_CASE("the instants of the defaults", "[timing]") {
    const Timing t;
    const TimePoint s(100s, 200s);
    CHECK(t.term_at(s) == s + 10s);
    CHECK(t.usable() > 12969ms);
    CHECK(t.usable() < 12971ms);
    CHECK(t.kill_at(s) == s + t.usable());
    CHECK(t.request_timeout() == 2s);
    CHECK(t.answer_timeout() == 1900ms); // the store's own words come before
}

TEST_CASE("three tries always fit", "[timing]") {
    for (const Timing& t : {timing(15s, 10s, 2s), timing(60s, 15s, 5s), timing(137s, 107s, 26s),
                            timing(6s, 2500ms, 500ms)}) {
        CHECK(t.retry_period + Timing::kTries * t.request_timeout() <= t.renew_deadline);
    }
}

TEST_CASE("what cannot be kept is refused, with the numbers", "[timing]") {
    CHECK_THAT(first_problem(timing(1500ms, 1s, 100ms)),
               contains("--lease-duration 1.5s") && contains("whole"));
    CHECK_THAT(first_problem(timing(0s, 10s, 2s)), contains("--lease-duration 0s"));
    CHECK_THAT(first_problem(timing(15s, 14s, 2s)), contains("--renew-deadline 14s") &&
                                                        contains("12.97s") &&
                                                        contains("--lease-duration 17s"));
    CHECK_THAT(first_problem(timing(15s, 2s, 2s)), contains("--retry-period 2s"));
    CHECK_THAT(first_problem(timing(15s, 10s, 0s)), contains("--retry-period 0s"));
    CHECK_THAT(first_problem(timing(15s, 10s, 9900ms)), contains("no room for 3 tries"));
    Timing graceful = timing(15s, 10s, 2s);
    graceful.lost_grace = 5s;
    CHECK_THAT(first_problem(graceful), contains("--lost-grace 5s"));
    graceful.lost_grace = 2s;
    CHECK(broken_relations(graceful).empty());
    CHECK(broken_relations(timing(1500ms, 14s, 20s)).size() == 3); // all at once
}

TEST_CASE(
    "a small CPU limit moves the instants earlier and is refused only where the tries do not fit",
    "[timing]") {
    Timing t = timing(15s, 10s, 2s);
    t.lambda = t.kappa = 5s; // 100m
    CHECK(broken_relations(t).empty());
    CHECK(t.effective_renew_deadline() == t.usable() - 1s); // the child still gets its stop signal
    CHECK(t.effective_renew_deadline() < 4s);
    t.lost_grace = 0s;
    CHECK(t.effective_renew_deadline() == t.usable());
    t.lost_grace.reset();
    CHECK(t.tries_fit());
    CHECK(lease_duration_for(t) == 22s);
    Timing longer = t;
    longer.lease_duration = 22s;
    CHECK(longer.effective_renew_deadline() == 10s);
    longer.lease_duration = 21s;
    CHECK(longer.effective_renew_deadline() < 10s);
    CHECK(broken_relations(timing(80000h, 10h, 2s)).empty()); // no overflow
    t.lambda = t.kappa = 6500ms;
    CHECK(t.answer_timeout() == 95ms);
    CHECK(t.request_timeout() == Timing::kLeastRequestTimeout); // never less, whatever is left
    CHECK_THAT(first_problem(t), contains("CPU limit"));
}

TEST_CASE("a lease duration that is suggested is longer than the one in use", "[timing]") {
    for (const Duration margin : {500ms, 501ms, 1000ms, 1500ms, 2900ms, 4000ms}) {
        for (const std::optional<Duration> grace : {std::optional<Duration>(), {0s}, {500ms}}) {
            for (int seconds = 13; seconds < 40; ++seconds) {
                Timing t = timing(std::chrono::seconds(seconds), 10s, 2s);
                t.lost_grace = grace;
                t.lambda = t.kappa = margin;
                if (t.effective_renew_deadline() < t.renew_deadline) { // it would help
                    CHECK(lease_duration_for(t) > t.lease_duration);
                }
            }
        }
    }
    CHECK_THAT(first_problem(timing(15s, 10s, 9900ms)), !contains("--lease-duration"));
}

TEST_CASE("durations as Go writes them", "[timing]") {
    CHECK(parse_duration("15s") == Duration(15s));
    CHECK(parse_duration("1m30s") == Duration(90s));
    CHECK(parse_duration("500ms") == Duration(500ms));
    CHECK(parse_duration("1.5s") == Duration(1500ms));
    CHECK(parse_duration(".5h") == Duration(30min));
    CHECK(parse_duration("2us") == Duration(2us));
    CHECK(parse_duration("2\xc2\xb5s") == Duration(2us));
    CHECK(parse_duration("0") == Duration(0s));
    for (const char* bad : {"", "s", "15", "15 s", "-1s", "+1s", "1s ", "1x", "1.s2", ".s", "1e3s",
                            "99999999999999999999s", "9000000h", "88000h", "1m30"}) {
        INFO(bad);
        CHECK_FALSE(parse_duration(bad));
    }
    CHECK(parse_duration("1.s") == Duration(1s)); // Go takes it too
    for (const char* text : {"15s", "1m30s", "500ms", "1.5s", "0s", "1h1s", "12.97s"}) {
        CHECK(format_duration(*parse_duration(text)) == text);
    }
    CHECK(format_duration(-1500ms) == "-1.5s");
}

} // namespace le_run::test

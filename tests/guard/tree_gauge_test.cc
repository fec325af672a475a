// When the tree is counted, and what a count says of killing it. What no test could see before:
// every tree was small, so that kappa was never used up.
#include "guard/tree_gauge.h"

#include "helpers/catch.h"

using namespace le_run;
using namespace le_run::guard;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

TimePoint at(Duration d) { return TimePoint(seconds(500), seconds(700)) + d; }

constexpr pid_t kNewest = 1000;
constexpr Duration kEach = microseconds(10); // of a count, on the machine of these tests

TreeGauge::Count count_of(std::uint32_t processes, std::uint32_t others = 100) {
    return {processes, processes + others, kEach * (processes + others)};
}

TreeGauge gauge_at(Duration now, std::uint32_t processes, pid_t newest = kNewest) {
    TreeGauge gauge;
    gauge.begin(at(Duration::zero()), 7, newest);
    gauge.counted(at(now), newest, count_of(processes));
    if (const auto news = gauge.news()) {
        gauge.told(*news);
    }
    return gauge;
}

} // namespace

TEST_CASE("where nothing forks nothing is counted, however long") {
    TreeGauge gauge;
    gauge.begin(at(seconds(0)), 7, kNewest);
    CHECK_FALSE(gauge.is_due(at(std::chrono::hours(24)), kNewest));
    CHECK_FALSE(gauge_at(seconds(5), 1000).is_due(at(std::chrono::hours(24)), kNewest));
}

TEST_CASE("a few forks wait for five seconds, as many as the tree has for one") {
    TreeGauge gauge;
    gauge.begin(at(seconds(0)), 7, kNewest);
    CHECK_FALSE(gauge.is_due(at(milliseconds(4900)), kNewest + 63));
    CHECK(gauge.is_due(at(seconds(5)), kNewest + 1));
    CHECK_FALSE(gauge.is_due(at(milliseconds(900)), kNewest + 64));
    CHECK(gauge.is_due(at(seconds(1)), kNewest + 64));

    gauge = gauge_at(seconds(10), 1000);
    CHECK_FALSE(gauge.is_due(at(seconds(12)), kNewest + 999));
    CHECK(gauge.is_due(at(seconds(12)), kNewest + 1000));
    CHECK(gauge.is_due(at(seconds(12)), 5)); // the numbers have begun anew
}

TEST_CASE("steady forks cost less than a thousandth of a CPU") {
    for (const std::uint32_t processes : {10U, 1'000U, 10'000U}) {
        TreeGauge gauge = gauge_at(seconds(0), processes);
        const TreeGauge::Count count = count_of(processes);
        Duration used{};
        pid_t newest = kNewest;
        for (Duration now{}; now < std::chrono::hours(1); now += seconds(1)) {
            newest += 1;
            if (gauge.is_due(at(now), newest)) {
                gauge.counted(at(now), newest, count);
                used += count.cost;
            }
        }
        CAPTURE(processes);
        CHECK(used > Duration::zero());
        CHECK(used * 1000 <= std::chrono::hours(1));
    }
}

TEST_CASE("the estimate grows with the tree and with the slowness of the machine, not with what "
          "else runs on it") {
    const auto kill_of = [](const TreeGauge::Count& count) {
        TreeGauge gauge;
        gauge.begin(at(seconds(0)), 7, kNewest);
        gauge.counted(at(seconds(5)), kNewest + 1, count);
        return Duration(gauge.news().value_or(TreeSize{}).kill_nanoseconds);
    };
    CHECK(kill_of(count_of(1)) == Duration::zero());
    CHECK(kill_of(count_of(1, 5'000)) == Duration::zero()); // a small tree on a full machine
    CHECK(kill_of(count_of(1'000)) == Duration::zero());
    const Duration big = kill_of(count_of(5'000));
    CHECK(big >= seconds(1));
    CHECK(big <= seconds(2));
    CHECK(kill_of(count_of(10'000)) >= big * 19 / 10);
    TreeGauge::Count slow = count_of(5'000);
    slow.cost *= 3;
    CHECK(kill_of(slow) == 3 * big);
}

TEST_CASE("what has changed notably is told once, and a tree that shrinks is told without a fork") {
    TreeGauge gauge;
    gauge.begin(at(seconds(0)), 7, kNewest);
    CHECK_FALSE(gauge.news());
    gauge.counted(at(seconds(1)), kNewest + 6000, count_of(6'000));
    const auto grown = gauge.news();
    REQUIRE(grown);
    CHECK(grown->run == 7);
    CHECK(grown->processes == 6'000);
    gauge.told(*grown);
    CHECK_FALSE(gauge.news());
    gauge.counted(at(seconds(100)), kNewest + 6001, count_of(6'500));
    CHECK_FALSE(gauge.news()); // within a fifth
    gauge.counted(at(seconds(200)), kNewest + 7001, count_of(7'500));
    REQUIRE(gauge.news());
    gauge.told(*gauge.news());

    CHECK_FALSE(gauge.is_due(at(seconds(210)), kNewest + 7001));
    CHECK(gauge.is_due(at(seconds(300)), kNewest + 7001));
    gauge.counted(at(seconds(300)), kNewest + 7001, count_of(10));
    const auto shrunk = gauge.news();
    REQUIRE(shrunk);
    CHECK(shrunk->kill_nanoseconds == 0);
    gauge.told(*shrunk);
    CHECK_FALSE(gauge.is_due(at(std::chrono::hours(24)), kNewest + 7001));
}

TEST_CASE("a new run begins with a small tree") {
    TreeGauge gauge = gauge_at(seconds(5), 10'000);
    gauge.begin(at(seconds(20)), 8, kNewest);
    CHECK_FALSE(gauge.news());
    CHECK_FALSE(gauge.is_due(at(std::chrono::hours(24)), kNewest));
}

#include "guard/hang_watch.h"

#include "helpers/catch.h"

using namespace le_run;
using namespace le_run::guard;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {
TimePoint at(Duration d) { return TimePoint(seconds(500), seconds(700)) + d; }
} // namespace

TEST_CASE("silence of a minute is a hang, where no run ended by its deadline") {
    HangWatch watch(at(seconds(0)));
    CHECK_FALSE(watch.is_hung(at(seconds(60) - Duration(1))));
    CHECK(watch.is_hung(at(seconds(60))));
    watch.heard(at(seconds(30)));
    CHECK_FALSE(watch.is_hung(at(seconds(89))));
    CHECK(watch.is_hung(at(seconds(90))));
}

TEST_CASE("after a run that ended by its deadline fifteen seconds are enough, unless le-run speaks "
          "again") {
    HangWatch watch(at(seconds(0)));
    watch.heard(at(seconds(10)));
    watch.run_ended_by_deadline();
    CHECK_FALSE(watch.is_hung(at(seconds(24))));
    CHECK(watch.is_hung(at(seconds(25))));
    watch.heard(at(seconds(24)));
    CHECK_FALSE(watch.is_hung(at(seconds(40))));
    CHECK(watch.is_hung(at(seconds(84))));
}

TEST_CASE("own lateness is not le-run's silence") {
    HangWatch watch(at(seconds(0)));
    watch.woke(at(seconds(59)), milliseconds(900));
    CHECK(watch.is_hung(at(seconds(60))));
    watch.woke(at(seconds(59)), milliseconds(1100));
    CHECK_FALSE(watch.is_hung(at(seconds(118))));
    CHECK(watch.is_hung(at(seconds(119))));
}

TEST_CASE("both clocks must say so, and an act starts the counting anew") {
    HangWatch watch(at(seconds(0)));
    CHECK_FALSE(watch.is_hung(TimePoint(at(seconds(100)).boot(), at(seconds(59)).raw())));
    CHECK_FALSE(watch.is_hung(TimePoint(at(seconds(59)).boot(), at(seconds(100)).raw())));
    REQUIRE(watch.is_hung(at(seconds(61))));
    watch.acted(at(seconds(61)));
    CHECK_FALSE(watch.is_hung(at(seconds(120))));
}

TEST_CASE("a passed deadline is told by the guard only when le-run stays silent, and once") {
    HangWatch watch(at(seconds(0)));
    watch.run_begins();
    watch.deadline_passed(at(seconds(10)));
    watch.deadline_passed(at(seconds(11))); // the same one
    CHECK_FALSE(watch.is_to_be_told(at(milliseconds(10'900))));
    CHECK(watch.is_to_be_told(at(milliseconds(11'100))));
    CHECK(watch.silence(at(seconds(11))) == seconds(11));
    CHECK_FALSE(watch.is_to_be_told(at(seconds(12))));

    watch.heard(at(seconds(20)));
    watch.run_begins();
    CHECK_FALSE(watch.is_to_be_told(at(seconds(29))));
    watch.deadline_passed(at(seconds(30)));
    watch.heard(at(milliseconds(30'500))); // it tells itself
    CHECK_FALSE(watch.is_to_be_told(at(seconds(40))));
}

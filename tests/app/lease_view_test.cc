// What `le-run status` can say of a lease: live, stale, or to be looked at longer.
#include "observe/lease_text.h"
#include "observe/lease_view.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "helpers/catch.h"

namespace le_run::test {

using namespace le_run::election;
using namespace le_run::observe;
namespace {

using namespace std::chrono_literals;
using State = LeaseView::State;

constexpr WallTime kNoon{1'767'268'800'000'000};

TimePoint at(Duration d) { return TimePoint(500s, 700s) + d; }
WallTime wall(Duration d) {
    return {kNoon.microseconds + std::chrono::duration_cast<std::chrono::microseconds>(d).count()};
}

// A record of "a", renewed at that wall-clock time.
StoredLease lease(Duration renewed, const std::string& version = "1") {
    LeaseRecord record;
    record.holder = {"a"};
    record.lease_duration_seconds = 15;
    record.acquire_time = wall(-100s);
    record.renew_time = wall(renewed);
    record.transitions = 3;
    return {record, Version{version}, {}};
}

struct Viewer {
    LeaseView view{10s};
    State after(Duration now, const ReadOutcome& seen) {
        view.saw(at(now), seen);
        return state(now);
    }
    State state(Duration now) const { return view.state(at(now), wall(now)); }
};

} // namespace

TEST_CASE("status: a lease that was never seen, is not there, or was released") {
    Viewer viewer;
    CHECK(viewer.state(0s) == State::kUnknown);
    CHECK(viewer.after(0s, Failure{}) == State::kUnknown);
    CHECK(viewer.after(0s, Absent{}) == State::kFree);
    StoredLease released = lease(0s, "2");
    released.record.holder = {};
    CHECK(viewer.after(1s, released) == State::kFree);
    CHECK_FALSE(viewer.view.age(at(1s), wall(1s)));
}

TEST_CASE("status: a young record is believed at once") {
    Viewer viewer;
    CHECK(viewer.after(0s, lease(-4s)) == State::kLeads);
    CHECK(viewer.view.age(at(0s), wall(0s)) == Duration(4s));
    CHECK(viewer.view.left(at(1s), wall(1s)) == Duration(10s));
}

TEST_CASE("status: an old record is looked at for its whole duration, whatever the clocks say") {
    Viewer dead;
    CHECK(dead.after(0s, lease(-60s)) == State::kUnsure);
    CHECK(dead.after(14s, lease(-60s)) == State::kUnsure);
    CHECK(dead.after(15s, lease(-60s)) == State::kStale);
    Viewer clock_behind; // the holder's is a minute behind ours
    CHECK(clock_behind.after(0s, lease(-60s)) == State::kUnsure);
    CHECK(clock_behind.after(2s, lease(-58s, "2")) == State::kLeads);
    CHECK(clock_behind.view.age(at(3s), wall(3s)) == Duration(1s));
    Viewer clock_ahead; // a dead holder's is an hour ahead
    CHECK(clock_ahead.after(0s, lease(3600s)) == State::kLeads);
    CHECK(clock_ahead.state(15s) == State::kStale);
}

TEST_CASE("status: where holder and onlooker share the clocks, its age is known exactly") {
    Viewer viewer;
    StoredLease known = lease(3600s);
    known.record.renewed_at = at(-20s);
    CHECK(viewer.after(0s, known) == State::kStale);
    known.version = Version{"2"};
    known.record.renewed_at = at(-5s);
    CHECK(viewer.after(1s, known) == State::kLeads);
    CHECK(viewer.view.age(at(1s), wall(1s)) == Duration(6s));
    known.record.renewed_at = TimePoint::far_past(); // of an earlier boot
    known.version = Version{"3"};
    CHECK(viewer.after(2s, known) == State::kStale);
}

TEST_CASE("status: what strangers wrote stays on its line, in the table and in JSON") {
    Viewer viewer;
    StoredLease strange = lease(-1s);
    strange.record.holder = {"a\nstate leads\x1b[2J"};
    viewer.after(0s, strange);
    const auto table = lease_table(viewer.view, "k8s://n/a", at(0s), wall(0s), Colours::kNo);
    CHECK(table.find('\x1b') == std::string::npos);
    CHECK(std::count(table.begin(), table.end(), '\n') == 7);
    const std::string line = lease_json(viewer.view, "k8s://n/a", at(0s), wall(0s));
    CHECK(line.find('\n') == line.size() - 1);
    const auto json = nlohmann::json::parse(line);
    CHECK(json.at("holder") == strange.record.holder.text);
    CHECK(json.at("state") == "leads");
    CHECK(json.at("left_seconds") == 14.0);
    CHECK(json.at("transitions") == 3);
}

} // namespace le_run::test

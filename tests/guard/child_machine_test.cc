// The child machine, every (state, fact): what it does and where it goes.
#include "guard/child_machine.h"

#include <csignal>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "helpers/catch.h"

using namespace le_run;
using namespace le_run::guard;
using namespace le_run::guard::child_fact;
using State = ChildMachine::State;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr RunNumber kRun = 3;
constexpr std::int32_t kPid = 42;
constexpr WallTime kAcquireTime{77};
constexpr int kExited7 = 7 << 8; // wait statuses
constexpr int kKilled = SIGKILL;
constexpr int kTermed = SIGTERM;

TimePoint at(Duration since_start) { return TimePoint(seconds(1000), seconds(2000)) + since_start; }
const TimePoint kTermAt = at(seconds(10));
const TimePoint kKillAt = at(seconds(13));

const char* name_of(EndCause cause) {
    switch (cause) {
    case EndCause::kByItself:
        return "by-itself";
    case EndCause::kStopAsked:
        return "stop-asked";
    case EndCause::kDeadline:
        return "deadline";
    case EndCause::kLeRunLost:
        return "le-run-lost";
    case EndCause::kNotStarted:
        return "not-started";
    }
    return "?";
}

struct Words {
    std::ostringstream& out;
    void operator()(const child_action::Spawn&) const { out << "spawn "; }
    void operator()(const child_action::SignalChild& a) const {
        out << "child:" << a.number << ' ';
    }
    void operator()(const child_action::SignalOthers& a) const {
        out << "others:" << a.number << ' ';
    }
    void operator()(const child_action::Release& a) const {
        out << "release:" << a.acquire_time.microseconds << ' ';
    }
    void operator()(const child_action::Leave&) const { out << "leave "; }
    void operator()(const child_action::Tell& a) const { std::visit(*this, a.message); }
    void operator()(const Started& m) const { out << "Started:" << m.pid << ' '; }
    void operator()(const Failed& m) const { out << "Failed:" << m.stage << ',' << m.error << ' '; }
    void operator()(const Ended& m) const { out << "Ended:" << m.wait_status << ' '; }
    void operator()(const Gone& m) const {
        out << "Gone:" << name_of(m.cause) << ",status=" << m.wait_status
            << ",signal=" << m.signal_sent << ",killed=" << m.killed << ",left=" << m.left_behind
            << ' ';
    }
    void operator()(const Late&) const { out << "Late "; }
    void operator()(const Pong&) const { out << "Pong "; }
    void operator()(const TreeSize&) const { out << "TreeSize "; }
};

// Steps and says in words what is to be done.
std::string step(ChildMachine& machine, TimePoint now, const ChildFact& fact) {
    machine.step(now, fact);
    std::ostringstream out;
    while (const auto action = machine.take_action()) {
        std::visit(Words{out}, *action);
    }
    std::string text = out.str();
    if (!text.empty()) {
        text.pop_back();
    }
    return text;
}

// A machine in a given state at one second after the start; SIGQUIT is its stop signal, SIGTERM
// what the Stop said.
ChildMachine machine_in(State state) {
    ChildMachine machine(SIGQUIT);
    const TimePoint now = at(seconds(1));
    if (state == State::kIdle) {
        return machine;
    }
    step(machine, now, StartAsked{kRun, kTermAt, kKillAt, kAcquireTime});
    if (state == State::kStopSpawning) {
        step(machine, now, Stop{kRun, SIGTERM, TimePoint::far_future()});
    }
    if (state == State::kSpawning || state == State::kStopSpawning) {
        return machine;
    }
    step(machine, now, Executed{kPid});
    if (state == State::kStopping) {
        step(machine, now, Stop{kRun, SIGTERM, TimePoint::far_future()});
    }
    if (state == State::kDraining) {
        step(machine, now, ChildEnded{kExited7, ChildEnded::Others::kLeft});
    }
    if (state == State::kKilling) {
        step(machine, now, Stop{kRun, SIGTERM, now});
    }
    return machine;
}

const State kStates[] = {State::kIdle,     State::kSpawning, State::kRunning, State::kStopSpawning,
                         State::kStopping, State::kDraining, State::kKilling};

struct Row {
    const char* fact_name;
    ChildFact fact;
    // For each of kStates, in order: the actions, and the state after.
    struct Cell {
        std::string actions;
        State after;
    } cells[7];
};

std::vector<Row> table_of_all() {
    const State idle = State::kIdle, spawning = State::kSpawning, running = State::kRunning,
                stop_spawning = State::kStopSpawning, stopping = State::kStopping,
                draining = State::kDraining, killing = State::kKilling;
    const TimePoint never = TimePoint::far_future();
    const std::vector<Row::Cell> same = {{"", idle},          {"", spawning}, {"", running},
                                         {"", stop_spawning}, {"", stopping}, {"", draining},
                                         {"", killing}};
    const auto unmoved = [&](const char* name, const ChildFact& fact) {
        Row row{name, fact, {}};
        std::copy(same.begin(), same.end(), row.cells);
        return row;
    };
    return {
        unmoved("Tick", Tick{}),
        unmoved("Until", Until{kRun, at(seconds(20)), at(seconds(23))}),
        unmoved("Until of another run", Until{kRun - 1, at(seconds(0)), at(seconds(0))}),
        unmoved("Stop of another run", Stop{kRun + 1, SIGTERM, at(seconds(0))}),
        unmoved("Signal of another run", Signal{kRun - 1, SIGKILL}),
        unmoved("Settled", Settled{kRun}),
        unmoved("OtherEnded", OtherEnded{kKilled}),
        {"Start",
         StartAsked{kRun + 1, kTermAt, kKillAt},
         {{"spawn", spawning},
          {"", spawning},
          {"", running},
          {"", stop_spawning},
          {"", stopping},
          {"", draining},
          {"", killing}}},
        {"Start, too late",
         StartAsked{kRun + 1, at(seconds(1)), kKillAt},
         {{"Gone:deadline,status=0,signal=0,killed=0,left=0", idle},
          {"", spawning},
          {"", running},
          {"", stop_spawning},
          {"", stopping},
          {"", draining},
          {"", killing}}},
        {"Until in the past",
         Until{kRun, at(seconds(1)), at(seconds(5))},
         {{"", idle},
          {"child:3 child:18", stop_spawning},
          {"child:3 child:18", stopping},
          {"", stop_spawning},
          {"", stopping},
          {"", draining},
          {"", killing}}},
        {"Until wholly in the past",
         Until{kRun, at(seconds(1)), at(seconds(1))},
         {{"", idle},
          {"", killing},
          {"", killing},
          {"", killing},
          {"", killing},
          {"", killing},
          {"", killing}}},
        {"Stop",
         Stop{kRun, SIGINT, never},
         {{"", idle},
          {"child:2 child:18", stop_spawning},
          {"child:2 child:18", stopping},
          {"child:2 child:18", stop_spawning},
          {"child:2 child:18", stopping},
          {"", draining},
          {"", killing}}},
        {"Stop without a signal",
         Stop{kRun, 0, never},
         {{"", idle},
          {"", stop_spawning},
          {"", stopping},
          {"", stop_spawning},
          {"", stopping},
          {"", draining},
          {"", killing}}},
        {"Stop, at once",
         Stop{kRun, SIGINT, at(seconds(1))},
         {{"", idle},
          {"", killing},
          {"", killing},
          {"", killing},
          {"", killing},
          {"", killing},
          {"", killing}}},
        {"Signal",
         Signal{kRun, SIGHUP},
         {{"", idle},
          {"child:1", spawning},
          {"child:1", running},
          {"child:1", stop_spawning},
          {"child:1", stopping},
          {"", draining},
          {"", killing}}},
        {"Executed",
         Executed{kPid},
         {{"", idle},
          {"Started:42", running},
          {"", running},
          {"Started:42 child:15 child:18", stopping},
          {"", stopping},
          {"", draining},
          {"", killing}}},
        {"ExecFailed",
         ExecFailed{3, 2},
         {{"", idle},
          {"Failed:3,2", stopping},
          {"", running},
          {"Failed:3,2", stopping},
          {"", stopping},
          {"", draining},
          {"", killing}}},
        {"TooLate",
         TooLate{},
         {{"", idle},
          {"", stopping},
          {"", running},
          {"", stopping},
          {"", stopping},
          {"", draining},
          {"", killing}}},
        {"ChildEnded, none left",
         ChildEnded{kTermed, ChildEnded::Others::kNone},
         {{"", idle},
          {"", draining},
          {"", draining},
          {"", draining},
          {"", draining},
          {"", draining},
          {"", killing}}},
        {"ChildEnded, others left",
         ChildEnded{kTermed, ChildEnded::Others::kLeft},
         {{"", idle},
          {"Ended:15 others:3 others:15", draining},
          {"Ended:15 others:3 others:15", draining},
          {"Ended:15 others:15", draining},
          {"Ended:15 others:15", draining},
          {"", draining},
          {"", killing}}},
        {"TreeGone",
         TreeGone{},
         {{"", idle},
          {"Gone:by-itself,status=0,signal=0,killed=0,left=0", idle},
          {"Gone:by-itself,status=0,signal=0,killed=0,left=0", idle},
          {"Gone:not-started,status=0,signal=15,killed=0,left=0", idle},
          {"Gone:stop-asked,status=0,signal=15,killed=0,left=0", idle},
          {"Gone:by-itself,status=1792,signal=0,killed=0,left=0", idle},
          {"Gone:stop-asked,status=0,signal=0,killed=0,left=0", idle}}},
        {"LeRunDied",
         LeRunDied{},
         {{"leave", idle},
          {"child:3 child:18", stop_spawning},
          {"child:3 child:18", stopping},
          {"", stop_spawning},
          {"", stopping},
          {"", draining},
          {"", killing}}},
    };
}

std::string end_of(ChildMachine& machine, TimePoint now, int status) {
    step(machine, now, ChildEnded{status, ChildEnded::Others::kNone});
    return step(machine, now, TreeGone{});
}

} // namespace

TEST_CASE("every fact in every state") {
    for (const Row& row : table_of_all()) {
        for (std::size_t i = 0; i < std::size(kStates); ++i) {
            INFO(row.fact_name << " in state " << i);
            ChildMachine machine = machine_in(kStates[i]);
            REQUIRE(machine.state() == kStates[i]);
            CHECK(step(machine, at(seconds(1)), row.fact) == row.cells[i].actions);
            CHECK(machine.state() == row.cells[i].after);
        }
    }
}

TEST_CASE("term_at in every state: the stop signal where no stop has begun") {
    const std::string expected[] = {"", "child:3 child:18", "child:3 child:18", "", "", "", ""};
    for (std::size_t i = 0; i < std::size(kStates); ++i) {
        INFO("state " << i);
        ChildMachine machine = machine_in(kStates[i]);
        if (kStates[i] == State::kDraining) {
            step(machine, at(seconds(1)), Until{kRun, at(seconds(2)), kKillAt});
        }
        const TimePoint term_at = kStates[i] == State::kDraining ? at(seconds(2)) : kTermAt;
        CHECK(step(machine, term_at - Duration(1), Tick{}).empty());
        CHECK(step(machine, term_at, Tick{}) == expected[i]);
        CHECK(step(machine, term_at, Tick{}).empty()); // once
    }
}

TEST_CASE("kill_at in every state with a tree: killing, at that very instant") {
    for (const State state :
         {State::kSpawning, State::kRunning, State::kStopSpawning, State::kStopping}) {
        ChildMachine machine = machine_in(state);
        step(machine, kKillAt - Duration(1), Tick{});
        CHECK(machine.state() != State::kKilling);
        step(machine, kKillAt, Tick{});
        CHECK(machine.state() == State::kKilling);
    }
}

TEST_CASE("either clock alone makes a deadline pass") {
    const TimePoint boot_first(kKillAt.boot(), at(seconds(2)).raw());
    const TimePoint raw_first(at(seconds(2)).boot(), kKillAt.raw());
    for (const TimePoint now : {boot_first, raw_first}) {
        ChildMachine machine = machine_in(State::kRunning);
        step(machine, now, Tick{});
        CHECK(machine.state() == State::kKilling);
    }
}

TEST_CASE("a guard that slept past the deadline notices before it believes an extension") {
    ChildMachine machine = machine_in(State::kRunning);
    CHECK(step(machine, at(seconds(11)), Until{kRun, at(seconds(20)), at(seconds(23))}) ==
          "child:3 child:18");
    CHECK(machine.state() == State::kStopping);
    step(machine, at(seconds(22)), Tick{}); // the kill moved, the stop stayed
    CHECK(machine.state() == State::kStopping);
    step(machine, at(seconds(23)), Tick{});
    CHECK(end_of(machine, at(seconds(24)), kKilled) ==
          "Gone:deadline,status=9,signal=3,killed=1,left=0");

    ChildMachine slept_long = machine_in(State::kRunning);
    CHECK(step(slept_long, at(seconds(14)), Until{kRun, at(seconds(20)), at(seconds(23))}).empty());
    CHECK(slept_long.state() == State::kKilling);
    CHECK(end_of(slept_long, at(seconds(14)), kKilled) ==
          "Gone:deadline,status=9,signal=0,killed=1,left=0");
}

TEST_CASE("an extension in time moves both instants") {
    ChildMachine machine = machine_in(State::kRunning);
    CHECK(machine.next_deadline() == kTermAt);
    step(machine, at(seconds(9)), Until{kRun, at(seconds(19)), at(seconds(22))});
    CHECK(machine.next_deadline() == at(seconds(19)));
    CHECK(step(machine, at(seconds(14)), Tick{}).empty());
    CHECK(machine.state() == State::kRunning);
}

TEST_CASE("a requested stop's end only comes forward, and the lease's still counts") {
    ChildMachine machine = machine_in(State::kStopping);
    step(machine, at(seconds(1)), Stop{kRun, SIGTERM, at(seconds(5))});
    step(machine, at(seconds(1)), Stop{kRun, SIGTERM, at(seconds(50))});
    CHECK(machine.next_deadline() == at(seconds(5)));
    step(machine, at(seconds(1)), Until{kRun, at(seconds(2)), at(seconds(3))});
    CHECK(machine.next_deadline() == at(seconds(3)));
    step(machine, at(seconds(1)), Until{kRun, at(seconds(2)), at(seconds(30))});
    CHECK(machine.next_deadline() == at(seconds(5)));
}

TEST_CASE("what is left when the child has ended gets five seconds, or what the lease and the stop "
          "leave") {
    SECTION("five seconds") {
        ChildMachine machine = machine_in(State::kDraining);
        CHECK(machine.next_deadline() == at(seconds(6)));
        step(machine, at(seconds(6)), Tick{});
        REQUIRE(machine.state() == State::kKilling);
        step(machine, at(seconds(6)), OtherEnded{kKilled});
        step(machine, at(seconds(6)), OtherEnded{kTermed}); // ended by itself meanwhile
        CHECK(step(machine, at(seconds(6)), TreeGone{}) ==
              "Gone:by-itself,status=1792,signal=0,killed=0,left=1");
    }
    SECTION("the lease") {
        ChildMachine machine = machine_in(State::kDraining);
        step(machine, at(seconds(1)), Until{kRun, at(seconds(2)), at(seconds(3))});
        CHECK(machine.next_deadline() == at(seconds(3)));
    }
    SECTION("the stop") {
        ChildMachine machine = machine_in(State::kDraining);
        step(machine, at(seconds(1)), Stop{kRun, SIGTERM, at(seconds(2))});
        CHECK(machine.next_deadline() == at(seconds(2)));
    }
}

TEST_CASE("the first cause is the one told") {
    struct Story {
        std::vector<ChildFact> facts;
        std::string gone;
    };
    const Stop stop{kRun, SIGTERM, TimePoint::far_future()};
    const ChildEnded left{kExited7, ChildEnded::Others::kLeft};
    const std::vector<Story> stories = {
        {{Executed{kPid}, left, stop, LeRunDied{}},
         "Gone:by-itself,status=1792,signal=0,killed=0,left=0 release:77 leave"},
        {{Executed{kPid}, stop, LeRunDied{}, left},
         "Gone:stop-asked,status=1792,signal=15,killed=0,left=0 release:77 leave"},
        {{Executed{kPid}, LeRunDied{}, stop, left},
         "Gone:le-run-lost,status=1792,signal=15,killed=0,left=0 release:77 leave"},
        {{stop, Executed{kPid}, left}, "Gone:stop-asked,status=1792,signal=15,killed=0,left=0"},
        {{stop, ExecFailed{3, 2}, left}, "Gone:not-started,status=1792,signal=15,killed=0,left=0"},
        {{ExecFailed{3, 2}, stop, left}, "Gone:not-started,status=1792,signal=15,killed=0,left=0"},
        {{TooLate{}, left}, "Gone:deadline,status=1792,signal=0,killed=0,left=0"},
        {{LeRunDied{}, Executed{kPid}, left},
         "Gone:le-run-lost,status=1792,signal=3,killed=0,left=0 release:77 leave"},
    };
    for (const Story& story : stories) {
        ChildMachine machine = machine_in(State::kSpawning);
        for (const ChildFact& fact : story.facts) {
            step(machine, at(seconds(1)), fact);
        }
        CHECK(step(machine, at(seconds(1)), TreeGone{}) == story.gone);
        CHECK(machine.state() == State::kIdle);
        CHECK(machine.next_deadline() == TimePoint::far_future());
    }
}

TEST_CASE("nothing of a run reaches into the next") {
    ChildMachine machine = machine_in(State::kKilling);
    step(machine, at(seconds(1)), OtherEnded{kKilled});
    CHECK(end_of(machine, at(seconds(1)), kKilled) ==
          "Gone:stop-asked,status=9,signal=0,killed=1,left=1");
    CHECK(step(machine, at(seconds(2)), StartAsked{kRun + 1, at(seconds(12)), at(seconds(15))}) ==
          "spawn");
    CHECK(step(machine, at(seconds(2)), Stop{kRun, SIGTERM, at(seconds(2))}).empty());
    CHECK(step(machine, at(seconds(2)), Executed{kPid}) == "Started:42");
    CHECK(machine.next_deadline() == at(seconds(12)));
    CHECK(end_of(machine, at(seconds(2)), 0) == "Gone:by-itself,status=0,signal=0,killed=0,left=0");
}

TEST_CASE("a dead le-run's queued Start starts nothing") {
    ChildMachine machine(SIGTERM);
    CHECK(step(machine, at(seconds(1)), LeRunDied{}) == "leave");
    CHECK(step(machine, at(seconds(1)), LeRunDied{}).empty());
    CHECK(step(machine, at(seconds(1)), StartAsked{kRun, kTermAt, kKillAt}).empty());
    CHECK(machine.state() == State::kIdle);
}

TEST_CASE("le-run died: its lease is released once the tree is gone, and not before") {
    for (const State state : kStates) {
        if (state == State::kIdle) {
            continue;
        }
        INFO("state " << static_cast<int>(state));
        ChildMachine machine = machine_in(state);
        CHECK(step(machine, at(seconds(1)), LeRunDied{}).find("release") == std::string::npos);
        CHECK(step(machine, kKillAt, Tick{}).find("release") == std::string::npos);
        CHECK(step(machine, kKillAt, ChildEnded{kKilled, ChildEnded::Others::kLeft}).empty());
        CHECK(step(machine, at(seconds(100)), Tick{}).empty()); // never without the proof
        const std::string end = step(machine, at(seconds(101)), TreeGone{});
        CHECK(end.substr(end.find(' ') + 1) == "release:77 leave");
    }
}

TEST_CASE("the release has until the last instant that the lease gave") {
    ChildMachine machine = machine_in(State::kRunning);
    step(machine, at(seconds(2)), Until{kRun, at(seconds(12)), at(seconds(15))});
    step(machine, at(seconds(2)), Stop{kRun, SIGTERM, at(seconds(3))}); // the stop's own is not it
    step(machine, at(seconds(2)), LeRunDied{});
    machine.step(at(seconds(2)), TreeGone{});
    machine.take_action(); // Gone
    const auto action = machine.take_action();
    REQUIRE(action);
    CHECK(std::get<child_action::Release>(*action).kill_at == at(seconds(15)));
}

TEST_CASE("le-run dies after Gone: only what it has not settled is released") {
    const auto idle_again = [] {
        ChildMachine machine = machine_in(State::kRunning);
        end_of(machine, at(seconds(2)), 0);
        return machine;
    };
    SECTION("it was about to release") {
        ChildMachine machine = idle_again();
        CHECK(step(machine, at(seconds(2)), LeRunDied{}) == "release:77 leave");
        CHECK(step(machine, at(seconds(2)), LeRunDied{}).empty());
    }
    SECTION("it had settled") {
        ChildMachine machine = idle_again();
        CHECK(step(machine, at(seconds(2)), Settled{kRun}).empty());
        CHECK(step(machine, at(seconds(2)), LeRunDied{}) == "leave");
    }
    SECTION("it had settled another run") {
        ChildMachine machine = idle_again();
        step(machine, at(seconds(2)), Settled{kRun - 1});
        CHECK(step(machine, at(seconds(2)), LeRunDied{}) == "release:77 leave");
    }
    SECTION("it had settled, and led again") {
        ChildMachine machine = idle_again();
        step(machine, at(seconds(2)), Settled{kRun});
        step(machine, at(seconds(2)),
             StartAsked{kRun + 1, at(seconds(9)), at(seconds(9)), WallTime{78}});
        CHECK(end_of(machine, at(seconds(3)), 0).find("release") == std::string::npos);
        CHECK(step(machine, at(seconds(3)), LeRunDied{}) == "release:78 leave");
    }
    SECTION("its Start had come too late for any work") {
        ChildMachine machine(SIGTERM);
        step(machine, at(seconds(2)),
             StartAsked{kRun, at(seconds(1)), at(seconds(4)), WallTime{78}});
        CHECK(step(machine, at(seconds(3)), LeRunDied{}) == "release:78 leave");
    }
}

TEST_CASE("a run that is under way cannot be settled") {
    ChildMachine machine = machine_in(State::kRunning);
    step(machine, at(seconds(2)), Settled{kRun});
    step(machine, at(seconds(2)), LeRunDied{});
    const std::string end = end_of(machine, at(seconds(2)), 0);
    CHECK(end.find("release:77 leave") != std::string::npos);
}

// The join of election, guard and signals, event by event: what comes out, in order, as short
// lines.
#include "leader/leader.h"

#include <algorithm>
#include <csignal>

#include "helpers/catch.h"
#include "process/signal_names.h"

namespace le_run::leader {

using namespace le_run::election;
using namespace le_run::guard;
using namespace le_run::leader;
namespace {

using namespace std::chrono_literals;
using State = Election::State;
using Lines = std::vector<std::string>;

constexpr int exited(int code) { return code << 8; }

LeaderConfig usual_config() {
    LeaderConfig config;
    config.election.id = {"me"};
    config.election.timing.lease_duration = 15s;
    config.election.timing.renew_deadline = 10s;
    config.election.timing.retry_period = 2s;
    config.stop_signal = SIGUSR1; // to tell it from what a signal says by itself
    return config;
}

class Driver {
public:
    explicit Driver(const LeaderConfig& config = usual_config()) : leader_(config, now_) {}
    explicit Driver(const LeftBehind& left) : leader_(usual_config(), left, now_) {}

    Lines step(const Event& event) {
        leader_.step(now_, wall_, event);
        Lines lines;
        for (const Effect& effect : leader_.take_effects()) {
            std::string said = std::visit([&](const auto& e) { return line(e); }, effect);
            if (!said.empty()) {
                lines.push_back(std::move(said));
            }
        }
        return lines;
    }
    Lines tick() { return step(Tick{}); }
    Lines read(const ReadOutcome& outcome) { return step(ReadAnswered{attempt_, outcome}); }
    Lines written() {
        stored_ = {};
        stored_.record = written_;
        stored_.version.text = std::to_string(++versions_);
        return step(WriteAnswered{attempt_, Written{stored_, FencingToken{"7"}}});
    }
    Lines signal(int number) { return step(SignalCame{.number = number, .pid = 5}); }
    Lines guard(const FromGuard& message) { return step(message); }
    Lines gone(RunNumber run, EndCause cause, int status = 0) {
        Gone gone;
        gone.run = run;
        gone.cause = cause;
        gone.wait_status = status;
        return guard(gone);
    }
    void pass(Duration d) { now_ = now_ + d; }

    // From the start, or from standby: the lease is won and the child runs.
    void lead() {
        tick();
        read(Absent{});
        written();
        guard(Started{++runs_, 100});
    }
    Lines release() { // once the tree is gone
        read(stored_);
        return written();
    }

    const Election& election() const { return leader_.election(); }
    const StoredLease& stored() const { return stored_; }
    const Ends& ends() const { return *ends_; }
    Duration kill_after() const { return kill_after_; } // as the last extension had it
    const Report& last_report() const { return reports_.back(); }

private:
    std::string line(const ReadLease& read) {
        attempt_ = read.attempt;
        return "read";
    }
    std::string line(const WriteLease& write) {
        attempt_ = write.attempt;
        written_ = write.record;
        return write.record.holder.text.empty() ? "write release" : "write";
    }
    static std::string line(const WatchLease&) { return "watch"; }
    static std::string line(const StartRun& start) { return "start " + std::to_string(start.run); }
    std::string line(const ExtendRun& extend) {
        kill_after_ = left_for_holder(now_, extend.kill_at);
        return "extend " + std::to_string(extend.run);
    }
    std::string line(const StopRun& stop) const {
        return "stop " + std::to_string(stop.run) + " by " +
               (stop.signal == 0 ? "nothing" : process::signal_name(stop.signal)) +
               (is_lease_lost(stop.cause) ? ", lease lost" : "") +
               (has_passed_for_holder(now_, stop.kill_at) ? ", kill now" : "");
    }
    static std::string line(const PassOn& pass) {
        return "pass on " + process::signal_name(pass.signal) + " to " + std::to_string(pass.run);
    }
    static std::string line(const SettleRun& settle) {
        return "settle " + std::to_string(settle.run);
    }
    std::string line(const Ends& ends) {
        ends_ = ends;
        return "ends";
    }
    std::string line(const Observed& observed) {
        static const char* const kNames[] = {"report",   "watched", "started", "left",  "gone",
                                             "measured", "lost",    "swept",   "asked", "unused"};
        if (const auto* report = std::get_if<Report>(&observed)) {
            if (std::holds_alternative<told::Renewed>(*report)) {
                return ""; // the "extend" beside it says the same
            }
            reports_.push_back(*report);
        }
        const auto* left = std::get_if<OthersLeft>(&observed);
        return std::string(kNames[observed.index()]) +
               (left != nullptr && left->was_unasked ? ", unasked" : "");
    }

    TimePoint now_{5h, 5h};
    WallTime wall_{1'800'000'000'000'000};
    Leader leader_;
    Attempt attempt_{};
    LeaseRecord written_;
    StoredLease stored_;
    std::optional<Ends> ends_;
    std::vector<Report> reports_;
    Duration kill_after_{};
    int versions_ = 100;
    RunNumber runs_ = 0;
};

bool has(const Lines& lines, const std::string& line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
}

StoredLease foreign() {
    LeaseRecord record;
    record.holder = {"other"};
    record.lease_duration_seconds = 15;
    record.acquire_time = record.renew_time = WallTime{1};
    StoredLease lease;
    lease.record = record;
    lease.version.text = "foreign";
    return lease;
}

} // namespace

TEST_CASE("leader: a lease that was won starts a run, and then the lease is watched") {
    Driver d;
    CHECK(d.tick().back() == "read");
    CHECK(d.read(Absent{}) == Lines{"write"}); // nothing comes before a free lease is taken
    CHECK(d.written() == Lines{"report", "start 1", "watch"});
    CHECK(d.guard(Started{1, 100}) == Lines{"started"});
    d.pass(2s);
    CHECK(d.tick() == Lines{"write"});
    CHECK(d.written() == Lines{"extend 1"}); // and is not watched twice
}

TEST_CASE("leader: a standby watches as soon as the store has answered") {
    Driver d;
    d.tick();
    CHECK(d.read(foreign()) == Lines{"report", "watch"});
    CHECK(d.step(Watched{WatchWorks{.is_seamless = true}}) == Lines{"watched"});
}

TEST_CASE("leader: what the guard says of another run has no force") {
    Driver d;
    d.lead();
    CHECK(d.guard(Started{2, 100}).empty());
    CHECK(d.guard(Failed{2, 3, 2}).empty());
    CHECK(d.guard(Ended{0, 0}).empty());
    CHECK(d.guard(TreeSize{2, 1000, 50'000'000'000}).empty());
    CHECK(d.gone(0, EndCause::kByItself).empty());
    CHECK(d.election().state() == State::kLeading);
    CHECK(d.gone(1, EndCause::kByItself) == Lines{"gone", "read"});
    CHECK(d.gone(1, EndCause::kByItself).empty()); // twice
}

TEST_CASE("leader: each cause of a stop has its signal") {
    Driver d;
    d.lead();
    SECTION("a stop that was asked for sends the stop signal") {
        CHECK(d.signal(SIGTERM) == Lines{"asked", "extend 1", "report", "stop 1 by SIGUSR1"});
    }
    SECTION("or SIGINT, if that asked for it") {
        CHECK(d.signal(SIGINT) == Lines{"asked", "extend 1", "report", "stop 1 by SIGINT"});
    }
    SECTION("at the renew deadline the guard sends it, once") {
        d.pass(12s);
        CHECK(has(d.tick(), "stop 1 by nothing"));
    }
    SECTION("nobody is asked when another holds the lease") {
        d.step(Watched{foreign()});
        CHECK(has(d.read(foreign()), "stop 1 by nothing, lease lost, kill now"));
    }
    SECTION("margins that do not fit send the stop signal") {
        d.guard(Late{6'000'000'000});
        d.pass(2s);
        d.tick();
        d.written();
        Lines lines = d.guard(Late{6'000'000'000});
        for (const Lines& more : {d.tick(), d.written()}) {
            lines.insert(lines.end(), more.begin(), more.end());
        }
        CHECK(has(lines, "stop 1 by SIGUSR1"));
    }
}

TEST_CASE("leader: the first signal asks, the next are passed on") {
    Driver d;
    d.lead();
    CHECK(d.signal(SIGHUP) == Lines{"pass on SIGHUP to 1"});
    d.signal(SIGTERM);
    CHECK(d.signal(SIGTERM) == Lines{"pass on SIGTERM to 1"});
    CHECK(d.gone(1, EndCause::kStopAsked) == Lines{"gone", "read"});
    CHECK(d.signal(SIGTERM).front() == "asked"); // no child runs
}

TEST_CASE("leader: a stop that is asked for while the child drains for another cause is sent too") {
    Driver d;
    d.lead();
    d.pass(12s);
    d.tick();
    REQUIRE(d.election().state() == State::kStopping);
    const Lines lines = d.signal(SIGTERM);
    CHECK(lines.front() == "asked");
    CHECK(lines.back() == "pass on SIGUSR1 to 1");
}

TEST_CASE("leader: a signal that would end a program is told of on standby, once") {
    Driver d;
    d.tick();
    d.read(foreign());
    CHECK(d.signal(SIGALRM) == Lines{"unused"});
    CHECK(d.signal(SIGALRM).empty());
    CHECK(d.signal(SIGWINCH).empty());
    CHECK(d.step(SignalCame{.number = SIGHUP, .was_ignored = true}).empty()); // nohup
    CHECK(d.signal(SIGHUP).front() == "asked");
    CHECK(d.ends().ending == Ending::kStopped);
}

TEST_CASE("leader: a run is settled once, when nothing is left to release") {
    Driver d;
    d.lead();
    d.signal(SIGTERM);
    CHECK(d.gone(1, EndCause::kStopAsked) == Lines{"gone", "read"});
    CHECK(d.read(d.stored()) == Lines{"write release"});
    CHECK(d.written() == Lines{"report", "settle 1", "ends"});
    CHECK(d.ends().ending == Ending::kStopped);
    CHECK(d.ends().stop_signal == SIGUSR1);
    REQUIRE(d.ends().child);
    CHECK(d.ends().child->gone.cause == EndCause::kStopAsked);
}

TEST_CASE("leader: on standby again the last child is not spoken of, and its run is settled") {
    LeaderConfig config = usual_config();
    config.election.standby_after_work_ended = true;
    Driver d(config);
    d.lead();
    d.gone(1, EndCause::kByItself, exited(3));
    const Lines lines = d.release();
    CHECK(std::count(lines.begin(), lines.end(), "settle 1") == 1);
    REQUIRE(d.election().state() == State::kStandby);
    d.signal(SIGTERM);
    CHECK_FALSE(d.ends().child);
}

TEST_CASE("leader: a child that a signal was passed on to has been told to end") {
    LeaderConfig config = usual_config();
    config.election.standby_after_work_ended = true;
    config.election.stop_grace = 20s;
    Driver d(config);
    d.lead();
    SECTION("and is not started again") {
        d.signal(SIGQUIT);
        d.gone(1, EndCause::kByItself, exited(0));
        CHECK(d.release().back() == "ends");
    }
    SECTION("but not by one that ends no program") {
        d.signal(SIGWINCH);
        d.gone(1, EndCause::kByItself, exited(0));
        d.release();
        CHECK(d.election().state() == State::kStandby);
    }
    SECTION("but not long ago") {
        d.signal(SIGQUIT);
        for (int i = 0; i < 15; ++i) {
            d.pass(2s);
            d.tick();
            d.written();
        }
        d.gone(1, EndCause::kByItself, exited(0));
        d.release();
        CHECK(d.election().state() == State::kStandby);
    }
}

TEST_CASE("leader: who leaves processes behind unasked is told apart") {
    Driver d;
    d.lead();
    SECTION("it exited with 0 by itself") {
        CHECK(d.guard(Ended{1, exited(0)}) == Lines{"left, unasked"});
    }
    SECTION("it failed") { CHECK(d.guard(Ended{1, exited(1)}) == Lines{"left"}); }
    SECTION("it was asked to stop") {
        d.signal(SIGTERM);
        CHECK(d.guard(Ended{1, exited(0)}) == Lines{"left"});
    }
    SECTION("it got a signal that may have asked it") {
        d.signal(SIGQUIT);
        CHECK(d.guard(Ended{1, exited(0)}) == Lines{"left"});
    }
}

TEST_CASE("leader: without its guard it extends nothing, and ends when the tree is swept") {
    Driver d;
    d.lead();
    const Lines lines = d.step(GuardLost{"it died"});
    CHECK(lines.front() == "lost");
    for (const std::string& line : lines) {
        CHECK(line.rfind("stop", 0) != 0); // nobody is there to be told
    }
    d.pass(2s);
    CHECK(d.tick() == Lines{"write"});
    CHECK(d.written().empty());
    CHECK(d.signal(SIGTERM).front() == "asked");
    CHECK(d.step(TreeSwept{3}) == Lines{"swept", "read"});
    CHECK(d.release().back() == "ends");
    CHECK(d.ends().ending == Ending::kGuardLost);
}

TEST_CASE("leader: a slow machine kills a tree more slowly than the guard reckons") {
    const auto kill_after = [](Duration kappa) {
        LeaderConfig config = usual_config();
        config.election.timing.kappa = kappa;
        Driver d(config);
        d.lead();
        CHECK(d.guard(TreeSize{1, 1000, 2'000'000'000}).front() == "measured");
        d.pass(2s);
        d.tick();
        d.written();
        return d.kill_after();
    };
    const Duration least = Timing::kLeastMargin;
    const Duration earlier = kill_after(least) - kill_after(2 * least);
    CHECK(earlier > 1900ms); // 4 s beside 2 s
    CHECK(earlier < 2100ms);
}

TEST_CASE("leader: margins that have grown are told, with a longer lease only where it helps") {
    LeaderConfig config = usual_config();
    const bool is_long = GENERATE(false, true);
    config.election.timing.lease_duration = is_long ? 60s : 15s;
    Driver d(config);
    d.lead();
    d.guard(Late{3'000'000'000});
    d.guard(Late{3'000'000'000});
    const auto& grown = std::get<told::MarginGrown>(d.last_report());
    const bool names_one = grown.cause.find("--lease-duration") != std::string::npos;
    CHECK(names_one != is_long);
}

TEST_CASE("leader: no event hides a deadline") {
    Driver d;
    d.lead();
    d.pass(12s);
    CHECK_FALSE(d.guard(Started{1, 100}).empty());
    CHECK(d.election().state() == State::kStopping);
}

TEST_CASE("leader: in a dead process's place it only releases") {
    Driver d(LeftBehind{WallTime{1}, TimePoint::far_future()});
    CHECK(d.tick() == Lines{"read"});
    StoredLease left = foreign();
    left.record.holder = {"me"};
    CHECK(d.read(left) == Lines{"write release"});
    CHECK(d.written() == Lines{"report", "ends"});
}

} // namespace le_run::leader

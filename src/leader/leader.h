// One replica. The Leader joins the election, the guard's run of the child, the signals that le-run
// gets, and the guard's measurements. Events and the time go in; effects come out.
//
// One thread. The owner calls step() for each event and at next_wakeup(), then carries out
// take_effects() in order, before the next step. It decides nothing itself. There are three owners:
// le-run, the process that releases in a dead le-run's place, and the simulation.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "election/election.h"
#include "leader/effects.h"
#include "leader/events.h"

namespace le_run::leader {

struct LeaderConfig {
    election::ElectionConfig election;
    int stop_signal = 0; // asks the child to stop
};

class Leader {
public:
    Leader(LeaderConfig config, TimePoint now);
    // Only releases the lease that a dead le-run left; there is no guard and no child.
    Leader(LeaderConfig config, const election::LeftBehind& left, TimePoint now);

    void step(TimePoint now, WallTime wall, const Event& event);
    std::vector<Effect> take_effects();
    // How long from `now` until a Tick is due; nothing when done.
    std::optional<Duration> next_wakeup(TimePoint now) const { return election_.next_wakeup(now); }

    const election::Election& election() const { return election_; }

private:
    enum class Run { kNone, kUnderWay, kWithoutGuard };
    struct Told { // a signal was passed on to the child, and such a signal usually ends a program
        int signal;
        TimePoint at;
    };

    void tell(const election::Fact& fact);
    void settle();
    void watch();
    bool is_current(guard::RunNumber run) const {
        return run_state_ == Run::kUnderWay && run == run_;
    }

    void on(const election::Tick& event) { tell(event); }
    void on(const election::ReadAnswered& event);
    void on(const election::WriteAnswered& event);
    void on(const election::Watched& event);
    void on(const guard::FromGuard& event);
    void on(const GuardLost& event);
    void on(const TreeSwept& event);
    void on(const SignalCame& event);

    void said(const guard::Started& message);
    void said(const guard::Failed& message);
    void said(const guard::Ended& message);
    void said(const guard::Gone& message);
    void said(const guard::Late& message);
    void said(const guard::TreeSize& message);
    void said(const guard::Pong&) {}
    election::WorkEnd work_end(const guard::Gone& gone) const;
    bool was_told_to_end(const guard::Gone& gone) const;
    void stop_asked(const SignalCame& signal);

    void act(const election::ReadLease& action) { effects_.emplace_back(action); }
    void act(const election::WriteLease& action) { effects_.emplace_back(action); }
    void act(const election::StartWork& action);
    void act(const election::ExtendWork& action);
    void act(const election::StopWork& action);
    void act(const election::Report& action);
    void act(const election::Finish& action);

    LeaderConfig config_;
    election::Election election_;
    TimePoint now_;
    WallTime wall_{};
    bool has_told_ = false; // the election got a fact in this step
    bool is_watching_ = false;
    bool has_guard_ = true;
    Run run_state_ = Run::kNone;
    guard::RunNumber run_ = 0;              // the newest run
    guard::RunNumber settled_run_ = 0;      // the newest run for which SettleRun was sent
    std::optional<guard::Failed> failed_{}; // of the current run
    std::optional<Told> told_{};            // of the current run
    std::optional<ChildEnd> child_{};       // how the child of this leadership ended
    int requested_signal_ = 0; // what a requested stop sends to the child; 0: no stop requested
    std::set<int> unused_signals_{}; // already reported as SignalUnused
    std::vector<Effect> effects_{};
};

} // namespace le_run::leader

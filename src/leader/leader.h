// One replica: joins the election with the guard's run of the child, with the signals that le-run
// gets, and with what the guard measures. Events and the time go in, effects come out.
//
// One thread. Whoever owns it calls step() for each event and at next_wakeup(), then carries out
// take_effects() in order before the next step, and translates nothing: le-run itself, the process
// that releases in a dead le-run's place, and the simulation drive this same object.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "election/election.h"
#include "leader/effects.h"
#include "leader/events.h"

namespace le_run::leader {

struct LeaderConfig {
    ElectionConfig election;
    int stop_signal = 0; // what asks the child to stop
};

class Leader {
public:
    Leader(LeaderConfig config, TimePoint now);
    // Only releases what was left behind; no guard is there, and no work.
    Leader(LeaderConfig config, const LeftBehind& left, TimePoint now);

    void step(TimePoint now, WallTime wall, const Event& event);
    std::vector<Effect> take_effects();
    // How long from `now` until a Tick is due; nothing when done.
    std::optional<Duration> next_wakeup(TimePoint now) const { return election_.next_wakeup(now); }

    const Election& election() const { return election_; }

private:
    enum class Run { kNone, kUnderWay, kWithoutGuard };
    struct Told { // to end, by a signal that was passed on
        int signal;
        TimePoint at;
    };

    void tell(const Fact& fact);
    void settle();
    void watch();
    bool is_current(RunNumber run) const { return run_state_ == Run::kUnderWay && run == run_; }

    void on(const Tick& event) { tell(event); }
    void on(const ReadAnswered& event);
    void on(const WriteAnswered& event);
    void on(const Watched& event);
    void on(const FromGuard& event);
    void on(const GuardLost& event);
    void on(const TreeSwept& event);
    void on(const SignalCame& event);

    void said(const Started& message);
    void said(const Failed& message);
    void said(const Ended& message);
    void said(const Gone& message);
    void said(const Late& message);
    void said(const TreeSize& message);
    void said(const Pong&) {}
    WorkEnd work_end(const Gone& gone) const;
    bool was_told_to_end(const Gone& gone) const;
    void stop_asked(const SignalCame& signal);

    void act(const ReadLease& action) { effects_.emplace_back(action); }
    void act(const WriteLease& action) { effects_.emplace_back(action); }
    void act(const StartWork& action);
    void act(const ExtendWork& action);
    void act(const StopWork& action);
    void act(const Report& action);
    void act(const Finish& action);

    LeaderConfig config_;
    Election election_;
    TimePoint now_;
    WallTime wall_{};
    bool has_told_ = false; // the election, in this step
    bool is_watching_ = false;
    bool has_guard_ = true;
    Run run_state_ = Run::kNone;
    RunNumber run_ = 0;               // the last one
    RunNumber settled_run_ = 0;       // the last one of which the guard was told so
    std::optional<Failed> failed_{};  // of the run under way
    std::optional<Told> told_{};      // of the run under way
    std::optional<ChildEnd> child_{}; // how the child of this leadership ended
    int requested_signal_ = 0; // what a requested stop sends to the child; 0: none was asked for
    std::set<int> unused_signals_{}; // that people were told of
    std::vector<Effect> effects_{};
};

} // namespace le_run::leader

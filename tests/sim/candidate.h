// One simulated replica: le-run (the real Leader), its guard (the real ChildMachine) and the
// child's tree. le-run's side is in candidate.cc, its watch in candidate_watch.cc, the guard's and
// the tree's in candidate_guard.cc, how the two processes find out that the other one hangs in
// candidate_pings.cc, pauses of the host in candidate_host.cc.
//
// Beside what the referee sees, each step is held against what the headers of the two machines
// promise: deadlines before news, a stop that nothing cancels, a release of a record that was read
// after Gone, nothing armed at the end.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guard/child_machine.h"
#include "guard/hang_watch.h"
#include "guard/lateness_meter.h"
#include "leader/guard_watch.h"
#include "leader/leader.h"
#include "sim/releaser.h"
#include "sim/surroundings.h"

namespace le_run::sim {

class Candidate {
public:
    Candidate(Surroundings& around, std::size_t number, election::ElectionConfig config);

    void start(); // a new process
    void ask_to_stop();
    void pause(Duration length);  // le-run alone
    void stall_guard();           // the guard alone, for as long as lambda allows
    void hang_guard();            // the guard alone, until le-run continues it or ends it
    void freeze(Duration length); // le-run, guard and work
    void crash();
    void kill_guard();
    void cut_off(Duration length);
    void form_habit(Duration length);          // of freezing
    void hang_request() { line_.hang_next(); } // the next one, for good
    // Whether its lease must survive that strain of the store.
    bool bears(const Strain& strain) const;
    // From now on its watch tells the truth, or, where it never did, nothing; a blind one stays
    // blind until it is found out.
    void calm_watch();
    LocalClocks& clocks() { return clocks_; }
    // When it will be neither paused nor frozen nor cut off.
    Duration disturbed_until() const;

    bool is_up() const { return leader_ != nullptr; }
    bool has_guard() const { return guard_ != nullptr; }
    bool works() const { return work_ != Work::kNone; }
    const election::Timing& timing() const { return config_.timing; }
    // A standby that acquires as soon as the lease is free; `patience`: how long after the last
    // change of the store, or after what it has announced, it has acquired at the latest, unless
    // another has.
    bool is_ready() const;
    Duration stays_behind_until() const;
    Duration patience(Duration promise) const;
    std::uint64_t life() const { return life_; }

private:
    // kHonest: told of each change in order, and when something was missed. kWild: events lost,
    // doubled and late, and breaks that mean nothing; never older than what it was told or has
    // read.
    enum class Watch { kNone, kHonest, kWild };
    enum class Work { kNone, kSpawning, kRunning, kChildEnded, kAfterGuard };

    Duration latest_wake_up() const; // lambda
    Duration guard_lateness();
    Duration sweep_time();
    std::string name() const { return "c" + std::to_string(number_); }
    void demand(bool holds, const char* rule);

    // --- le-run ---
    const election::Election& election() const { return leader_->election(); }
    void step(const leader::Event& event, const Sight& sight);
    void check_step(const leader::Event& event, election::Election::State before);
    void check_read(const election::ReadAnswered& read, const Sight& sight,
                    election::Election::State before);
    void check_renew_time(const election::LeaseRecord& record);
    void check_wake_up(Duration wait);
    void saw(const Sight& sight);
    election::ReadOutcome as_it_reads(election::ReadOutcome outcome) const;
    void arm();
    void deliver(std::uint64_t life, const leader::Event& event, const Sight& sight = {});
    void hear_when_awake();
    void act(const election::ReadLease& read);
    void act(const election::WriteLease& write);
    void act(const leader::WatchLease&) { begin_watch(); }
    void act(const leader::StartRun& start);
    void act(const leader::ExtendRun& extend);
    void act(const leader::StopRun& stop);
    void act(const leader::PassOn& pass);
    void act(const leader::SettleRun& settle);
    void act(const leader::Observed& observed);
    void act(const leader::Ends& ends);
    void observe(const election::Report& report);
    void check_nothing_left() const;
    void end_process();

    // --- the watch ---
    void begin_watch();
    void store_changed();
    void tell_wildly();
    void watched(Duration delay, const election::WatchNews& news, const Sight& sight = {});
    void miss_events();
    void go_blind();
    void may_find_blind(const leader::Event& event, const Sight& sight);
    void see_again();

    // --- the guard ---
    void tell_guard(const guard::ChildFact& fact);
    void hear(std::uint64_t guard, const guard::ChildFact& fact);
    void guard_step(const guard::ChildFact& fact);
    void check_guard_step(guard::ChildMachine::State before, bool was_due);
    void guard_acts(const guard::child_action::Spawn&);
    void guard_acts(const guard::child_action::SignalChild& action);
    void guard_acts(const guard::child_action::SignalOthers& action);
    void guard_acts(const guard::child_action::Tell& action);
    void guard_acts(const guard::child_action::Release& action);
    void guard_acts(const guard::child_action::Leave&);
    void end_releaser();
    void leave();
    void arm_guard();
    void guard_wakes();
    void new_guard();
    void lose_guard();

    // --- does the other one hang? ---
    void ping();
    void arm_ping();
    void hear_ping(std::uint64_t guard, std::uint64_t number);
    void guard_goes_on();
    void guard_looks_at_le_run();

    // --- the host ---
    bool stand_still(Duration length);
    void guard_measures(Duration pause);
    void fail_at_the_worst_moment();
    bool has_room() const;
    Duration lambda_of(Duration remembered) const;
    Duration lawful_lambda() const;
    Duration longest_lawful_pause() const;
    void note_measured(const leader::Event& event);

    // --- the tree ---
    void grow_tree();
    template <class Event>
    void in_tree(Duration delay, Event event);
    void sweep();
    void exec();
    void child_ends(int wait_status, bool leaves_others);
    void tree_gone();
    void no_work();

    Surroundings& around_;
    Simulator& sim_;
    Referee& referee_;
    const std::size_t number_;
    election::ElectionConfig config_;
    const bool trusts_instants_; // of records: the store and this process share the host's clocks
    LocalClocks clocks_;
    Line line_;

    const Watch watch_;
    bool is_watching_ = false;
    bool misses_events_ = false;               // since its line was cut
    std::optional<std::uint64_t> blind_since_; // the revision after which it tells nothing
    bool is_blindness_known_ = false;
    Duration stream_busy_until_{};
    struct PastEvent {
        std::uint64_t revision = 0;
        election::WatchNews news;
        Sight sight;
    };
    std::deque<PastEvent> past_;      // what a wild watch may tell
    std::uint64_t told_revision_ = 0; // or read

    std::unique_ptr<leader::Leader> leader_;
    std::uint64_t life_ = 0; // of the le-run process; what an earlier one started is void
    Timer wakeup_;
    struct Unheard {
        std::uint64_t life;
        leader::Event event;
        Sight sight;
    };
    std::deque<Unheard> unheard_events_; // while it pauses
    Duration paused_until_{}, frozen_since_{}, frozen_until_{};
    Duration excused_until_{}; // by pauses that are nobody's habit
    struct Lateness {
        Duration told, by;
    };
    std::vector<Lateness> lates_;                 // that the election was told of
    Duration sent_at_{};                          // the first write of the last one's second
    std::map<election::Attempt, Duration> sends_; // the same of each write
    Duration anchored_at_{};                      // the last write that is known to have landed
    Duration struck_at_{};                        // by the last pause that the law allows
    std::uint64_t steps_ = 0;
    int writes_ = 0; // that were sent under strain
    bool has_given_up_release_ = false;
    Duration holds_back_until_{}, contends_at_{}; // as announced
    bool is_asked_to_stop_ = false;
    bool was_asked_on_standby_ = false;
    bool has_read_since_gone_ = true;
    bool has_measured_margin_ = false;
    bool steps_down_ = false;     // because of its margins
    guard::LatenessMeter meter_;  // its guard's
    election::LeaseRecord shown_; // the first write with the present second of renewTime
    Duration shown_since_{};
    TimePoint told_term_at_ = TimePoint::far_future(); // what the guard was told last
    TimePoint told_kill_at_ = TimePoint::far_future();
    guard::RunNumber run_ = 0;
    bool is_run_under_way_ = false; // as le-run knows: started, and Gone not told
    bool is_settled_ = true;        // its lease, and the guard was told so
    Leadership leadership_ = 0;     // that the run is for

    std::unique_ptr<guard::ChildMachine> guard_;
    std::uint64_t guard_number_ = 0; // of the guard process
    Timer guard_timer_;
    leader::GuardWatch guard_watch_; // le-run's
    Timer ping_timer_;
    guard::HangWatch hang_watch_; // the guard's
    Duration guard_due_{};        // when its next deadline passes
    Duration stalled_until_{};
    bool is_hung_ = false;
    bool is_only_stopped_ = false;                // SIGCONT helps
    std::optional<std::uint64_t> unheard_ping_{}; // by a hung guard
    std::deque<guard::ChildFact> unheard_;        // by a hung guard
    Duration channel_busy_until_{};               // to the guard
    Duration guard_words_until_{};                // from it: told in order
    TimePoint spawn_until_{};                     // what the child itself looks at before its exec

    Process dead_; // the last le-run process that ended
    std::unique_ptr<Releaser> releaser_;
    std::uint64_t releaser_number_ = 0;

    Work work_ = Work::kNone;
    std::uint64_t work_number_ = 0;
    bool was_too_late_ = false;  // its exec
    bool has_run_ = false;       // it was exec'ed: the referee knows of it
    std::uint64_t sweep_of_ = 0; // the work that is being killed
    Duration swept_at_{};
    bool drains_ = false;
    Duration tree_needs_{}; // to die, where that is more than kappa
};

} // namespace le_run::sim

// Decides about one run of the child. Pure: facts and instants go in, actions come out. It makes no
// system call, reads no clock, allocates nothing and never throws. GuardLoop carries out the
// actions.
//
//   in                          comes                           goes to
//   kIdle                       Start                           kSpawning
//   kSpawning                   exec'ed                         kRunning
//   kSpawning                   a stop, TERM_AT, le-run died    kStopSpawning
//   kSpawning, kStopSpawning    the exec failed, or was late    kStopping
//   kStopSpawning               exec'ed                         kStopping, and the signal once more
//   kRunning                    a stop, TERM_AT, le-run died    kStopping
//   any of these but kIdle      the child ended                 kDraining: what it left behind
//   any but kIdle               KILL_AT                         kKilling
//   any but kIdle               TreeGone                        kIdle, and Gone is told
//
// Deadlines are checked before the fact is used: an extension that comes after the deadline has no
// effect. The strictest clock decides (has_passed_for_holder). le-run's death counts as a deadline
// that passes now.
//
// le-run settles the lease of a run. If le-run dies before it sends Settled, the guard releases the
// lease in its place, after both facts: le-run is dead, and the tree is gone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time_point.h"
#include "guard/channel.h"
#include "guard/child_facts.h"

namespace le_run::guard {

class ChildMachine {
public:
    enum class State { kIdle, kSpawning, kRunning, kStopSpawning, kStopping, kDraining, kKilling };

    // After the child's end, the rest of the tree gets at most this time before SIGKILL.
    static constexpr Duration kDrainAtMost = std::chrono::seconds(5);

    // `stop_signal`: asks the child to stop, unless a Stop message names another signal.
    explicit ChildMachine(int stop_signal) : stop_signal_(stop_signal) {}

    // `now` must not be before that of the last step.
    void step(TimePoint now, const ChildFact& fact);
    // The next action, in order; nothing when there is none. Take all before the next step.
    std::optional<ChildAction> take_action();

    // In kKilling, the guard loop sends SIGKILL to the whole tree, in rounds, until TreeGone.
    State state() const { return state_; }
    // Whether the current run is being ended because no extension came.
    bool has_deadline_passed() const {
        return state_ != State::kIdle && cause_ == EndCause::kDeadline;
    }
    // When SIGKILL to the whole tree begins, unless a later fact changes it.
    TimePoint kill_deadline() const;
    // When the next deadline passes, so step again then; far_future(): there is no deadline.
    TimePoint next_deadline() const;

private:
    enum class LeRun { kAlive, kDead };

    void on(TimePoint now, const child_fact::Tick& fact);
    void on(TimePoint now, const child_fact::StartAsked& fact);
    void on(TimePoint now, const Until& fact);
    void on(TimePoint now, const Stop& fact);
    void on(TimePoint now, const Signal& fact);
    void on(TimePoint now, const Settled& fact);
    void on(TimePoint now, const child_fact::Executed& fact);
    void on(TimePoint now, const child_fact::ExecFailed& fact);
    void on(TimePoint now, const child_fact::TooLate& fact);
    void on(TimePoint now, const child_fact::ChildEnded& fact);
    void on(TimePoint now, const child_fact::OtherEnded& fact);
    void on(TimePoint now, const child_fact::TreeGone& fact);
    void on(TimePoint now, const child_fact::LeRunDied& fact);

    void check_deadlines(TimePoint now);
    void enter_stopping(EndCause cause, int signal);
    void enter_killing();
    void leave();
    bool is_of_this_run(RunNumber run) const { return state_ != State::kIdle && run == gone_.run; }
    bool is_before_stop() const { return state_ == State::kSpawning || state_ == State::kRunning; }
    void note_cause(EndCause cause);
    void send_stop_signal(int signal);
    void ask_others(int signal);
    void add(ChildAction action);

    const int stop_signal_;
    State state_ = State::kIdle;
    LeRun le_run_ = LeRun::kAlive;
    TimePoint last_now_{};

    TimePoint term_at_{};
    TimePoint kill_at_{};                              // from the lease
    TimePoint stop_kill_at_ = TimePoint::far_future(); // from Stop messages
    TimePoint drain_until_ = TimePoint::far_future();
    std::optional<WallTime> unsettled_; // acquire_time of the lease, until le-run settles it
    std::optional<EndCause> cause_;
    Gone gone_{}; // the Gone message of this run, filled step by step

    std::array<ChildAction, 16> actions_{};
    std::size_t first_action_ = 0;
    std::size_t end_action_ = 0;
};

} // namespace le_run::guard

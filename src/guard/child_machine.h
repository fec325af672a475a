// One run of the child, decided purely: facts and instants in, actions out. It makes no system
// call, reads no clock, allocates nothing and never throws; the guard loop feeds it and acts for
// it.
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
// Deadlines are examined before the fact is believed: an extension that comes after the deadline
// extends nothing. The strictest clock decides (has_passed_for_holder). le-run's death is a
// deadline that passes now.
//
// The lease of a run is le-run's to settle. Where le-run died before it said Settled, the lease is
// released in its place once the tree is gone: both must be facts, whichever comes last.
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

    // What is left of the tree when the child has ended gets at most this long.
    static constexpr Duration kDrainAtMost = std::chrono::seconds(5);

    // `stop_signal`: what asks the child to stop when no Stop said another.
    explicit ChildMachine(int stop_signal) : stop_signal_(stop_signal) {}

    // `now` is never before the one of the step before.
    void step(TimePoint now, const ChildFact& fact);
    // The next thing to do, in order; nothing when all is done. Take all before the next step.
    std::optional<ChildAction> take_action();

    // In kKilling: SIGKILL rounds over the whole tree until TreeGone.
    State state() const { return state_; }
    // Whether the run under way is ended because no extension came.
    bool has_deadline_passed() const {
        return state_ != State::kIdle && cause_ == EndCause::kDeadline;
    }
    // When SIGKILL to the whole tree begins, as far as is known now.
    TimePoint kill_deadline() const;
    // When to step again at the latest, whatever happens; far_future() when no deadline is near.
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
    TimePoint kill_at_{};                              // what the lease allows
    TimePoint stop_kill_at_ = TimePoint::far_future(); // what Stops allow
    TimePoint drain_until_ = TimePoint::far_future();
    std::optional<std::int64_t> unsettled_; // acquire_time of a lease that le-run has not settled
    std::optional<EndCause> cause_;
    Gone gone_{}; // of this run, filled as it happens

    std::array<ChildAction, 16> actions_{};
    std::size_t first_action_ = 0;
    std::size_t end_action_ = 0;
};

} // namespace le_run::guard

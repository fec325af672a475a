// One run of the child, decided purely: facts and instants in, actions out. It makes no system
// call, reads no clock, allocates nothing and never throws; the guard loop feeds it and acts for
// it.
//
//   kIdle --Start--> kSpawning --exec'ed--> kRunning --ended--------------------.
//                        | stop, deadline      | stop, deadline                 v
//                        v                     v                            kDraining --TreeGone-->
//                        kIdle (Gone told)
//                    kStopSpawning -exec'ed-> kStopping --ended---------------^ | ^
//                        `---------------------`-- kill_at has passed -----------`--> kKilling
//                        --------'
//
// Deadlines are examined before the fact is believed: an extension that comes after the deadline
// extends nothing. The strictest clock decides (has_passed_for_holder). le-run's death is a
// deadline that passes now.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "guard/channel.h"
#include "time_point.h"

namespace le_run {

namespace child_fact {
struct Tick {};
struct StartAsked { // of Start, what the machine needs
    RunNumber run = 0;
    TimePoint term_at;
    TimePoint kill_at;
};
struct Executed { // the child has been exec'ed
    std::int32_t pid = 0;
};
struct ExecFailed { // (stage, errno); the child, if there is one, is about to end
    std::int32_t stage = 0;
    std::int32_t error = 0;
};
struct TooLate {}; // the child found term_at passed just before its exec, and is about to end
struct ChildEnded {
    std::int32_t wait_status = 0;
    enum class Others {
        kNone,
        kLeft
    } others = Others::kNone; // whether others of the tree are alive
};
struct OtherEnded { // another process of the tree was reaped
    std::int32_t wait_status = 0;
};
struct TreeGone {}; // waitid said ECHILD
struct LeRunDied {};
} // namespace child_fact

using ChildFact = std::variant<child_fact::Tick, child_fact::StartAsked, Until, Stop, Signal,
                               child_fact::Executed, child_fact::ExecFailed, child_fact::TooLate,
                               child_fact::ChildEnded, child_fact::OtherEnded, child_fact::TreeGone,
                               child_fact::LeRunDied>;

namespace child_action {
struct Spawn {};     // fork and exec the child of the Start just given
struct SignalChild { // to the child alone
    std::int32_t number = 0;
};
struct SignalOthers { // to all that is left of the tree, with SIGCONT
    std::int32_t number = 0;
};
struct Tell {
    FromGuard message;
};
struct Leave {}; // le-run is dead and no tree is left: the guard ends
} // namespace child_action

using ChildAction =
    std::variant<child_action::Spawn, child_action::SignalChild, child_action::SignalOthers,
                 child_action::Tell, child_action::Leave>;

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
    // When to step again at the latest, whatever happens; far_future() when no deadline is near.
    TimePoint next_deadline() const;

private:
    enum class LeRun { kAlive, kDead };

    void on(TimePoint now, const child_fact::Tick& fact);
    void on(TimePoint now, const child_fact::StartAsked& fact);
    void on(TimePoint now, const Until& fact);
    void on(TimePoint now, const Stop& fact);
    void on(TimePoint now, const Signal& fact);
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
    bool is_of_this_run(RunNumber run) const { return state_ != State::kIdle && run == gone_.run; }
    bool is_before_stop() const { return state_ == State::kSpawning || state_ == State::kRunning; }
    void note_cause(EndCause cause);
    void send_stop_signal(int signal);
    void add(ChildAction action);
    TimePoint kill_deadline() const;

    const int stop_signal_;
    State state_ = State::kIdle;
    LeRun le_run_ = LeRun::kAlive;
    TimePoint last_now_{};

    TimePoint term_at_{};
    TimePoint kill_at_{};                              // what the lease allows
    TimePoint stop_kill_at_ = TimePoint::far_future(); // what Stops allow
    TimePoint drain_until_ = TimePoint::far_future();
    std::optional<EndCause> cause_;
    Gone gone_{}; // of this run, filled as it happens

    std::array<ChildAction, 16> actions_{};
    std::size_t first_action_ = 0;
    std::size_t end_action_ = 0;
};

} // namespace le_run

#include "guard/child_machine.h"

#include <csignal>

#include <sys/wait.h>

#include "base/check.h"

namespace le_run::guard {

using namespace child_fact;
using child_action::Leave;
using child_action::Release;
using child_action::SignalChild;
using child_action::SignalOthers;
using child_action::Spawn;
using child_action::Tell;

void ChildMachine::step(TimePoint now, const ChildFact& fact) {
    LE_CHECK(is_not_before(now, last_now_));
    LE_CHECK(first_action_ == end_action_);
    last_now_ = now;
    first_action_ = end_action_ = 0;
    check_deadlines(now); // first: after a pause of the guard, the deadline counts
    std::visit([&](const auto& f) { on(now, f); }, fact);
    check_deadlines(now); // again: the message may carry an instant that has passed
}

std::optional<ChildAction> ChildMachine::take_action() {
    if (first_action_ == end_action_) {
        return std::nullopt;
    }
    return actions_[first_action_++];
}

TimePoint ChildMachine::next_deadline() const {
    switch (state_) {
    case State::kIdle:
    case State::kKilling:
        return TimePoint::far_future();
    case State::kSpawning:
    case State::kRunning:
        return earlier(term_at_, kill_deadline());
    case State::kStopSpawning:
    case State::kStopping:
    case State::kDraining:
        return kill_deadline();
    }
    LE_CHECK(false);
}

TimePoint ChildMachine::kill_deadline() const {
    const TimePoint stop = earlier(kill_at_, stop_kill_at_);
    return state_ == State::kDraining ? earlier(stop, drain_until_) : stop;
}

void ChildMachine::check_deadlines(TimePoint now) {
    if (state_ == State::kIdle || state_ == State::kKilling) {
        return;
    }
    if (has_passed_for_holder(now, kill_deadline())) {
        note_cause(EndCause::kDeadline);
        enter_killing();
    } else if (is_before_stop() && has_passed_for_holder(now, term_at_)) {
        enter_stopping(EndCause::kDeadline, stop_signal_);
    }
}

void ChildMachine::enter_stopping(EndCause cause, int signal) {
    note_cause(cause);
    state_ = state_ == State::kSpawning ? State::kStopSpawning : State::kStopping;
    send_stop_signal(signal);
}

void ChildMachine::enter_killing() { state_ = State::kKilling; }

void ChildMachine::leave() {
    if (unsettled_) {
        add(Release{*unsettled_, kill_at_});
    }
    add(Leave{});
}

void ChildMachine::note_cause(EndCause cause) {
    if (!cause_) {
        cause_ = cause;
    }
}

void ChildMachine::send_stop_signal(int signal) {
    if (signal == 0) {
        return;
    }
    gone_.signal_sent = signal;
    add(SignalChild{signal});
    add(SignalChild{SIGCONT});
}

// SIGTERM follows any other signal: background jobs of a shell ignore SIGINT and SIGQUIT, and a
// server's special stop signal means nothing to its helpers.
void ChildMachine::ask_others(int signal) {
    add(SignalOthers{signal});
    if (signal != SIGTERM) {
        add(SignalOthers{SIGTERM});
    }
}

void ChildMachine::add(ChildAction action) {
    LE_CHECK(end_action_ < actions_.size());
    actions_[end_action_++] = action;
}

void ChildMachine::on(TimePoint, const Tick&) {}

void ChildMachine::on(TimePoint now, const StartAsked& fact) {
    // A second Start would be a bug in le-run. The guard ignores it, because without the guard the
    // first child would run on.
    if (state_ != State::kIdle || le_run_ == LeRun::kDead) {
        return;
    }
    gone_ = Gone{};
    gone_.run = fact.run;
    unsettled_ = fact.acquire_time;
    kill_at_ = fact.kill_at;
    if (has_passed_for_holder(now, earlier(fact.term_at, fact.kill_at))) {
        gone_.cause = EndCause::kDeadline;
        add(Tell{gone_});
        return;
    }
    cause_.reset();
    term_at_ = fact.term_at;
    stop_kill_at_ = TimePoint::far_future();
    drain_until_ = TimePoint::far_future();
    state_ = State::kSpawning;
    add(Spawn{});
}

void ChildMachine::on(TimePoint, const Until& fact) {
    if (!is_of_this_run(fact.run)) {
        return;
    }
    term_at_ = fact.term_at;
    kill_at_ = fact.kill_at;
}

void ChildMachine::on(TimePoint now, const Stop& fact) {
    if (!is_of_this_run(fact.run)) {
        return;
    }
    switch (state_) {
    case State::kIdle:
    case State::kKilling:
        return;
    case State::kSpawning:
    case State::kRunning:
    case State::kStopSpawning:
    case State::kStopping: {
        stop_kill_at_ = earlier(stop_kill_at_, fact.kill_at);
        // No stop signal if SIGKILL follows at once: the child would have no time to handle it.
        const int signal = has_passed_for_holder(now, kill_deadline()) ? 0 : fact.signal;
        if (is_before_stop()) {
            enter_stopping(
                state_ == State::kSpawning ? EndCause::kNotStarted : EndCause::kStopAsked, signal);
        } else {
            send_stop_signal(signal);
        }
        return;
    }
    case State::kDraining: // the child has ended, and the other processes got their signal
        stop_kill_at_ = earlier(stop_kill_at_, fact.kill_at);
        return;
    }
}

void ChildMachine::on(TimePoint, const Signal& fact) {
    if (!is_of_this_run(fact.run)) {
        return;
    }
    switch (state_) {
    case State::kStopSpawning:
    case State::kStopping:
        if (fact.number == SIGTERM || fact.number == SIGINT) {
            gone_.signal_sent = fact.number; // a further request to stop; it may end the child
        }
        [[fallthrough]];
    case State::kSpawning:
    case State::kRunning:
        add(SignalChild{fact.number});
        return;
    case State::kIdle:
    case State::kDraining:
    case State::kKilling:
        return;
    }
}

void ChildMachine::on(TimePoint, const Settled& fact) {
    if (state_ == State::kIdle && fact.run == gone_.run) {
        unsettled_.reset();
    }
}

void ChildMachine::on(TimePoint, const Executed& fact) {
    switch (state_) {
    case State::kSpawning:
        state_ = State::kRunning;
        add(Tell{Started{gone_.run, fact.pid}});
        return;
    case State::kStopSpawning:
        // The signal is sent again: before the exec, a signal that is ignored by default was lost.
        // Any other has ended the child by now.
        state_ = State::kStopping;
        if (cause_ == EndCause::kNotStarted) {
            cause_ = EndCause::kStopAsked;
        }
        add(Tell{Started{gone_.run, fact.pid}});
        send_stop_signal(gone_.signal_sent);
        return;
    case State::kIdle:
    case State::kRunning:
    case State::kStopping:
    case State::kDraining:
    case State::kKilling:
        return;
    }
}

void ChildMachine::on(TimePoint, const ExecFailed& fact) {
    switch (state_) {
    case State::kSpawning:
    case State::kStopSpawning:
        note_cause(EndCause::kNotStarted);
        state_ = State::kStopping;
        add(Tell{Failed{gone_.run, fact.stage, fact.error}});
        return;
    case State::kIdle:
    case State::kRunning:
    case State::kStopping:
    case State::kDraining:
    case State::kKilling:
        return;
    }
}

void ChildMachine::on(TimePoint, const TooLate&) {
    switch (state_) {
    case State::kSpawning:
    case State::kStopSpawning:
        note_cause(EndCause::kDeadline);
        state_ = State::kStopping;
        return;
    case State::kIdle:
    case State::kRunning:
    case State::kStopping:
    case State::kDraining:
    case State::kKilling:
        return;
    }
}

void ChildMachine::on(TimePoint now, const ChildEnded& fact) {
    if (state_ == State::kIdle || state_ == State::kDraining) {
        return;
    }
    gone_.wait_status = fact.wait_status;
    if (state_ == State::kKilling) {
        gone_.killed = WIFSIGNALED(fact.wait_status) && WTERMSIG(fact.wait_status) == SIGKILL;
        return;
    }
    note_cause(EndCause::kByItself);
    state_ = State::kDraining;
    drain_until_ = now + kDrainAtMost;
    if (fact.others == ChildEnded::Others::kNone) {
        return; // TreeGone follows
    }
    add(Tell{Ended{gone_.run, fact.wait_status}});
    if (!has_passed_for_holder(now, kill_deadline())) {
        ask_others(gone_.signal_sent != 0 ? gone_.signal_sent : stop_signal_);
    }
}

void ChildMachine::on(TimePoint, const OtherEnded& fact) {
    if (state_ == State::kKilling && WIFSIGNALED(fact.wait_status) &&
        WTERMSIG(fact.wait_status) == SIGKILL) {
        ++gone_.left_behind;
    }
}

void ChildMachine::on(TimePoint, const TreeGone&) {
    if (state_ == State::kIdle) {
        return;
    }
    gone_.cause = cause_.value_or(EndCause::kByItself);
    state_ = State::kIdle;
    add(Tell{gone_});
    if (le_run_ == LeRun::kDead) {
        leave();
    }
}

void ChildMachine::on(TimePoint, const LeRunDied&) {
    if (le_run_ == LeRun::kDead) {
        return;
    }
    le_run_ = LeRun::kDead;
    if (state_ == State::kIdle) {
        leave();
    } else if (is_before_stop()) {
        enter_stopping(EndCause::kLeRunLost, stop_signal_);
    }
}

} // namespace le_run::guard

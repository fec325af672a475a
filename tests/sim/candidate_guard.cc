// The guard's side of a candidate, and the child's tree.
#include <csignal>
#include <utility>

#include "sim/candidate.h"

namespace le_run::sim {

using namespace le_run::guard;
namespace {

using namespace std::chrono_literals;

// As wait(2) encodes them.
constexpr int exited(int code) { return code << 8; }
constexpr int signalled(int number) { return number; }

} // namespace

// Just inside the assumptions: lambda and kappa as configured.
Duration Candidate::latest_wake_up() const { return config_.timing.lambda * 999 / 1000; }

Duration Candidate::guard_lateness() {
    if (around_.is_at_the_bound) {
        return latest_wake_up();
    }
    return around_.is_calm || sim_.chance(0.5) ? Duration(1ms)
                                               : sim_.between(Duration(0), latest_wake_up());
}

// --- the guard process ---

void Candidate::new_guard() {
    ++guard_number_;
    guard_ = std::make_unique<ChildMachine>(SIGTERM);
    hang_watch_ = HangWatch(clocks_.now());
    guard_watch_ = {};
    guard_watch_.set_lambda(config_.timing.lambda);
    arm_ping();
    channel_busy_until_ = stalled_until_ = {};
}

void Candidate::lose_guard() {
    ++guard_number_;
    guard_.reset();
    guard_timer_.clear();
    ping_timer_.clear();
    is_hung_ = false;
    unheard_.clear();
    unheard_ping_.reset();
}

void Candidate::stall_guard() {
    if (guard_) {
        sim_.trace([&] { return name() + "'s guard stalls"; });
        stalled_until_ = sim_.now() + sim_.between(Duration(0), latest_wake_up());
    }
}

void Candidate::kill_guard() {
    if (releaser_) { // it dies with its guard
        sim_.trace([&] { return name() + "'s guard is killed, and its releaser"; });
        end_releaser();
        return;
    }
    if (!is_up() || !guard_ || sim_.now() < std::max(paused_until_, frozen_until_)) {
        return;
    }
    sim_.trace([&] { return name() + "'s guard is killed"; });
    lose_guard();
    const bool is_dying = works() && sweep_of_ == work_number_;
    const std::uint64_t life = life_;
    if (is_run_under_way_) { // le-run sweeps, whether the guard had begun or not
        work_ = Work::kAfterGuard;
        sim_.at(is_dying ? swept_at_ : sim_.now() + sweep_time(), [this, life] {
            no_work();
            deliver(life, leader::TreeSwept{});
        });
    }
    deliver(life, leader::GuardLost{"killed"});
}

// In order, and never lost: a socket pair.
void Candidate::tell_guard(const ChildFact& fact) {
    if (guard_) {
        channel_busy_until_ =
            std::max(sim_.now() + sim_.between(Duration(0), Duration(2ms)), channel_busy_until_);
        sim_.at(channel_busy_until_, [this, guard = guard_number_, fact] { hear(guard, fact); });
    }
}

void Candidate::hear(std::uint64_t guard, const ChildFact& fact) {
    if (guard != guard_number_ || !guard_) {
        return;
    }
    if (is_hung_) {
        unheard_.push_back(fact);
        return;
    }
    const Duration awake = std::max(stalled_until_, frozen_until_);
    if (sim_.now() < awake) {
        channel_busy_until_ = std::max(channel_busy_until_, awake);
        sim_.at(awake, [this, guard, fact] { hear(guard, fact); });
        return;
    }
    if (!std::holds_alternative<child_fact::LeRunDied>(fact)) {
        hang_watch_.heard(clocks_.now());
    }
    if (const auto* start = std::get_if<child_fact::StartAsked>(&fact)) {
        spawn_until_ = earlier(start->term_at, start->kill_at);
    }
    guard_step(fact);
}

void Candidate::guard_step(const ChildFact& fact) {
    const TimePoint now = clocks_.now();
    const ChildMachine::State before = guard_->state();
    const bool was_due = has_passed_for_holder(now, guard_->next_deadline());
    guard_->step(now, fact);
    if (guard_->has_deadline_passed()) {
        hang_watch_.deadline_passed(now);
    }
    check_guard_step(before, was_due);
    while (guard_) {
        const auto action = guard_->take_action();
        if (!action) {
            break;
        }
        std::visit([&](const auto& a) { guard_acts(a); }, *action);
    }
    if (!guard_) {
        return;
    }
    if (guard_->state() == ChildMachine::State::kKilling && sweep_of_ != work_number_) {
        sweep_of_ = work_number_;
        ++around_.killed_trees;
        const Duration takes = sweep_time();
        swept_at_ = sim_.now() + takes;
        in_tree(takes, [this] { sweep(); });
    }
    if (guard_) {
        arm_guard();
    }
}

void Candidate::check_guard_step(ChildMachine::State before, bool was_due) {
    using State = ChildMachine::State;
    const State now = guard_->state();
    const auto lets_run = [](State s) { return s == State::kSpawning || s == State::kRunning; };
    demand(!was_due || !lets_run(now), "has a guard that believed news after its deadline");
    demand(!was_due || lets_run(before) || now == State::kKilling || now == State::kIdle,
           "has a guard that did not kill in time");
    demand(before == State::kIdle || lets_run(before) || !lets_run(now),
           "has a guard that forgot a stop");
}

void Candidate::arm_guard() {
    const TimePoint deadline = guard_->next_deadline();
    if (deadline == TimePoint::far_future()) {
        guard_timer_.clear();
        return;
    }
    const Duration left = std::max(clocks_.real_until(deadline), Duration(0));
    guard_due_ = std::max(sim_.now() + left, frozen_until_);
    guard_timer_.set(guard_due_ + guard_lateness());
}

// However it stalls and is late, lambda bounds both together.
void Candidate::guard_wakes() {
    if (is_hung_) {
        return; // it looks at the clock as soon as it is continued
    }
    const Duration latest = guard_due_ + latest_wake_up();
    if (sim_.now() < std::min(stalled_until_, latest)) {
        guard_timer_.set(std::min(stalled_until_, latest));
        return;
    }
    stalled_until_ = {};
    guard_step(child_fact::Tick{});
}

// --- what the child machine wants ---

void Candidate::guard_acts(const child_action::Spawn&) {
    demand(!has_passed_for_holder(clocks_.now(), spawn_until_),
           "has a guard that starts a child whose time is over");
    hang_watch_.run_begins();
    work_ = Work::kSpawning;
    drains_ = false;
    tree_needs_ = {};
    ++work_number_;
    const bool is_slow = !around_.is_calm && sim_.chance(0.05);
    in_tree(is_slow ? sim_.between(Duration(0), config_.timing.lease_duration)
                    : sim_.between(Duration(0), Duration(5ms)),
            [this] { exec(); });
}

void Candidate::guard_acts(const child_action::SignalChild& action) {
    if (action.number != SIGTERM || drains_) {
        return;
    }
    drains_ = true;
    // Some end at once, some drain for longer than the lease lasts, some until they are killed (or
    // nearly so).
    const Duration lease = config_.timing.lease_duration;
    const Duration drain = around_.is_at_the_bound ? 4 * lease
                           : sim_.chance(0.5)      ? sim_.between(Duration(0), Duration(100ms))
                           : sim_.chance(0.5)      ? sim_.between(Duration(0), 3 * lease)
                                                   : 4 * lease;
    in_tree(drain, [this] {
        if (work_ == Work::kRunning || work_ == Work::kSpawning) {
            child_ends(signalled(SIGTERM), sim_.chance(0.3));
        }
    });
}

void Candidate::guard_acts(const child_action::SignalOthers&) {
    if (sim_.chance(0.5)) { // else they ignore it and will be killed
        in_tree(sim_.between(Duration(0), Duration(6s)), [this] {
            if (work_ == Work::kChildEnded) {
                tree_gone();
            }
        });
    }
}

void Candidate::guard_acts(const child_action::Tell& action) {
    if (const auto* gone = std::get_if<Gone>(&action.message)) {
        demand(gone->run != run_ || !works(), "has a guard that said Gone while the work ran");
        if (gone->cause == EndCause::kDeadline) {
            hang_watch_.run_ended_by_deadline();
        }
    }
    guard_words_until_ =
        std::max(guard_words_until_, sim_.now() + sim_.between(Duration(0), Duration(2ms)));
    sim_.at(guard_words_until_,
            [this, message = action.message, life = life_] { deliver(life, message); });
}

// As guard_loop.cc does: it waits for the release, which has until a second before the lease may
// run out, and ends it a second later.
void Candidate::guard_acts(const child_action::Release& action) {
    demand(!is_up(), "has a guard that releases the lease of a le-run that lives");
    demand(!works() && guard_->state() == ChildMachine::State::kIdle,
           "has a guard that releases before its tree is gone");
    demand(!is_settled_, "has a guard that releases what le-run had settled");
    const election::Timing& timing = config_.timing;
    const TimePoint until = action.kill_at + (timing.lease_duration - timing.usable()) - 1s;
    releaser_ = std::make_unique<Releaser>(
        around_,
        Releaser::Host{clocks_, line_, [this] { return std::max(paused_until_, frozen_until_); }},
        dead_, config_, election::LeftBehind{action.acquire_time, until},
        [this] { end_releaser(); });
    const Duration left = std::max(clocks_.real_until(until), Duration(0));
    sim_.after(left + 1s, [this, number = ++releaser_number_] {
        if (number == releaser_number_ && releaser_) {
            end_releaser();
        }
    });
}

void Candidate::end_releaser() {
    // It may be in the middle of a step.
    sim_.after(Duration(0), [ended = std::shared_ptr<Releaser>(std::move(releaser_))] {});
    leave();
}

void Candidate::guard_acts(const child_action::Leave&) {
    demand(!works() && guard_->state() == ChildMachine::State::kIdle,
           "has a guard that leaves before its tree is gone");
    if (!releaser_) {
        leave();
    }
}

void Candidate::leave() {
    sim_.trace([&] { return name() + " guard leaves"; });
    // The machine may be in the middle of a step.
    sim_.after(Duration(0), [this] { lose_guard(); });
    sim_.after(sim_.between(Duration(1ms), Duration(20s)), [this] { start(); });
}

// --- the tree ---

void Candidate::no_work() {
    work_ = Work::kNone;
    ++work_number_;
    if (std::exchange(has_run_, false)) {
        referee_.work_ends(number_);
    }
}

// An event of the tree at hand; a frozen host has none.
template <class Event>
void Candidate::in_tree(Duration delay, Event event) {
    sim_.after(delay, [this, work = work_number_, event] {
        if (work != work_number_ || !guard_) {
            return;
        }
        if (is_hung_ && work_ != Work::kSpawning) { // the guard will see it later, if it lives
            in_tree(100ms, event);
            return;
        }
        if (sim_.now() < frozen_until_) {
            in_tree(frozen_until_ - sim_.now(), event);
            return;
        }
        event();
    });
}

void Candidate::sweep() {
    if (work_ == Work::kRunning || work_ == Work::kSpawning) {
        guard_step(
            child_fact::ChildEnded{signalled(SIGKILL), child_fact::ChildEnded::Others::kNone});
    }
    tree_gone();
}

// The child looks at the clock once more, and becomes the work; it needs no guard for that.
void Candidate::exec() {
    if (work_ != Work::kSpawning) {
        return;
    }
    if (is_hung_ && has_passed_for_holder(clocks_.now(), spawn_until_)) {
        in_tree(100ms, [this] { exec(); }); // it has ended, unseen
        return;
    }
    if (has_passed_for_holder(clocks_.now(), spawn_until_)) {
        was_too_late_ = true;
        guard_step(child_fact::TooLate{});
        child_ends(exited(127), false);
        return;
    }
    if (!around_.is_calm && !is_hung_ && sim_.chance(0.02)) {
        guard_step(child_fact::ExecFailed{1, 2});
        child_ends(exited(127), false);
        return;
    }
    work_ = Work::kRunning;
    has_run_ = true;
    referee_.work_begins(number_, leadership_);
    const child_fact::Executed executed{static_cast<std::int32_t>(work_number_)};
    if (is_hung_) {
        in_tree(Duration(0), [this, executed] { guard_step(executed); });
    } else {
        guard_step(executed);
    }
    if (!around_.is_calm && around_.has_habits) {
        in_tree(sim_.between(Duration(0), 2 * config_.timing.lease_duration),
                [this] { grow_tree(); });
    }
    if (!around_.is_calm && sim_.chance(0.3)) { // it will end by itself
        in_tree(sim_.heavy_tailed(config_.timing.lease_duration), [this] {
            if (work_ == Work::kRunning) {
                child_ends(exited(7), sim_.chance(0.3));
            }
        });
    }
}

void Candidate::child_ends(int wait_status, bool leaves_others) {
    using Others = child_fact::ChildEnded::Others;
    work_ = Work::kChildEnded;
    guard_step(child_fact::ChildEnded{wait_status, leaves_others ? Others::kLeft : Others::kNone});
    if (!leaves_others) {
        tree_gone();
    }
}

void Candidate::tree_gone() {
    if (guard_ && works()) {
        no_work();
        guard_step(child_fact::TreeGone{});
    }
}

} // namespace le_run::sim

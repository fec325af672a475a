#include "sim/candidate.h"

#include <csignal>

#include "check.h"

namespace le_run::sim {
namespace {

using namespace std::chrono_literals;

// As wait(2) encodes them.
constexpr int exited(int code) { return code << 8; }
constexpr int signalled(int number) { return number; }

// Just inside the assumptions of the timing rule: lambda and kappa are a second each.
constexpr Duration kLatestWakeUp = 999ms;
constexpr Duration kLongestSweep = 999ms;

double extreme_rate(int number) { return number % 2 == 0 ? 0.999 : 1.001; }

} // namespace

Candidate::Candidate(Simulator& simulator, Surroundings& around, int number, ElectionConfig config)
    : sim_(simulator), around_(around), number_(number), config_(std::move(config)),
      boot_rate_(around.is_at_the_bound  ? extreme_rate(number)
                 : simulator.chance(0.3) ? simulator.between(0.917, 1.083)
                                         : simulator.between(0.999, 1.001)),
      raw_rate_(around.is_at_the_bound ? extreme_rate(number) : simulator.between(0.999, 1.001)),
      boot_at_zero_(simulator.between(Duration(0), Duration(1000h))) {}

Duration Candidate::guard_lateness() {
    if (around_.is_at_the_bound) {
        return kLatestWakeUp;
    }
    return around_.is_calm || sim_.chance(0.5) ? Duration(1ms)
                                               : sim_.between(Duration(0), kLatestWakeUp);
}

Duration Candidate::sweep_time() {
    return around_.is_at_the_bound ? kLongestSweep : sim_.between(Duration(1ms), kLongestSweep);
}

TimePoint Candidate::local() const {
    const auto at = [&](double rate) {
        return boot_at_zero_ +
               Duration(static_cast<std::int64_t>(static_cast<double>(sim_.now().count()) * rate));
    };
    return {at(boot_rate_), at(raw_rate_)};
}

WallTime Candidate::wall() const {
    const auto since_start =
        std::chrono::duration_cast<std::chrono::microseconds>(sim_.now()).count();
    return {wall_held_at_.value_or(1'800'000'000'000'000 + since_start + wall_offset_)};
}

// When the faster of the two clocks will show `deadline`.
Duration Candidate::real_until(TimePoint deadline) const {
    const TimePoint now = local();
    const auto real = [](Duration local_time, double rate) {
        return Duration(static_cast<std::int64_t>(static_cast<double>(local_time.count()) / rate));
    };
    return std::min(real(deadline.boot() - now.boot(), boot_rate_),
                    real(deadline.raw() - now.raw(), raw_rate_));
}

// --- the process ---

void Candidate::start() {
    if (around_.is_final || is_up() || guard_) {
        return;
    }
    ++life_;
    sim_.trace(name() + " starts");
    config_.seed = life_;
    guard_ = std::make_unique<ChildMachine>(SIGTERM);
    election_ = std::make_unique<Election>(config_, local());
    step(Tick{});
}

void Candidate::deliver(std::uint64_t life, std::function<void()> event) {
    if (life != life_ || !is_up()) {
        return;
    }
    if (sim_.now() < paused_until_) {
        sim_.after(paused_until_ - sim_.now(), [this, life, event] { deliver(life, event); });
        return;
    }
    event();
}

void Candidate::step(const Fact& fact) {
    election_->step(local(), wall(), fact);
    const std::uint64_t life = life_;
    for (const Action& action : election_->take_actions()) {
        std::visit([&](const auto& a) { act(a); }, action);
        if (!is_up()) {
            return;
        }
    }
    const std::uint64_t timer = ++timer_;
    if (const auto wait = election_->next_wakeup(local())) {
        const Duration lateness = around_.is_calm ? 1ms : sim_.between(Duration(0), Duration(20ms));
        sim_.after(
            Duration(static_cast<std::int64_t>(static_cast<double>(wait->count()) / boot_rate_)) +
                lateness,
            [this, life, timer] {
                deliver(life, [this, timer] {
                    if (timer == timer_) {
                        step(Tick{});
                    }
                });
            });
    }
}

void Candidate::ask_to_stop() {
    if (is_up()) {
        sim_.trace(name() + " is asked to stop");
        deliver(life_, [this] { step(StepDownAsked{StepDownReason::kAsked}); });
    }
}

void Candidate::pause(Duration length) {
    if (work_ != Work::kAfterGuard) { // that would be a second fault
        sim_.trace(name() + " pauses for " + std::to_string(length.count() / 1000000) + " ms");
        paused_until_ = sim_.now() + length;
    }
}

void Candidate::cut_off(Duration length) {
    sim_.trace(name() + " is cut off for " + std::to_string(length.count() / 1000000) + " ms");
    cut_off_until_ = sim_.now() + length;
}

void Candidate::measure_margin(Duration margin) {
    if (!is_up()) {
        return;
    }
    sim_.trace(name() + " measures a margin of " + std::to_string(margin.count() / 1000000) +
               " ms");
    const auto tell = [this, life = life_](Duration d) {
        deliver(life, [this, d] { step(MarginMeasured{d}); });
    };
    tell(margin);
    sim_.after(60s, [tell] { tell(Duration::zero()); });
}

void Candidate::crash() {
    if (is_up() && guard_) {
        sim_.trace(name() + " crashes");
        end_process();
    }
}

// le-run is gone, by itself or not: its guard is told by a pidfd, and leaves when no tree is left.
void Candidate::end_process() {
    ++life_;
    election_.reset();
    sim_.after(sim_.between(Duration(0), Duration(50ms)), [this, life = life_] {
        if (life == life_ && guard_) {
            guard_step(child_fact::LeRunDied{});
        }
    });
}

void Candidate::kill_guard() {
    if (!is_up() || !guard_ || sim_.now() < paused_until_) {
        return;
    }
    sim_.trace(name() + "'s guard is killed");
    guard_.reset();
    const bool had_work = work_ != Work::kNone;
    if (had_work) {
        work_ = Work::kAfterGuard;
        ++work_number_;
    }
    const std::uint64_t life = life_;
    step(StepDownAsked{StepDownReason::kGuardLost});
    if (had_work) {
        sim_.after(sweep_time(), [this, life] {
            deliver(life, [this] {
                work_ = Work::kNone;
                step(WorkGone{WorkEnd::kGuardLost});
            });
        });
    }
}

// --- what the election wants ---

void Candidate::answer(std::function<Fact()> commit, bool is_write) {
    const auto delay = [this] {
        return around_.is_calm ? sim_.between(Duration(1ms), Duration(10ms))
                               : sim_.heavy_tailed(around_.typical_delay);
    };
    const auto is_cut = [this] { return sim_.now() < cut_off_until_; };
    const bool is_lost = !around_.is_calm && sim_.chance(around_.loss);
    const bool is_doubled = is_write && !around_.is_calm && sim_.chance(around_.duplication);
    if (is_cut() || (is_lost && sim_.chance(0.5))) {
        return; // the request never arrives
    }
    const std::uint64_t life = life_;
    sim_.after(delay(), [this, commit, is_lost, is_doubled, is_cut, delay, life] {
        Fact fact = commit();
        if (is_doubled) { // sent again on a new connection: only the second answer is seen
            fact = commit();
        }
        if (is_lost || is_cut()) {
            return;
        }
        sim_.after(delay(), [this, fact, is_cut, life] {
            if (!is_cut()) {
                deliver(life, [this, fact] { step(fact); });
            }
        });
    });
}

void Candidate::act(const ReadLease& read) {
    answer(
        [this, attempt = read.attempt]() -> Fact {
            return ReadAnswered{attempt, around_.store.read()};
        },
        false);
}

void Candidate::act(const WriteLease& write) {
    if (!around_.is_calm && sim_.chance(around_.trouble)) { // 5xx before anything was written
        const Failure failure{Failure::Kind::kUnreachable, "503", 1s};
        answer(
            [attempt = write.attempt, failure]() -> Fact {
                return WriteAnswered{attempt, failure};
            },
            false);
        return;
    }
    answer(
        [this, write]() -> Fact {
            const auto outcome = around_.store.write(write.record, write.base);
            const bool landed = std::holds_alternative<Written>(outcome);
            if (landed && write.record.holder.text.empty() && work_runs()) {
                around_.violated(name() + " released while its work ran");
            }
            if (sim_.is_tracing()) {
                sim_.trace(name() + (landed ? " wrote holder '" : " failed to write holder '") +
                           write.record.holder.text + "'");
            }
            return WriteAnswered{write.attempt, outcome};
        },
        true);
}

void Candidate::act(const StartWork& start) {
    ++around_.leaderships;
    Start message;
    message.run = ++run_;
    message.term_at = start.term_at;
    message.kill_at = start.kill_at;
    tell_guard(message);
}

void Candidate::act(const ExtendWork& extend) {
    tell_guard(Until{run_, extend.term_at, extend.kill_at});
}

void Candidate::act(const StopWork& stop) {
    const bool at_once =
        stop.cause == StopCause::kOtherHolder || stop.cause == StopCause::kVanished;
    tell_guard(Stop{run_, at_once ? 0 : SIGTERM, stop.kill_at});
}

void Candidate::act(const Report& report) {
    around_.lost += report.event == Report::Event::kLost ? 1 : 0;
    if (sim_.is_tracing()) {
        sim_.trace(name() + " reports " + std::to_string(static_cast<int>(report.event)) + " " +
                   report.text + report.holder.text);
    }
}

void Candidate::act(const Finish& finish) {
    sim_.trace(name() + " finishes: " + std::to_string(static_cast<int>(finish.ending)) + " " +
               finish.text);
    if (work_runs()) {
        around_.violated(name() + " finished while its work ran");
    }
    if (election_->next_wakeup(local()) || election_->has_request_pending()) {
        around_.violated(name() + " finished with something armed or pending");
    }
    end_process();
    if (!guard_) { // it died first
        sim_.after(sim_.between(Duration(0), Duration(20s)), [this] { start(); });
    }
}

// --- the guard ---

void Candidate::tell_guard(const ToGuard& message) {
    if (!guard_) {
        return;
    }
    // In order, and never lost: a socket pair.
    const Duration arrives =
        std::max(sim_.now() + sim_.between(Duration(0), Duration(2ms)), channel_busy_until_);
    channel_busy_until_ = arrives;
    sim_.after(arrives - sim_.now(), [this, message, life = life_] {
        if (!guard_ || life != life_) { // a message of a process that has crashed is read first in
                                        // reality; either is safe
            return;
        }
        if (const auto* start = std::get_if<Start>(&message)) {
            guard_step(child_fact::StartAsked{start->run, start->term_at, start->kill_at});
        } else if (const auto* until = std::get_if<Until>(&message)) {
            guard_step(*until);
        } else if (const auto* stop = std::get_if<Stop>(&message)) {
            guard_step(*stop);
        }
    });
}

void Candidate::guard_step(const ChildFact& fact) {
    guard_->step(local(), fact);
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
        sim_.after(sweep_time(), [this, work = work_number_] {
            if (work == work_number_ && guard_) {
                if (work_ == Work::kRunning || work_ == Work::kSpawning) {
                    guard_step(child_fact::ChildEnded{signalled(SIGKILL),
                                                      child_fact::ChildEnded::Others::kNone});
                }
                tree_gone();
            }
        });
    }
    arm_guard();
}

void Candidate::arm_guard() {
    const TimePoint deadline = guard_->next_deadline();
    if (deadline == TimePoint::far_future()) {
        return;
    }
    sim_.after(std::max(real_until(deadline), Duration(0)) + guard_lateness(),
               [this, timer = ++guard_timer_] {
                   if (guard_ && timer == guard_timer_) {
                       guard_step(child_fact::Tick{});
                   }
               });
}

void Candidate::guard_acts(const child_action::Spawn&) {
    work_ = Work::kSpawning;
    drains_ = false;
    ++work_number_;
    const bool is_slow = !around_.is_calm && sim_.chance(0.05);
    sim_.after(is_slow ? sim_.between(Duration(0), config_.timing.lease_duration)
                       : sim_.between(Duration(0), Duration(5ms)),
               [this, work = work_number_] {
                   if (work == work_number_ && guard_ && work_ == Work::kSpawning) {
                       exec();
                   }
               });
}

// The child looks at the clock once more, and becomes the work.
void Candidate::exec() {
    if (!around_.is_calm && sim_.chance(0.02)) {
        guard_step(child_fact::ExecFailed{1, 2});
        child_ends(exited(127), false);
        return;
    }
    work_ = Work::kRunning;
    sim_.trace(name() + " work runs");
    if (around_.other_work_runs(*this)) {
        around_.violated(name() + "'s work runs beside another's");
    }
    guard_step(child_fact::Executed{static_cast<std::int32_t>(work_number_)});
    if (!around_.is_calm && sim_.chance(0.3)) { // it will end by itself
        sim_.after(sim_.heavy_tailed(config_.timing.lease_duration), [this, work = work_number_] {
            if (work == work_number_ && guard_ && work_ == Work::kRunning) {
                child_ends(exited(7), sim_.chance(0.3));
            }
        });
    }
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
    sim_.after(drain, [this, work = work_number_] {
        if (work == work_number_ && guard_ &&
            (work_ == Work::kRunning || work_ == Work::kSpawning)) {
            child_ends(signalled(SIGTERM), sim_.chance(0.3));
        }
    });
}

void Candidate::child_ends(int wait_status, bool leaves_others) {
    using Others = child_fact::ChildEnded::Others;
    work_ = Work::kChildEnded;
    guard_step(child_fact::ChildEnded{wait_status, leaves_others ? Others::kLeft : Others::kNone});
    if (!leaves_others) {
        tree_gone();
    }
}

void Candidate::guard_acts(const child_action::SignalOthers&) {
    if (sim_.chance(0.5)) { // else they ignore it and will be killed
        sim_.after(sim_.between(Duration(0), Duration(6s)), [this, work = work_number_] {
            if (work == work_number_ && guard_ && work_ == Work::kChildEnded) {
                tree_gone();
            }
        });
    }
}

void Candidate::tree_gone() {
    if (guard_ && work_ != Work::kNone) {
        sim_.trace(name() + " tree gone");
        work_ = Work::kNone;
        ++work_number_;
        guard_step(child_fact::TreeGone{});
    }
}

void Candidate::guard_acts(const child_action::Tell& action) {
    const auto* gone = std::get_if<Gone>(&action.message);
    if (gone == nullptr) {
        return;
    }
    if (gone->run == run_ && work_ != Work::kNone) {
        around_.violated(name() + "'s guard said Gone while the work ran");
    }
    const WorkEnd end = gone->cause == EndCause::kByItself || gone->cause == EndCause::kNotStarted
                            ? WorkEnd::kByItself
                        : gone->cause == EndCause::kStopAsked ? WorkEnd::kStopped
                                                              : WorkEnd::kDeadline;
    sim_.after(sim_.between(Duration(0), Duration(2ms)),
               [this, end, life = life_] { deliver(life, [this, end] { step(WorkGone{end}); }); });
}

void Candidate::guard_acts(const child_action::Leave&) {
    sim_.trace(name() + " guard leaves");
    sim_.after(Duration(0), [this] { guard_.reset(); });
    sim_.after(sim_.between(Duration(1ms), Duration(20s)), [this] { start(); });
}

} // namespace le_run::sim

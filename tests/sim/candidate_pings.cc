// How le-run and its guard find out that the other one hangs: the real GuardWatch and HangWatch.
#include "sim/candidate.h"

namespace le_run::sim {

using namespace le_run::guard;
namespace {

using namespace std::chrono_literals;

constexpr Duration kLookAtLeRun = 5s; // without a run, as guard_loop.cc has it

} // namespace

// --- le-run asks its guard ---

void Candidate::arm_ping() {
    ping_timer_.set(sim_.now() + std::max(Duration(0), clocks_.real_until(guard_watch_.due())));
}

void Candidate::ping() {
    if (!is_up() || !guard_) {
        return;
    }
    const Duration awake = std::max(paused_until_, frozen_until_);
    if (sim_.now() < awake) {
        ping_timer_.set(awake + 1ms); // what came meanwhile is read before
        return;
    }
    const TimePoint now = clocks_.now();
    switch (guard_watch_.look(now)) {
    case leader::GuardWatch::Verdict::kFine:
        break;
    case leader::GuardWatch::Verdict::kContinue:
        if (is_only_stopped_) {
            guard_goes_on();
        }
        break;
    case leader::GuardWatch::Verdict::kEnd:
        demand(is_hung_ || is_run_under_way_, "ends a guard that answers");
        kill_guard();
        return;
    }
    const std::uint64_t number = guard_watch_.next_number();
    guard_watch_.asked(now, true);
    arm_ping();
    hear_ping(guard_number_, number);
}

// At once where the guard is awake: it costs no event, and the milliseconds do not matter.
void Candidate::hear_ping(std::uint64_t guard, std::uint64_t number) {
    if (guard != guard_number_ || !guard_ || !is_up()) {
        return;
    }
    if (is_hung_) {
        unheard_ping_ = number;
        return;
    }
    // Where a deadline has passed the guard looks at the clock before it answers.
    const Duration late =
        guard_timer_.is_set() && sim_.now() >= guard_due_ ? guard_timer_.at() : Duration(0);
    const Duration awake = std::max({stalled_until_, frozen_until_, paused_until_, late});
    if (sim_.now() < awake) {
        sim_.at(awake + 1ms, [this, guard, number] { hear_ping(guard, number); });
        return;
    }
    hang_watch_.heard(clocks_.now());
    guard_watch_.answered(clocks_.now(), number, guard_->state() == ChildMachine::State::kKilling);
    arm_ping();
}

// --- a guard that hangs ---

void Candidate::hang_guard() {
    if (is_up() && guard_ && !is_hung_ && sim_.now() >= std::max(paused_until_, frozen_until_)) {
        sim_.trace([&] { return name() + "'s guard hangs"; });
        is_hung_ = true;
        is_only_stopped_ = sim_.chance(0.5);
    }
}

void Candidate::guard_goes_on() {
    if (!is_hung_ || !guard_) {
        return;
    }
    sim_.trace([&] { return name() + "'s guard goes on"; });
    is_hung_ = false;
    guard_step(child_fact::Tick{});
    while (guard_ && !unheard_.empty()) {
        const ChildFact fact = unheard_.front();
        unheard_.pop_front();
        hear(guard_number_, fact);
    }
    if (const auto number = std::exchange(unheard_ping_, std::nullopt)) {
        hear_ping(guard_number_, *number);
    }
}

// --- the guard looks at le-run ---

// While le-run pauses, again and again; and after a pause of both.
void Candidate::guard_looks_at_le_run() {
    if (!is_up() || !guard_ || is_hung_) {
        return;
    }
    if (sim_.now() >= frozen_until_ && guard_->state() == ChildMachine::State::kIdle &&
        hang_watch_.is_hung(clocks_.now())) {
        demand(sim_.now() < paused_until_, "has a guard that ends a le-run that answers");
        sim_.trace([&] { return name() + "'s guard ends le-run"; });
        ++around_.ended_le_runs;
        hang_watch_.acted(clocks_.now());
        paused_until_ = {}; // a process that is dead does not pause, nor does the next one
        unheard_events_.clear();
        end_process();
    } else if (sim_.now() + kLookAtLeRun < paused_until_) {
        sim_.after(kLookAtLeRun, [this, life = life_] {
            if (life == life_) {
                guard_looks_at_le_run();
            }
        });
    }
}

} // namespace le_run::sim

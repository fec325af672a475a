// What a host does to a candidate: pauses, habits of pausing, trees that take long to kill.
//
// A pause is measured by the guard when it is over, and told; here also where no run is under way,
// so that a standby, too, has more to forget. From then on the law that Margin
// states is the host's, too: in the minute after two pauses a third is at most twice as long as the
// second worst of them. Such a third one is no excuse (referee.h): the lease must be safe from it.
#include <algorithm>

#include "sim/candidate.h"

namespace le_run::sim {

using namespace le_run::guard;
namespace {

using namespace std::chrono_literals;

constexpr Duration kRemembered = 60s;

} // namespace

// --- the store ---

// A renewal that is sent when the one before was answered: its answer, the tries that are refused
// before it, the one that hangs and what tells so beside it (a write, and then a look), the one
// that meets a part that hangs and the write beside it; all before the renew deadline, which may
// count from up to a second earlier, by a clock that is slewed.
bool Candidate::bears(const Strain& strain) const {
    constexpr Duration kSpare = 1500ms;
    constexpr Duration kLateWakeUp = 20ms;
    const election::Timing& timing = config_.timing;
    const Duration deadline = timing.effective_renew_deadline();
    Duration needs = std::max(timing.retry_period, strain.answer) + strain.answer;
    if (strain.hangs) {
        needs += 2 * timing.try_period() + strain.answer;
    }
    if (strain.parts > 0) {
        needs += timing.try_period() + strain.answer;
        needs += strain.hangs ? 3 * timing.try_period() : Duration(0); // the look meets it, too
    }
    const Duration pause =
        std::max(timing.request_timeout() / 4, std::min(Duration(1s), deadline / 32));
    needs += (strain.writes_for_one - 1) * (pause + strain.answer + kLateWakeUp);
    return needs * 11 / 10 + kSpare < deadline;
}

// --- pauses ---

void Candidate::pause(Duration length) {
    if (work_ != Work::kAfterGuard && !is_hung_) { // that would be a second fault
        sim_.trace([&] {
            return name() + " pauses for " + std::to_string(length.count() / 1000000) + " ms";
        });
        paused_until_ = std::max(paused_until_, sim_.now() + length);
        guard_looks_at_le_run();
    }
}

void Candidate::freeze(Duration length) {
    if (stand_still(length)) {
        const Duration to_die = std::max(config_.timing.kappa, tree_needs_);
        referee_.is_frozen(number_, frozen_until_, latest_wake_up() + to_die);
        excused_until_ = frozen_until_ + latest_wake_up() + to_die;
    }
}

// le-run, guard and work.
bool Candidate::stand_still(Duration length) {
    if (work_ == Work::kAfterGuard || is_hung_) { // as above
        return false;
    }
    sim_.trace([&] {
        return name() + "'s host is frozen for " + std::to_string(length.count() / 1000000) + " ms";
    });
    if (sim_.now() >= frozen_until_) {
        frozen_since_ = sim_.now();
    }
    frozen_until_ = std::max(frozen_until_, sim_.now() + length);
    if (guard_timer_.is_set()) {
        arm_guard();
    }
    sim_.at(frozen_until_ + 1ms, [this, guard = guard_number_, thaw = frozen_until_] {
        if (guard == guard_number_ && guard_ && !is_hung_ && thaw == frozen_until_) {
            guard_measures(frozen_until_ - frozen_since_);
            guard_looks_at_le_run();
        }
    });
    return true;
}

// It woke from one of its looks, which are at most 250 ms apart.
void Candidate::guard_measures(Duration pause) {
    const Duration slept = sim_.between(Duration(1ms), Duration(250ms));
    const Duration late = pause - std::min(pause, sim_.between(Duration(0), slept));
    meter_.woke(slept, late);
    hang_watch_.woke(clocks_.now(), late);
    if (const auto worst = meter_.due(clocks_.now())) {
        meter_.was_told(clocks_.now());
        deliver(life_, FromGuard(Late{worst->count()}));
    }
}

// A host that pauses twice within a minute, each time for about `length`, and once more when that
// hurts most.
void Candidate::form_habit(Duration length) {
    const auto in_the_storm = [this](auto event) {
        return [this, event] {
            if (!around_.is_calm) {
                event();
            }
        };
    };
    freeze(sim_.between(length, length * 5 / 4));
    const Duration next = length * 5 / 4 + sim_.between(Duration(100ms), Duration(10s));
    sim_.after(next,
               in_the_storm([this, length] { freeze(sim_.between(length, length * 5 / 4)); }));
    sim_.after(next + length * 5 / 4 + sim_.between(Duration(100ms), Duration(20s)),
               in_the_storm([this] { fail_at_the_worst_moment(); }));
}

// No renewal from now on, and the lawful pause just when the guard is to wake up and kill.
void Candidate::fail_at_the_worst_moment() {
    if (!is_up() || work_ != Work::kRunning || told_kill_at_ == TimePoint::far_future()) {
        return;
    }
    line_.cut_until(std::max(line_.cut_until(), sim_.now() + 3 * config_.timing.lease_duration));
    const Duration left = clocks_.real_until(told_kill_at_);
    sim_.after(left - sim_.between(Duration(0), Duration(20ms)), [this] {
        const Duration length = longest_lawful_pause();
        const bool is_first = struck_at_ <= anchored_at_;
        if (!around_.is_calm && works() && is_first && sim_.now() > excused_until_ &&
            length > 0ms) {
            struck_at_ = sim_.now();
            ++around_.lawful_pauses;
            stand_still(sim_.chance(0.5) ? length : sim_.between(length / 2, length));
        }
    });
}

// lambda as the law has it: of pauses that le-run was told of.
Duration Candidate::lawful_lambda() const {
    return lambda_of(kRemembered * 9 / 10); // its clocks may be slewed
}

// Whether a renewal that lands now promises the work more time. Where pauses leave no room, a drain
// has what is left of the lease before.
bool Candidate::has_room() const {
    election::Timing timing = config_.timing;
    timing.lambda = lambda_of(kRemembered * 11 / 10);
    timing.kappa = std::max(timing.kappa, tree_needs_);
    return timing.tries_fit();
}

Duration Candidate::lambda_of(Duration remembered) const {
    Duration worst{}, second{};
    for (const Lateness& late : lates_) {
        if (sim_.now() < late.told + remembered) {
            second = std::max(second, std::min(worst, late.by));
            worst = std::max(worst, late.by);
        }
    }
    return std::max(config_.timing.lambda, 2 * second);
}

// On top of how late the guard is before and after it anyway. A lease that was renewed last before
// the latest pause was told was promised under an earlier lambda.
Duration Candidate::longest_lawful_pause() const {
    const bool is_promised = lates_.empty() || anchored_at_ > lates_.back().told;
    return is_promised ? lawful_lambda() * 998 / 1000 - 2 * latest_wake_up() : Duration(0);
}

// What the guard measured, once the election has seen it.
void Candidate::note_measured(const leader::Event& event) {
    const auto* message = std::get_if<FromGuard>(&event);
    if (message == nullptr) {
        return;
    }
    if (const auto* late = std::get_if<Late>(message)) {
        lates_.push_back({sim_.now(), Duration(late->nanoseconds)});
        has_measured_margin_ = true;
    }
    has_measured_margin_ = has_measured_margin_ || std::holds_alternative<TreeSize>(*message);
}

// --- the tree's size ---

// Its guard measures a tree that will need longer than kappa; it is killed in no more than that. A
// tree that no instant left of the lease would allow is nobody's promise.
void Candidate::grow_tree() {
    const Duration awake = std::max({paused_until_, frozen_until_, stalled_until_});
    if (!is_up() || !guard_ || is_hung_ || sim_.now() < awake || work_ != Work::kRunning) {
        return;
    }
    const Duration gone = sim_.now() - anchored_at_;
    const Duration room = config_.timing.lease_duration * 99 / 100 - lawful_lambda() - gone - 50ms;
    const Duration longest = std::min(room, config_.timing.lease_duration / 2);
    if (longest <= config_.timing.kappa) {
        return;
    }
    const Duration needs = sim_.between(config_.timing.kappa, longest);
    sim_.trace([&] {
        return name() + "'s tree needs " + std::to_string(needs.count() / 1000000) + " ms to die";
    });
    const std::uint64_t work = work_number_;
    const double quickness = std::chrono::duration<double>(election::Timing::kLeastMargin) /
                             std::chrono::duration<double>(config_.timing.kappa);
    const auto kill = static_cast<std::int64_t>(quickness * static_cast<double>(needs.count())) + 1;
    deliver(life_, FromGuard(TreeSize{run_, 1000, kill}));
    sim_.at(std::max(sim_.now(), channel_busy_until_) + 1ms, [this, work, needs] {
        if (work == work_number_) {
            ++around_.grown_trees;
            tree_needs_ = needs;
        }
    });
}

Duration Candidate::sweep_time() {
    const Duration longest = std::max(config_.timing.kappa, tree_needs_) * 999 / 1000;
    const bool is_longest = around_.is_at_the_bound || (around_.has_habits && sim_.chance(0.5));
    return is_longest ? longest : sim_.between(Duration(1ms), longest);
}

} // namespace le_run::sim

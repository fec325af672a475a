#include "sim/world.h"

#include "sim/candidate.h"
#include "sim/simulator.h"

namespace le_run::sim {
namespace {

using namespace std::chrono_literals;

constexpr int kLeasesPerSchedule = 10; // at least

// Any combination that the options would accept.
Timing random_timing(Simulator& sim) {
    for (;;) {
        Timing timing;
        timing.lease_duration = std::chrono::seconds(static_cast<int>(sim.between(4.0, 40.0)));
        timing.renew_deadline = std::chrono::milliseconds(
            static_cast<int>(timing.usable().count() / 1e6 * sim.between(0.2, 1.0)));
        timing.retry_period = std::chrono::milliseconds(
            static_cast<int>(timing.renew_deadline.count() / 1e6 * sim.between(0.05, 0.5)));
        if (sim.chance(0.3)) {
            timing.lost_grace = sim.between(Duration(0), timing.usable() - timing.renew_deadline);
        }
        if (broken_relations(timing).empty()) {
            return timing;
        }
    }
}

ElectionConfig random_config(Simulator& sim, int number, bool same_identity) {
    ElectionConfig config;
    config.id = {same_identity ? "x" : "c" + std::to_string(number)};
    config.timing = random_timing(sim);
    if (sim.chance(0.5)) {
        config.stop_grace = sim.between(Duration(0), 2 * config.timing.lease_duration);
    }
    config.standby_after_loss = sim.chance(0.7);
    config.standby_after_work_ended = sim.chance(0.5);
    return config;
}

class World {
public:
    World(std::uint64_t seed, bool with_trace, Weather weather)
        : sim_(seed, with_trace ? &outcome_.trace : nullptr), weather_(weather) {
        const bool is_rough = sim_.chance(0.5);
        around_.loss = is_rough ? sim_.between(0.0, 0.4) : 0.0;
        around_.duplication = is_rough ? sim_.between(0.0, 0.2) : 0.0;
        around_.trouble = is_rough ? sim_.between(0.0, 0.3) : 0.0;
        around_.typical_delay =
            is_rough ? sim_.between(Duration(1ms), Duration(500ms)) : Duration(5ms);
        around_.violated = [this](const std::string& what) {
            sim_.trace("VIOLATION " + what);
            outcome_.violations.push_back(what);
        };
        around_.other_work_runs = [this](const Candidate& self) {
            for (const auto& candidate : candidates_) {
                if (candidate.get() != &self && candidate->work_runs()) {
                    return sim_.now() >= excused_until_;
                }
            }
            return false;
        };
        if (weather == Weather::kAtTheBound) {
            around_.is_at_the_bound = true;
            around_.typical_delay = sim_.chance(0.5) ? Duration(1ms) : Duration(100ms);
        }
        const bool same_identity = sim_.chance(0.1);
        const int count = static_cast<int>(sim_.between(2.0, 5.99));
        for (int i = 0; i < count; ++i) {
            candidates_.push_back(std::make_unique<Candidate>(
                sim_, around_, i, random_config(sim_, i, same_identity)));
            longest_lease_ = std::max(longest_lease_, candidates_.back()->timing().lease_duration);
        }
    }

    Outcome run() {
        const Duration storm_ends = kLeasesPerSchedule * longest_lease_;
        for (auto& candidate : candidates_) {
            sim_.after(sim_.between(Duration(0), longest_lease_), [&] { candidate->start(); });
        }
        schedule_faults(storm_ends);
        sim_.run_until(storm_ends);

        sim_.trace("calm");
        around_.is_calm = true;
        sim_.run_until(sim_.now() + calm_within());
        check_somebody_leads();

        sim_.trace("everybody is asked to stop");
        around_.is_final = true;
        for (auto& candidate : candidates_) {
            candidate->ask_to_stop();
        }
        sim_.run_until(sim_.now() + 12 * longest_lease_);
        for (const auto& candidate : candidates_) {
            if (candidate->is_up() || candidate->work_runs()) {
                around_.violated("a candidate did not end after it was asked to");
            }
        }
        outcome_.leaderships = around_.leaderships;
        outcome_.lost = around_.lost;
        outcome_.killed_trees = around_.killed_trees;
        outcome_.simulated = sim_.now();
        outcome_.longest_lease = longest_lease_;
        return std::move(outcome_);
    }

private:
    // The last pause, drain, held lease, hold-back and restart, one after the other.
    Duration calm_within() const { return 12 * longest_lease_ + 30s; }

    void check_somebody_leads() {
        for (const auto& candidate : candidates_) {
            if (candidate->work_runs()) {
                return;
            }
        }
        around_.violated("nobody leads although the store is healthy");
    }

    Candidate& anybody() {
        return *candidates_[static_cast<std::size_t>(
            sim_.between(0.0, static_cast<double>(candidates_.size()) - 0.001))];
    }

    void schedule_faults(Duration until) {
        const int count = static_cast<int>(sim_.between(0.0, 25.0));
        for (int i = 0; i < count; ++i) {
            sim_.after(sim_.between(Duration(0), until), [this] { inject(); });
        }
    }

    void inject() {
        ++outcome_.faults_injected;
        Candidate& candidate = anybody();
        const Duration lease = longest_lease_;
        if (weather_ == Weather::kAtTheBound) { // the leader loses the others, or itself
            for (auto& each : candidates_) {
                if (each->work_runs()) {
                    sim_.chance(0.7)   ? each->cut_off(sim_.between(lease, 3 * lease))
                    : sim_.chance(0.5) ? each->pause(sim_.between(lease, 3 * lease))
                                       : each->crash();
                }
            }
            return;
        }
        switch (static_cast<int>(sim_.between(0.0, 10.999))) {
        case 0:
        case 1:
            candidate.pause(std::min(sim_.heavy_tailed(lease / 4), 3 * lease));
            break;
        case 2:
            candidate.cut_off(sim_.between(Duration(0), 2 * lease));
            break;
        case 3:
            ++outcome_.crashes;
            candidate.crash();
            break;
        case 4:
            candidate.kill_guard();
            break;
        case 5:
            candidate.ask_to_stop();
            break;
        case 6:
            candidate.step_wall_clock(static_cast<std::int64_t>(sim_.between(-1e9, 1e9)));
            break;
        case 7:
            candidate.hold_wall_clock();
            break;
        case 8:
            for (auto& each : candidates_) { // the server itself is away
                each->cut_off(sim_.between(Duration(0), 2 * lease));
            }
            break;
        case 9:
            edit_lease();
            break;
        case 10:
            candidate.measure_margin(sim_.between(Duration(0), lease));
            break;
        }
    }

    void edit_lease() {
        const auto lease = around_.store.lease();
        if (!lease) {
            return;
        }
        LeaseRecord record = lease->record;
        if (sim_.chance(0.4)) {
            sim_.trace("somebody touches the lease");
        } else if (sim_.chance(0.5)) {
            sim_.trace("somebody takes the lease by hand");
            record.holder = {"stranger"};
            record.acquire_time = WallTime{42};
        } else if (sim_.chance(0.5)) {
            // Until the holder's next renewal puts it right, others believe it.
            sim_.trace("somebody shortens the lease's duration");
            record.lease_duration_seconds = 1;
            excused_until_ = std::max(excused_until_, sim_.now() + longest_lease_);
        } else {
            // Documented: whoever has not seen the record yet creates a new one at once.
            sim_.trace("somebody deletes the lease");
            excused_until_ = std::max(excused_until_, sim_.now() + 2 * longest_lease_);
            around_.store.erase();
            return;
        }
        around_.store.put(record);
    }

    Outcome outcome_;
    Simulator sim_;
    const Weather weather_;
    Surroundings around_;
    std::vector<std::unique_ptr<Candidate>> candidates_;
    Duration longest_lease_{};
    Duration excused_until_{};
};

} // namespace

Outcome simulate(std::uint64_t seed, bool with_trace, Weather weather) {
    return World(seed, with_trace, weather).run();
}

} // namespace le_run::sim

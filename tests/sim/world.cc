#include "sim/world.h"

#include <array>
#include <memory>

#include "sim/candidate.h"
#include "sim/client_go.h"

namespace le_run::sim {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;

constexpr int kLeasesPerSchedule = 10; // at least

enum class Fault {
    kPause,
    kCutOff,
    kCrash,
    kKillGuard,
    kAskToStop,
    kStepWallClock,
    kHoldWallClock,
    kServerAway,
    kEditLease,
    kDeleteLease,
    kHabit,
    kStallGuard,
    kHangGuard,
    kFreeze,
    kHangRequest,
    kCount
};

// How often each fault comes, one beside the other; in the order of Fault.
using Mix = std::array<int, static_cast<std::size_t>(Fault::kCount)>;

struct Climate {
    const char* name;
    Weather weather;
    double with_client_go; // probability
    Mix mix;
};

//                                             client-go | pause cut crash guard stop step hold away
//                                             edit delete habit stall hang freeze | request
constexpr std::array<Climate, 9> kClimates{{
    {"mixed", Weather::kMixed, 0.2, {2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
    {"bound", Weather::kAtTheBound, 0.3, {0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0}},
    {"hands", Weather::kHands, 0.3, {0, 1, 1, 0, 1, 1, 2, 0, 6, 3, 0, 0, 0, 0}},
    {"peer", Weather::kPeer, 1.0, {1, 1, 1, 0, 1, 2, 2, 1, 0, 0, 0, 0, 0, 0}},
    {"frozen", Weather::kFrozen, 0.1, {1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 4}},
    {"late", Weather::kLate, 0.1, {1, 2, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}},
    {"twins", Weather::kTwins, 0.0, {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0}},
    {"habits", Weather::kHabits, 0.1, {1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 8, 1, 0, 0}},
    {"ill", Weather::kIll, 0.1, {0, 1, 1, 0, 2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 5}},
}};

bool is_outage(Fault fault) { return fault == Fault::kCutOff || fault == Fault::kServerAway; }

const Climate& climate_of(Weather weather) { return kClimates[static_cast<std::size_t>(weather)]; }

// Replicas mostly have one configuration; here their durations differ, but by no more than
// `longest` allows.
struct LeaseRange {
    double shortest, longest; // seconds
};

// Any combination that the options would accept.
Timing random_timing(Simulator& sim, LeaseRange range) {
    for (;;) {
        Timing timing;
        timing.lease_duration =
            std::chrono::seconds(static_cast<int>(sim.between(range.shortest, range.longest)));
        if (sim.chance(0.2)) { // a small CPU limit
            timing.lambda = timing.kappa =
                sim.between(Timing::kLeastMargin, 3 * Timing::kLeastMargin);
        }
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

ElectionConfig random_config(Simulator& sim, std::size_t number, bool same_identity,
                             LeaseRange range) {
    ElectionConfig config;
    config.id = {same_identity ? "x" : "c" + std::to_string(number)};
    config.timing = random_timing(sim, range);
    if (sim.chance(0.5)) {
        config.stop_grace = sim.between(Duration(0), 2 * config.timing.lease_duration);
    }
    config.standby_after_loss = sim.chance(0.7);
    config.standby_after_work_ended = sim.chance(0.5);
    return config;
}

ClientGoSettings random_settings(Simulator& sim, LeaseRange range) {
    ClientGoSettings settings;
    settings.lease_duration =
        std::chrono::seconds(static_cast<int>(sim.between(range.shortest, range.longest)));
    settings.renew_deadline = settings.lease_duration * 2 / 3;
    settings.retry_period = settings.lease_duration * 2 / 15;
    return settings;
}

class World {
public:
    World(std::uint64_t seed, bool with_trace, Weather weather)
        : sim_(seed, with_trace ? &outcome_.trace : nullptr), weather_(weather),
          climate_(climate_of(weather)), around_(sim_) {
        draw_network();
        draw_parties();
        const auto weight = [this](Fault fault) {
            return climate_.mix[static_cast<std::size_t>(fault)];
        };
        around_.has_hands = weight(Fault::kEditLease) + weight(Fault::kDeleteLease) > 0;
        is_exact_ = sim_.chance(0.5);
        around_.referee.on_vacancy([this] { expect_a_leader(); });
    }

    Outcome run() {
        const Duration storm_ends = kLeasesPerSchedule * longest_lease();
        for (auto& candidate : candidates_) {
            sim_.after(sim_.between(Duration(0), longest_lease()), [&] { candidate->start(); });
        }
        if (client_go_) {
            sim_.after(sim_.between(Duration(0), longest_lease()), [&] { client_go_->start(); });
        }
        const int count = static_cast<int>(sim_.between(0.0, 25.0));
        for (int i = 0; i < count; ++i) {
            sim_.after(sim_.between(Duration(0), storm_ends), [this] { inject(); });
        }
        sim_.run_until(storm_ends);
        calm();
        end();
        outcome_.violations = around_.referee.violations();
        outcome_.leaderships = around_.leaderships;
        outcome_.lost = around_.lost;
        outcome_.killed_trees = around_.killed_trees;
        outcome_.released_for_dead = around_.released_for_dead;
        outcome_.lawful_pauses = around_.lawful_pauses;
        outcome_.grown_trees = around_.grown_trees;
        outcome_.late_commits = around_.late_commits;
        outcome_.hung_requests = around_.hung_requests;
        outcome_.full_answers = around_.full_answers;
        outcome_.blind_watches = around_.blind_watches;
        outcome_.hung_turns = around_.hung_turns;
        outcome_.duplicates = around_.duplicates;
        outcome_.simulated = sim_.now();
        outcome_.longest_lease = longest_lease();
        return std::move(outcome_);
    }

private:
    Duration longest_lease() const { return around_.longest_lease; }

    void draw_network() {
        const bool is_rough = sim_.chance(0.5) || weather_ == Weather::kLate;
        around_.loss = is_rough ? sim_.between(0.0, 0.4) : 0.0;
        around_.duplication = is_rough ? sim_.between(0.0, 0.2) : 0.0;
        around_.trouble = is_rough ? sim_.between(0.0, 0.3) : 0.0;
        around_.lateness = is_rough ? sim_.between(0.0, 0.1) : 0.0;
        around_.typical_delay =
            is_rough ? sim_.between(Duration(1ms), Duration(500ms)) : Duration(5ms);
        switch (weather_) {
        case Weather::kAtTheBound:
            around_.is_at_the_bound = true;
            around_.typical_delay = sim_.chance(0.5) ? Duration(1ms) : Duration(100ms);
            break;
        case Weather::kLate:
            around_.lateness = 0.3;
            break;
        case Weather::kHabits:
            around_.has_habits = true;
            break;
        case Weather::kIll:
            around_.blinds_watches = true;
            around_.strain = Strain{.answer = 10ms, .is_alone = !is_rough};
            break;
        case Weather::kMixed:
        case Weather::kHands:
        case Weather::kPeer:
        case Weather::kFrozen:
        case Weather::kTwins:
            break;
        }
    }

    void draw_parties() {
        const bool same_identity = weather_ == Weather::kTwins || sim_.chance(0.1);
        const auto count = static_cast<std::size_t>(sim_.between(2.0, 5.99));
        const double base = sim_.between(4.0, 20.0);
        const LeaseRange range{base, 2 * base};
        if (sim_.chance(0.25)) {
            around_.host = draw_clocks(around_);
        }
        for (std::size_t i = 0; i < count; ++i) {
            candidates_.push_back(std::make_unique<Candidate>(
                around_, i, random_config(sim_, i, same_identity, range)));
            around_.longest_lease =
                std::max(longest_lease(), candidates_.back()->timing().lease_duration);
        }
        if (around_.strain) {
            draw_strain(*candidates_[sim_.index(count)]);
        }
        if (sim_.chance(climate_.with_client_go)) {
            const ClientGoSettings settings = random_settings(sim_, range);
            client_go_ = std::make_unique<ClientGo>(around_, count, settings);
            around_.longest_lease = std::max(longest_lease(), settings.lease_duration);
        }
    }

    // Up to what one of them bears.
    void draw_strain(const Candidate& bearer) {
        Strain& strain = *around_.strain;
        if (sim_.chance(0.3)) {
            strain.writes_for_one = static_cast<int>(sim_.between(2.0, 10.99));
        } else {
            if (sim_.chance(0.3)) {
                strain.parts = static_cast<int>(sim_.between(3.0, 5.99));
                strain.turns_of_a_write = static_cast<int>(sim_.between(1.0, 2.99));
            }
            strain.hangs = sim_.chance(0.5);
            strain.answer = sim_.between(Duration(10ms), Duration(6s));
        }
        while (!bearer.bears(strain) && strain.answer > 1ms) {
            strain.writes_for_one = std::max(1, strain.writes_for_one - 1);
            strain.answer = strain.answer * 9 / 10;
        }
    }

    // --- the calm ---

    void calm() {
        sim_.trace([] { return std::string("calm"); });
        around_.is_calm = true;
        for (const auto& candidate : candidates_) {
            candidate->calm_watch();
        }
        Duration settled = sim_.now() + 1s; // what the server's last Retry-After may ask for
        if (is_exact_) {
            ++around_.network; // what is on its way still is lost
            for (const auto& candidate : candidates_) {
                settled = std::max(settled, candidate->disturbed_until());
            }
            sim_.at(settled, [this] {
                for (const auto& candidate : candidates_) {
                    candidate->calm_watch();
                }
                is_settled_ = true;
                expect_a_leader();
            });
        }
        const auto leads = [this] { return around_.referee.running() > 0; };
        sim_.run_until(settled + calm_within(), leads);
        if (!leads()) {
            around_.referee.violated("nobody leads although the store is healthy");
        }
        sim_.run_until(std::max(sim_.now(), settled) + 2 * longest_lease());
        is_settled_ = false;
    }

    // The last pause, drain, held lease, hold-back, restart, and a minute without contending, one
    // after the other.
    Duration calm_within() const { return 12 * longest_lease() + longest_promise_ + 90s; }

    // No work runs. Whoever stands by leads within lease duration + 2 retry periods + what it has
    // announced, unless another does.
    void expect_a_leader() {
        ++vacancy_;
        if (!is_settled_) {
            return;
        }
        if (around_.referee.running() > 0) {
            return;
        }
        const auto& lease = around_.referee.store().lease();
        for (const auto& candidate : candidates_) {
            if (!candidate->is_ready()) {
                continue;
            }
            const Duration promise =
                lease ? duration_of(lease->record, candidate->timing().lease_duration)
                      : std::max(longest_lease(), longest_promise_);
            ++outcome_.waits_checked;
            expect_to_lead(*candidate, candidate->patience(promise));
        }
    }

    void expect_to_lead(Candidate& waits, Duration patience) {
        const Duration announced = waits.stays_behind_until();
        sim_.at(std::max(sim_.now(), announced) + patience,
                [this, vacancy = vacancy_, life = waits.life(), &waits, patience, announced] {
                    if (!is_settled_ || vacancy != vacancy_ || around_.referee.running() > 0 ||
                        waits.life() != life) {
                        return;
                    }
                    if (waits.stays_behind_until() > announced) { // told meanwhile
                        expect_to_lead(waits, patience);
                        return;
                    }
                    around_.referee.violated(
                        "a standby has waited longer than lease duration + 2 retry periods");
                });
    }

    void end() {
        sim_.trace([] { return std::string("everybody is asked to stop"); });
        around_.is_final = true;
        for (const auto& candidate : candidates_) {
            candidate->ask_to_stop();
        }
        if (client_go_) {
            client_go_->ask_to_stop();
        }
        const auto is_over = [this] {
            const auto has_ended = [](const auto& c) {
                return !c->is_up() && !c->has_guard() && !c->works();
            };
            return std::all_of(candidates_.begin(), candidates_.end(), has_ended) &&
                   !(client_go_ && client_go_->is_up());
        };
        sim_.run_until(sim_.now() + 12 * longest_lease() + 30s, is_over);
        if (!is_over()) {
            around_.referee.violated("somebody did not end after it was asked to");
        }
        if (around_.referee.running() > 0) {
            around_.referee.violated("work is left at the end");
        }
    }

    // --- the storm ---

    Fault draw_fault() {
        int sum = 0;
        for (const int weight : climate_.mix) {
            sum += weight;
        }
        auto at = static_cast<int>(sim_.index(static_cast<std::size_t>(sum)));
        std::size_t fault = 0;
        while (at >= climate_.mix[fault]) {
            at -= climate_.mix[fault++];
        }
        return static_cast<Fault>(fault);
    }

    void inject() {
        ++outcome_.faults_injected;
        const std::size_t victim = sim_.index(candidates_.size() + (client_go_ ? 1 : 0));
        Fault fault = draw_fault();
        if (around_.strain && around_.strain->is_alone && is_outage(fault)) {
            fault = Fault::kHangRequest;
        }
        if (victim == candidates_.size()) {
            hit(*client_go_, fault);
        } else if (around_.is_at_the_bound) { // the leader loses the others, or itself
            for (auto& each : candidates_) {
                if (each->works()) {
                    hit(*each, fault, sim_.between(longest_lease(), 3 * longest_lease()));
                }
            }
        } else {
            hit(*candidates_[victim], fault,
                fault == Fault::kPause || fault == Fault::kFreeze
                    ? std::min(sim_.heavy_tailed(longest_lease() / 4), 3 * longest_lease())
                    : sim_.between(Duration(0), 2 * longest_lease()));
        }
    }

    void hit(Candidate& candidate, Fault fault, Duration length) {
        switch (fault) {
        case Fault::kPause:
            candidate.pause(length);
            break;
        case Fault::kCutOff:
            candidate.cut_off(length);
            break;
        case Fault::kCrash:
            ++outcome_.crashes;
            candidate.crash();
            break;
        case Fault::kKillGuard:
            candidate.kill_guard();
            break;
        case Fault::kAskToStop:
            candidate.ask_to_stop();
            break;
        case Fault::kStepWallClock:
            candidate.clocks().let_wall_go();
            candidate.clocks().step_wall(static_cast<std::int64_t>(sim_.between(-1e9, 1e9)));
            break;
        case Fault::kHoldWallClock:
            candidate.clocks().hold_wall();
            break;
        case Fault::kServerAway:
            for (auto& each : candidates_) {
                each->cut_off(length);
            }
            if (client_go_) {
                client_go_->cut_off(length);
            }
            break;
        case Fault::kEditLease:
            edit_lease();
            break;
        case Fault::kDeleteLease:
            if (around_.referee.store().lease()) {
                sim_.trace([] { return std::string("somebody deletes the lease"); });
                around_.referee.delete_by_hand();
            }
            break;
        case Fault::kHabit: {
            const Duration pause = sim_.between(Duration(500ms), longest_lease() / 2);
            if (sim_.chance(0.5)) {
                candidate.form_habit(pause);
                break;
            }
            for (auto& each : candidates_) { // of the same host
                each->form_habit(pause);
            }
            break;
        }
        case Fault::kStallGuard:
            candidate.stall_guard();
            break;
        case Fault::kHangGuard:
            candidate.hang_guard();
            break;
        case Fault::kFreeze:
            candidate.freeze(length);
            break;
        case Fault::kHangRequest:
            if (around_.strain && around_.strain->hangs) {
                candidate.hang_request();
            }
            break;
        case Fault::kCount:
            break;
        }
    }

    void hit(ClientGo& client_go, Fault fault) {
        switch (fault) {
        case Fault::kCrash:
        case Fault::kKillGuard:
            client_go.crash();
            break;
        case Fault::kAskToStop:
            client_go.ask_to_stop();
            break;
        default:
            client_go.cut_off(sim_.between(Duration(0), 2 * longest_lease()));
            break;
        }
    }

    void edit_lease() {
        const auto& lease = around_.referee.store().lease();
        if (!lease) {
            return;
        }
        Referee& referee = around_.referee;
        const auto edit = sim_.index(7);
        sim_.trace([&] { return "somebody edits the lease: " + std::to_string(edit); });
        switch (edit) {
        case 0:
            referee.touch();
            break;
        case 1:
            referee.take_by_hand();
            break;
        case 2:
            referee.empty_by_hand();
            break;
        case 3: // until the holder's next renewal puts it right, others believe it
            referee.set_duration_by_hand(1);
            break;
        case 4:
            longest_promise_ = 3 * longest_lease();
            referee.set_duration_by_hand(longest_promise_ / 1s);
            break;
        case 5:
            referee.set_duration_by_hand(sim_.chance(0.5) ? std::optional<std::int64_t>()
                                                          : std::optional<std::int64_t>(-5));
            break;
        default:
            referee.set_renew_time_by_hand(
                WallTime{static_cast<std::int64_t>(sim_.between(0.0, 4e15))});
            break;
        }
    }

    Outcome outcome_;
    Simulator sim_;
    const Weather weather_;
    const Climate& climate_;
    Surroundings around_;
    std::vector<std::unique_ptr<Candidate>> candidates_;
    std::unique_ptr<ClientGo> client_go_;
    Duration longest_promise_{}; // written by hand
    bool is_exact_ = false;      // the calm begins with no message on its way
    bool is_settled_ = false;
    std::uint64_t vacancy_ = 0;
};

} // namespace

std::optional<Weather> weather_named(const std::string& name) {
    for (const Climate& climate : kClimates) {
        if (name == climate.name) {
            return climate.weather;
        }
    }
    return std::nullopt;
}

Outcome simulate(std::uint64_t seed, bool with_trace, Weather weather) {
    return World(seed, with_trace, weather).run();
}

} // namespace le_run::sim

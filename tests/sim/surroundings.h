// What the parties share: the store behind its referee, the weather, and each one's line to the
// store.
#pragma once

#include "sim/referee.h"
#include "sim/simulator.h"

namespace le_run::sim {

// What a machine's clocks are like.
struct HostClocks {
    double boot_rate = 1, raw_rate = 1;
    Duration at_zero{};
};

// A store that is ill in a measure that a lease must survive: see Candidate::bears.
struct Strain {
    Duration answer{};      // each request is answered after so long, all of it or nearly
    int writes_for_one = 1; // of so many writes of a party one is taken; the others: 429
    bool hangs = false;     // now and then a request is never answered, while others are
    int parts = 0;          // that take each party's requests in turn; one of them hangs
    int turns_of_a_write = 1;
    bool is_alone = false; // nothing else is wrong
};

struct Surroundings {
    explicit Surroundings(Simulator& simulator) : sim(simulator), referee(simulator) {}

    Simulator& sim;
    Referee referee;
    bool is_calm = false;         // no more loss, delay or crashes
    bool is_final = false;        // who ends now stays away
    bool has_habits = false;      // hosts pause again and again, trees grow
    bool has_hands = false;       // people edit and delete the lease
    bool blinds_watches = false;  // a watch says that it works, and tells nothing
    std::optional<Strain> strain; // until the calm
    bool is_at_the_bound = false; // lambda, kappa, rho and drains used up
    double loss = 0;              // probability that a request or its answer is lost
    double duplication = 0;       // that a request or its answer comes twice
    double trouble = 0;           // that the server answers 5xx without having written
    double lateness = 0;          // that a request is stored long after its sender gave up on it
    Duration typical_delay{};
    Duration longest_lease{};
    std::uint64_t network = 0;        // what was sent over an earlier one never arrives
    std::optional<HostClocks> host{}; // the store is a file on this one machine
    // What happened, so that a test can tell that it did.
    int leaderships = 0, lost = 0, killed_trees = 0, late_commits = 0, duplicates = 0,
        released_for_dead = 0, lawful_pauses = 0, grown_trees = 0, hung_requests = 0,
        full_answers = 0, blind_watches = 0, hung_turns = 0, ended_le_runs = 0;
};

// One party's way to the store: delays, loses, doubles, stores late.
class Line {
public:
    explicit Line(Surroundings& around) : around_(around), sim_(around.sim) {}

    void cut_until(Duration instant) { cut_until_ = instant; }
    Duration cut_until() const { return cut_until_; }
    bool is_cut() const { return sim_.now() < cut_until_; }
    // The next request is never answered; not two of one renewal.
    void hang_next() {
        if (sim_.now() >= hangs_again_at_) {
            hangs_next_ = true;
            hangs_again_at_ = sim_.now() + 2 * around_.longest_lease;
        }
    }

    // `commit` runs at the store, once, twice or never; `answered` gets what it returned.
    enum class Kind { kRead, kWrite };
    template <class Commit, class Answered>
    void carry(Kind kind, Commit commit, Answered answered) {
        const Fate fate = draw();
        if (is_cut() || fate.is_request_lost || meets_a_part_that_hangs(kind)) {
            return;
        }
        const Way way =
            around_.strain && !around_.is_calm ? strained_way() : Way{delay() + fate.lateness, {}};
        around_.late_commits += fate.is_late ? 1 : 0;
        around_.duplicates += fate.doubled == Doubled::kNothing ? 0 : 1;
        sim_.after(way.there, [this, commit, answered, fate, back = way.back] {
            if (fate.network != around_.network) {
                return;
            }
            auto outcome = commit();
            if (fate.doubled == Doubled::kRequestAtOnce) {
                outcome = commit(); // sent again on a new connection: only this answer is seen
            } else if (fate.doubled == Doubled::kRequestLater) {
                sim_.after(delay() + fate.lateness, [this, commit, fate] {
                    if (fate.network == around_.network) {
                        commit();
                    }
                });
            }
            if (fate.is_answer_lost || is_cut()) {
                return;
            }
            const auto come = [this, answered, outcome = std::move(outcome), fate] {
                if (!is_cut() && fate.network == around_.network) {
                    answered(outcome);
                }
            };
            if (fate.doubled == Doubled::kAnswer) {
                sim_.after(delay(), come);
            }
            sim_.after(back.value_or(delay()), come);
        });
    }

private:
    enum class Doubled { kNothing, kRequestAtOnce, kRequestLater, kAnswer };
    struct Fate {
        bool is_request_lost = false, is_answer_lost = false, is_late = false;
        Doubled doubled = Doubled::kNothing;
        Duration lateness{};
        std::uint64_t network = 0;
    };

    struct Way {
        Duration there;
        std::optional<Duration> back; // without: as long as it takes then
    };

    bool meets_a_part_that_hangs(Kind kind) {
        const auto& strain = around_.strain;
        if (!strain || strain->parts == 0 || around_.is_calm) {
            return false;
        }
        for (int turns = kind == Kind::kWrite ? strain->turns_of_a_write : 1; turns > 0; --turns) {
            if (turn_++ % strain->parts == 0) {
                ++around_.hung_turns;
                return true;
            }
        }
        return false;
    }

    // Where on its way the store does what it is asked is chance.
    Way strained_way() {
        const Duration all = around_.strain->answer;
        const Duration whole = sim_.between(all * 95 / 100, all);
        const Duration there = sim_.between(Duration(0), whole);
        return {there, whole - there};
    }

    Fate draw() {
        Fate fate;
        fate.network = around_.network;
        if (around_.is_calm) {
            return fate;
        }
        if (std::exchange(hangs_next_, false)) {
            ++around_.hung_requests;
            (sim_.chance(0.5) ? fate.is_request_lost : fate.is_answer_lost) = true;
        }
        if (sim_.chance(around_.loss)) {
            (sim_.chance(0.5) ? fate.is_request_lost : fate.is_answer_lost) = true;
        }
        if (sim_.chance(around_.duplication)) {
            fate.doubled = static_cast<Doubled>(1 + sim_.index(3));
        }
        if (sim_.chance(around_.lateness)) {
            fate.is_late = true;
            fate.lateness = sim_.between(Duration(0), around_.longest_lease);
        }
        return fate;
    }

    Duration delay() {
        using namespace std::chrono_literals;
        return around_.is_calm ? sim_.between(Duration(1ms), Duration(10ms))
                               : sim_.heavy_tailed(around_.typical_delay);
    }

    Surroundings& around_;
    Simulator& sim_;
    Duration cut_until_{};
    int turn_ = 0;
    bool hangs_next_ = false;
    Duration hangs_again_at_{};
};

// At the bound RAW is as wrong as rho allows, BOOTTIME the same or slewed by NTP the same way: the
// holder's clocks are slow, the observer's fast, and RAW alone must keep the promise.
inline HostClocks draw_clocks(Surroundings& around) {
    Simulator& sim = around.sim;
    const Duration at_zero = sim.between(Duration(0), Duration(std::chrono::hours(1000)));
    if (around.is_at_the_bound) {
        const bool is_slow = sim.chance(0.5);
        const double raw = is_slow ? 0.999 : 1.001;
        return {sim.chance(0.5) ? raw : is_slow ? 0.917 : 1.083, raw, at_zero};
    }
    const double raw = sim.between(0.999, 1.001);
    const bool is_slewed = sim.chance(0.3);
    return {is_slewed ? sim.between(0.917, 1.083) : sim.between(0.999, 1.001), raw, at_zero};
}

// A machine's clocks: BOOTTIME, which NTP slews, and RAW, which it does not; and one on the wall.
class LocalClocks {
public:
    LocalClocks(Simulator& simulator, const HostClocks& clocks)
        : sim_(simulator), boot_rate_(clocks.boot_rate), raw_rate_(clocks.raw_rate),
          at_zero_(clocks.at_zero) {}

    TimePoint now() const {
        return {at_zero_ + local(sim_.now(), boot_rate_), at_zero_ + local(sim_.now(), raw_rate_)};
    }
    WallTime wall() const {
        using std::chrono::microseconds;
        const auto since = std::chrono::duration_cast<microseconds>(sim_.now()).count();
        return {wall_held_at_.value_or(1'800'000'000'000'000 + since + wall_offset_)};
    }
    // When the faster of the two will show `deadline`.
    Duration real_until(TimePoint deadline) const {
        const TimePoint at = now();
        return std::min(real(deadline.boot() - at.boot(), boot_rate_),
                        real(deadline.raw() - at.raw(), raw_rate_));
    }
    // How long a sleep by BOOTTIME takes, as timers sleep.
    Duration real_sleep(Duration sleep) const { return real(sleep, boot_rate_); }
    // How long it takes until both have moved on by `wait`.
    Duration real_by_slower(Duration wait) const {
        return real(wait, std::min(boot_rate_, raw_rate_));
    }

    void step_wall(std::int64_t microseconds) {
        wall_offset_ += microseconds;
        is_wall_steady_ = false;
    }
    void hold_wall() {
        wall_held_at_ = wall().microseconds;
        is_wall_steady_ = false;
    }
    void let_wall_go() { wall_held_at_.reset(); }
    bool is_wall_steady() const { return is_wall_steady_; } // it was never stepped or held

private:
    static Duration local(Duration real, double rate) {
        return Duration(static_cast<std::int64_t>(static_cast<double>(real.count()) * rate));
    }
    static Duration real(Duration local, double rate) {
        return Duration(static_cast<std::int64_t>(static_cast<double>(local.count()) / rate));
    }

    Simulator& sim_;
    const double boot_rate_, raw_rate_;
    const Duration at_zero_;
    std::int64_t wall_offset_ = 0;
    std::optional<std::int64_t> wall_held_at_;
    bool is_wall_steady_ = true;
};

} // namespace le_run::sim

// le-run's side: the election, its clocks and its line to the store.
#include "sim/candidate.h"
#include "sim/report_name.h"

#include <csignal>

namespace le_run::sim {

using namespace le_run::election;
using namespace le_run::guard;
namespace {

using namespace std::chrono_literals;

bool asks_to_stop(const leader::Event& event) {
    return std::holds_alternative<leader::SignalCame>(event) ||
           std::holds_alternative<leader::GuardLost>(event);
}

bool says_gone(const leader::Event& event) {
    const auto* message = std::get_if<FromGuard>(&event);
    return std::holds_alternative<leader::TreeSwept>(event) ||
           (message != nullptr && std::holds_alternative<Gone>(*message));
}

} // namespace

Candidate::Candidate(Surroundings& around, std::size_t number, ElectionConfig config)
    : around_(around), sim_(around.sim), referee_(around.referee), number_(number),
      config_(std::move(config)), trusts_instants_(around.host && around.sim.chance(0.8)),
      clocks_(around.sim, trusts_instants_ ? *around.host : draw_clocks(around)), line_(around),
      watch_(static_cast<Watch>(around.sim.index(3))),
      wakeup_(around.sim, [this] { deliver(life_, Tick{}); }),
      guard_timer_(around.sim, [this] { guard_wakes(); }),
      ping_timer_(around.sim, [this] { ping(); }), hang_watch_(clocks_.now()) {
    referee_.takes_part({number_, 0}, false);
    referee_.on_change([this] { store_changed(); });
}

void Candidate::demand(bool holds, const char* rule) {
    if (!holds) {
        referee_.violated(name() + " " + rule);
    }
}

// --- the process ---

void Candidate::start() {
    if (around_.is_final || is_up() || guard_) {
        return;
    }
    ++life_;
    sim_.trace([&] { return name() + " starts"; });
    referee_.takes_part({number_, life_}, false);
    config_.seed = 1000 * life_ + number_;
    holds_back_until_ = contends_at_ = anchored_at_ = {};
    is_asked_to_stop_ = was_asked_on_standby_ = false;
    sends_.clear();
    lates_.clear(); // a new process knows nothing of them
    has_read_since_gone_ = true;
    is_run_under_way_ = false;
    is_settled_ = true;
    is_watching_ = is_blindness_known_ = has_given_up_release_ = false;
    blind_since_.reset();
    shown_ = {};
    new_guard();
    leader_ =
        std::make_unique<leader::Leader>(leader::LeaderConfig{config_, SIGTERM}, clocks_.now());
    deliver(life_, Tick{});
}

void Candidate::deliver(std::uint64_t life, const leader::Event& event, const Sight& sight) {
    if (life != life_ || !is_up()) {
        return;
    }
    if (sim_.now() >= std::max(paused_until_, frozen_until_) && unheard_events_.empty()) {
        step(event, sight);
        return;
    }
    unheard_events_.push_back({life, event, sight});
    if (unheard_events_.size() == 1) {
        hear_when_awake();
    }
}

// In the order in which they came, however often the pause was made longer.
void Candidate::hear_when_awake() {
    sim_.at(std::max(paused_until_, frozen_until_), [this] {
        if (sim_.now() < std::max(paused_until_, frozen_until_)) {
            hear_when_awake();
            return;
        }
        while (!unheard_events_.empty()) {
            const Unheard next = std::move(unheard_events_.front());
            unheard_events_.pop_front();
            if (next.life == life_ && is_up()) {
                step(next.event, next.sight);
            }
        }
    });
}

void Candidate::step(const leader::Event& event, const Sight& sight) {
    const Election::State before = election().state();
    const auto* read = std::get_if<ReadAnswered>(&event);
    const auto* write = std::get_if<WriteAnswered>(&event);
    const bool counts = (read == nullptr || election().counts(*read)) &&
                        (write == nullptr || election().counts(*write));
    note_measured(event);
    if (says_gone(event)) {
        is_run_under_way_ = false;
        guard_watch_.run_is_over();
    }
    if (counts && write != nullptr && std::holds_alternative<Written>(write->outcome) &&
        has_room()) {
        anchored_at_ = sends_[write->attempt];
    }
    was_asked_on_standby_ =
        was_asked_on_standby_ || (before == Election::State::kStandby && asks_to_stop(event));
    leader_->step(clocks_.now(), clocks_.wall(), event);
    if (before != Election::State::kStandby && before != Election::State::kAcquiring &&
        election().state() == Election::State::kStandby) {
        referee_.standby_forgot(number_);
    }
    if (counts) { // else something newer is known
        check_step(event, before);
        if (read != nullptr) {
            check_read(*read, sight, before);
        }
        if (read != nullptr || write != nullptr) {
            may_find_blind(event, sight);
        }
        const auto* watched = std::get_if<Watched>(&event);
        if (watched != nullptr && std::holds_alternative<StoredLease>(watched->news) &&
            (before == Election::State::kStandby || before == Election::State::kAcquiring)) {
            saw(sight);
        }
    }
    for (const leader::Effect& effect : leader_->take_effects()) {
        std::visit([&](const auto& e) { act(e); }, effect);
        if (!is_up()) {
            return;
        }
    }
    demand(election().state() != Election::State::kStandby || is_run_under_way_ || is_settled_ ||
               !guard_,
           "stands by and leaves its guard a lease to release");
    arm();
}

// Before the step's actions are carried out.
void Candidate::check_step(const leader::Event& event, Election::State before) {
    const bool was_due =
        before == Election::State::kLeading && has_passed_for_holder(clocks_.now(), told_term_at_);
    demand(!was_due || election().state() != Election::State::kLeading,
           "believed news after its deadline had passed");
    if (says_gone(event)) {
        has_read_since_gone_ = false;
    }
    demand(!std::holds_alternative<Watched>(event) || was_due ||
               before != Election::State::kLeading ||
               election().state() == Election::State::kLeading,
           "ended its work because of a hint");
    demand(!says_gone(event) || !steps_down_ || election().state() == Election::State::kReleasing,
           "stepped down and does not release");
}

void Candidate::check_read(const ReadAnswered& read, const Sight& sight, Election::State before) {
    if (std::holds_alternative<Failure>(read.outcome)) {
        return;
    }
    has_read_since_gone_ = true;
    told_revision_ = std::max(told_revision_, sight.revision);
    sim_.trace([&] {
        return name() + " read " +
               (sight.is_absent ? "nothing" : "revision " + std::to_string(sight.revision));
    });
    if (before == Election::State::kLeading) {
        const bool is_own = !sight.is_absent && sight.owner == Process{number_, life_};
        demand(is_own || election().state() != Election::State::kLeading,
               "leads on though the lease is not its own");
    } else if (before == Election::State::kStandby) {
        saw(sight);
    }
}

// Of a record to be sent: observers that compare whole seconds must see a new one soon, and
// renewTime must not run ahead of a wall clock that nobody touches. Where the renew deadline leaves
// no time for that it may run ahead.
void Candidate::check_renew_time(const LeaseRecord& record) {
    const auto second = [](const LeaseRecord& r) { return r.renew_time->microseconds / 1'000'000; };
    const Timing& timing = config_.timing;
    const Duration spare = timing.effective_renew_deadline() - timing.retry_period -
                           Timing::kTries * timing.request_timeout();
    const bool is_new = shown_.acquire_time != record.acquire_time;
    if (is_new || second(record) != second(shown_)) {
        shown_ = record;
        shown_since_ = sim_.now();
    }
    demand(sim_.now() - shown_since_ < 2200ms, "renews, and observers see nothing of it");
    const auto ahead = record.renew_time->microseconds - clocks_.wall().microseconds;
    demand(ahead <= 1'000'000 || !clocks_.is_wall_steady() || has_measured_margin_ ||
               spare < 1200ms,
           "writes a renewTime far ahead of its wall clock");
}

// Whatever time alone can change has a wake-up: until then a look at the clock changes nothing. Not
// after each step, because it costs a copy.
void Candidate::check_wake_up(Duration wait) {
    if (wait <= Duration(1) || ++steps_ % 4 != 0) {
        return;
    }
    leader::Leader copy = *leader_;
    copy.step(clocks_.now() + (wait - Duration(1)), clocks_.wall(), Tick{});
    demand(copy.take_effects().empty(), "sleeps over an instant at which it would act");
}

void Candidate::saw(const Sight& sight) {
    const Duration own = config_.timing.lease_duration;
    Duration wait = sight.duration > Duration::zero() ? sight.duration : own;
    if (sight.renewed_at && trusts_instants_) {
        const Duration left = left_for_observer(clocks_.now(), *sight.renewed_at + wait);
        wait = std::clamp(left, Duration::zero(), wait);
    }
    referee_.standby_saw(number_, sight, wait);
}

// What a store says of a record to this process, as src/store/file/renewal.h has it.
ReadOutcome Candidate::as_it_reads(ReadOutcome outcome) const {
    if (auto* const found = std::get_if<StoredLease>(&outcome);
        found != nullptr && !trusts_instants_) {
        found->record.renewed_at.reset();
    }
    return outcome;
}

void Candidate::arm() {
    const auto wait = leader_->next_wakeup(clocks_.now());
    if (!wait) {
        wakeup_.clear();
        return;
    }
    check_wake_up(*wait);
    const Duration lateness = around_.is_calm ? 1ms : sim_.between(Duration(0), Duration(20ms));
    wakeup_.set(sim_.now() + clocks_.real_sleep(*wait) + lateness);
}

void Candidate::ask_to_stop() {
    if (is_up()) {
        sim_.trace([&] { return name() + " is asked to stop"; });
        is_asked_to_stop_ = true;
        deliver(life_, leader::SignalCame{.number = SIGTERM});
    }
}

void Candidate::cut_off(Duration length) {
    sim_.trace([&] {
        return name() + " is cut off for " + std::to_string(length.count() / 1000000) + " ms";
    });
    line_.cut_until(sim_.now() + length);
}

Duration Candidate::disturbed_until() const {
    return std::max({paused_until_, frozen_until_, line_.cut_until()});
}

void Candidate::crash() {
    if (releaser_) {
        sim_.trace([&] { return name() + "'s releaser crashes"; });
        end_releaser();
    } else if (is_up() && guard_ && !is_hung_) {
        sim_.trace([&] { return name() + " crashes"; });
        end_process();
    }
}

// le-run is gone, by itself or not: its guard is told by a pidfd, after all that was said before,
// and leaves when no tree is left.
void Candidate::end_process() {
    dead_ = {number_, life_};
    ++life_;
    leader_.reset();
    wakeup_.clear();
    ping_timer_.clear();
    if (is_hung_) { // both at once would be two faults
        sim_.after(Duration(0), [this] { guard_goes_on(); });
    }
    sim_.at(std::max(sim_.now() + sim_.between(Duration(0), Duration(50ms)), channel_busy_until_),
            [this, guard = guard_number_] { hear(guard, child_fact::LeRunDied{}); });
}

// What it won and nobody touched is released, or it has said that it could not be. Not what landed
// so late that its time was over.
void Candidate::check_nothing_left() const {
    const Sight sight = referee_.look();
    const bool is_own = sight.leadership != 0 && sight.owner == Process{number_, life_};
    const bool is_young = sim_.now() < sent_at_ + config_.timing.lease_duration * 9 / 10;
    if (is_own && is_young && !has_given_up_release_ && !around_.has_hands) {
        referee_.violated(name() + " ends and leaves the lease behind");
    }
}

bool Candidate::is_ready() const {
    return is_up() && !is_asked_to_stop_ && election().state() == Election::State::kStandby;
}

Duration Candidate::stays_behind_until() const { return std::max(holds_back_until_, contends_at_); }

Duration Candidate::patience(Duration promise) const {
    // A blind watch is trusted for three periods, each up to a fifth longer.
    const int periods_of_ten = around_.blinds_watches ? 20 + 36 : 20;
    return clocks_.real_by_slower(promise + periods_of_ten * config_.timing.retry_period / 10);
}

// --- what the election wants ---

void Candidate::act(const ReadLease& read) {
    struct Seen {
        ReadOutcome outcome;
        Sight sight;
    };
    line_.carry(
        Line::Kind::kRead,
        [this] { return Seen{as_it_reads(referee_.store().read()), referee_.look()}; },
        [this, life = life_, attempt = read.attempt](const Seen& seen) {
            deliver(life, ReadAnswered{attempt, seen.outcome}, seen.sight);
        });
}

void Candidate::act(const WriteLease& write) {
    sim_.trace([&] {
        return name() + " writes over " + (write.base ? write.base->version.text : "nothing");
    });
    const bool is_release = write.record.holder.text.empty();
    demand(!is_release || !works(), "releases while its work runs");
    demand(!is_release || has_read_since_gone_, "releases without having looked after Gone");
    demand(is_release || !was_asked_on_standby_, "acquires after it was asked to stop");
    if (!is_release) {
        check_renew_time(write.record);
        sent_at_ = sends_[write.attempt] = shown_since_;
    }
    if (!write.base) {
        referee_.standby_creates(number_);
    }
    const auto answered = [this, life = life_, attempt = write.attempt](const WriteOutcome& out) {
        deliver(life, WriteAnswered{attempt, out});
    };
    if (!around_.is_calm && sim_.chance(around_.trouble)) { // 5xx before anything was written
        line_.carry(
            Line::Kind::kRead, // it takes no more turns
            []() -> WriteOutcome { return Failure{Failure::Kind::kUnreachable, "503", 1s}; },
            answered);
        return;
    }
    const auto& strain = around_.strain;
    if (strain && !around_.is_calm && ++writes_ % strain->writes_for_one != 0) {
        ++around_.full_answers;
        line_.carry(
            Line::Kind::kRead, // it takes no more turns
            []() -> WriteOutcome { return Failure{Failure::Kind::kUnreachable, "429", 1s}; },
            answered);
        return;
    }
    LeaseRecord record = write.record;
    if (!trusts_instants_) {
        record.renewed_at.reset();
    }
    line_.carry(
        Line::Kind::kWrite,
        [this, self = Process{number_, life_}, record, base = write.base, sent = sim_.now()] {
            return referee_.write(self, record, base, sent);
        },
        answered);
}

void Candidate::act(const leader::StartRun& start) {
    ++around_.leaderships;
    demand(!has_passed_for_holder(clocks_.now(), start.term_at), "starts work whose time is over");
    run_ = start.run;
    is_run_under_way_ = true;
    is_settled_ = was_too_late_ = false;
    leadership_ = std::stoull(start.token.text);
    steps_down_ = false;
    told_term_at_ = start.term_at;
    told_kill_at_ = start.kill_at;
    guard_watch_.started(clocks_.now(), start.term_at, start.kill_at);
    arm_ping();
    tell_guard(child_fact::StartAsked{start.run, start.term_at, start.kill_at, start.acquire_time});
}

void Candidate::act(const leader::ExtendRun& extend) {
    told_term_at_ = extend.term_at;
    told_kill_at_ = extend.kill_at;
    guard_watch_.extended(clocks_.now(), extend.term_at, extend.kill_at);
    arm_ping();
    tell_guard(Until{extend.run, extend.term_at, extend.kill_at});
}

void Candidate::act(const leader::StopRun& stop) {
    demand(!is_lease_lost(stop.cause) || has_passed_for_holder(clocks_.now(), stop.kill_at),
           "does not kill at once though another may lead");
    told_kill_at_ = earlier(told_kill_at_, stop.kill_at);
    using Lease = leader::GuardWatch::Lease;
    guard_watch_.stopped(clocks_.now(), stop.kill_at,
                         is_lease_lost(stop.cause) ? Lease::kLost : Lease::kHeld);
    arm_ping();
    tell_guard(Stop{stop.run, stop.signal, stop.kill_at});
}

void Candidate::act(const leader::PassOn& pass) { tell_guard(Signal{pass.run, pass.signal}); }

// Nothing is left to release in this process's place.
void Candidate::act(const leader::SettleRun& settle) {
    demand(election().state() == Election::State::kStandby ||
               election().state() == Election::State::kDone,
           "settles a run whose lease is still to be released");
    is_settled_ = true;
    tell_guard(Settled{settle.run});
}

void Candidate::act(const leader::Observed& observed) {
    if (const auto* report = std::get_if<Report>(&observed)) {
        observe(*report);
    }
}

void Candidate::observe(const Report& report) {
    if (std::holds_alternative<told::SteppingDown>(report)) {
        steps_down_ = true;
    } else if (std::holds_alternative<told::Lost>(report)) {
        ++around_.lost;
        steps_down_ = false; // then there is nothing to release
        has_given_up_release_ = true;
        demand(!around_.strain || !around_.strain->is_alone || around_.is_calm || was_too_late_ ||
                   !bears(*around_.strain),
               "loses its lease though the store answers in time");
    } else if (std::holds_alternative<told::Acquired>(report)) {
        has_given_up_release_ = false;
    } else if (std::holds_alternative<told::NotReleased>(report)) {
        has_given_up_release_ = true;
    } else if (const auto* pause = std::get_if<told::NotContending>(&report)) {
        demand(pause->left <= 60s, "does not contend for more than a minute");
        contends_at_ = sim_.now() + clocks_.real_by_slower(pause->left);
    } else if (const auto* back = std::get_if<told::HoldingBack>(&report)) {
        holds_back_until_ = sim_.now() + clocks_.real_by_slower(back->wait);
    }
    sim_.trace([&] { return name() + " reports " + describe(report); });
}

void Candidate::act(const leader::Ends& ends) {
    sim_.trace([&] {
        return name() + " finishes: " + std::to_string(static_cast<int>(ends.ending)) + " " +
               ends.text;
    });
    demand(!works(), "finished while its work ran");
    demand(!leader_->next_wakeup(clocks_.now()) && !election().has_request_pending(),
           "finished with something armed or pending");
    check_nothing_left();
    end_process();
    if (!guard_) { // it died first
        sim_.after(sim_.between(Duration(0), Duration(20s)), [this] { start(); });
    }
}

} // namespace le_run::sim

#include "sim/client_go.h"

namespace le_run::sim {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;

// As JSON carries metav1.Time.
LeaseRecord in_whole_seconds(LeaseRecord record) {
    const auto cut = [](std::optional<WallTime>& time) {
        if (time) {
            time->microseconds -= time->microseconds % 1'000'000;
        }
    };
    cut(record.acquire_time);
    cut(record.renew_time);
    return record;
}

} // namespace

ClientGo::ClientGo(Surroundings& around, std::size_t number, ClientGoSettings settings)
    : around_(around), sim_(around.sim), number_(number), settings_(settings), clocks_([&] {
          const double rate = around.is_at_the_bound ? 1.001 : around.sim.between(0.999, 1.001);
          const auto longest_up = Duration(std::chrono::hours(1000));
          return LocalClocks(around.sim, {rate, rate, around.sim.between({}, longest_up)});
      }()),
      line_(around), next_try_(around.sim, [this] { try_once(); }),
      work_deadline_(around.sim, [this] { end_work(); }),
      request_timeout_(around.sim, [this] { try_failed(); }) {
    around_.referee.takes_part({number_, 0}, true);
}

void ClientGo::start() {
    if (around_.is_final || is_up_) {
        return;
    }
    is_up_ = true;
    ++life_;
    stop_ = Stop::kNone;
    observed_.reset();
    sim_.trace([&] { return name() + " starts"; });
    around_.referee.takes_part({number_, life_}, true);
    try_once();
}

// Its drain over, it looks once more and releases.
void ClientGo::ask_to_stop() {
    if (!is_up_ || stop_ != Stop::kNone) {
        return;
    }
    sim_.trace([&] { return name() + " is asked to stop"; });
    if (!works_) {
        end();
        return;
    }
    stop_ = Stop::kDraining;
    sim_.after(sim_.between(Duration(0), Duration(2s)), [this, life = life_] {
        if (life == life_ && is_up_ && stop_ == Stop::kDraining) {
            stop_ = Stop::kReleasing;
            end_work();
            ++attempt_;
            send_read();
        }
    });
}

void ClientGo::crash() {
    if (is_up_) {
        sim_.trace([&] { return name() + " crashes"; });
        end();
    }
}

void ClientGo::end() {
    end_work();
    is_up_ = false;
    ++life_;
    request_ = Request::kNone;
    next_try_.clear();
    request_timeout_.clear();
    sim_.after(sim_.between(Duration(1ms), Duration(20s)), [this] { start(); });
}

void ClientGo::end_work() {
    work_deadline_.clear();
    if (works_) {
        works_ = false;
        around_.referee.work_ends(number_);
    }
}

// --- one try: a write over what is remembered while it leads, else a read first ---

void ClientGo::try_once() {
    const bool is_own = observed_ && observed_->record.holder == identity();
    if (stop_ == Stop::kDraining && !works_) {
        return; // lost meanwhile; it ends when its drain is over
    }
    is_own&& works_ ? send_write(observed_) : send_read();
}

template <class Answered>
auto ClientGo::if_awaited(Answered answered) {
    request_timeout_.set(sim_.now() + settings_.renew_deadline / 2);
    return [this, life = life_, attempt = ++attempt_, answered](const auto& outcome) {
        if (life == life_ && attempt == attempt_ && is_up_ && request_ != Request::kNone) {
            request_timeout_.clear();
            answered(outcome);
        }
    };
}

void ClientGo::send_read() {
    request_ = Request::kRead;
    line_.carry(
        Line::Kind::kRead, [this] { return around_.referee.store().read(); },
        if_awaited([this](const ReadOutcome& outcome) { on_read(outcome); }));
}

void ClientGo::send_write(const std::optional<StoredLease>& base) {
    request_ = Request::kWrite;
    sent_at_ = sim_.now();
    LeaseRecord record = base ? base->record : LeaseRecord{};
    if (!base || record.holder != identity()) {
        record.acquire_time = clocks_.wall();
        record.transitions += base ? 1 : 0;
    }
    record.holder = identity();
    record.lease_duration_seconds = settings_.lease_duration / 1s;
    record.renew_time = clocks_.wall();
    struct Committed {
        WriteOutcome outcome;
        Leadership leadership;
    };
    line_.carry(
        Line::Kind::kWrite,
        [this, self = Process{number_, life_}, record, base] {
            auto outcome = around_.referee.write(self, record, base);
            return Committed{std::move(outcome), around_.referee.look().leadership};
        },
        if_awaited([this](const Committed& c) { on_write(c.outcome, c.leadership); }));
}

void ClientGo::send_release(const StoredLease& base) {
    request_ = Request::kRelease;
    LeaseRecord record = base.record;
    record.holder = {};
    record.lease_duration_seconds = 1;
    record.acquire_time = record.renew_time = clocks_.wall();
    line_.carry(
        Line::Kind::kWrite,
        [this, self = Process{number_, life_}, record, base] {
            return around_.referee.write(self, record, base);
        },
        if_awaited([this](const WriteOutcome&) { end(); }));
}

void ClientGo::on_read(const ReadOutcome& outcome) {
    request_ = Request::kNone;
    const auto* found = std::get_if<StoredLease>(&outcome);
    if (stop_ == Stop::kReleasing) {
        found != nullptr && found->record.holder == identity() ? send_release(*found) : end();
        return;
    }
    if (found == nullptr) {
        if (works_) { // deleted under it: nobody knows who comes now
            end_work();
        }
        send_write(std::nullopt);
        return;
    }
    observe(*found);
    if (found->record.holder != identity()) {
        end_work();
    }
    if (is_held_by_another()) {
        try_failed();
        return;
    }
    send_write(*found);
}

void ClientGo::observe(const StoredLease& lease) {
    const bool is_same =
        observed_ && in_whole_seconds(observed_->record) == in_whole_seconds(lease.record);
    observed_ = lease;
    if (!is_same) {
        observed_at_ = sim_.now();
    }
}

bool ClientGo::is_held_by_another() const {
    const LeaseRecord& record = observed_->record;
    if (record.holder.text.empty() || record.holder == identity()) {
        return false;
    }
    const auto promised =
        clocks_.real_sleep(std::chrono::seconds(record.lease_duration_seconds.value_or(0)));
    return sim_.now() < observed_at_ + promised;
}

void ClientGo::on_write(const WriteOutcome& outcome, Leadership leadership) {
    const auto* written = std::get_if<Written>(&outcome);
    if (written == nullptr) {
        // The remembered version was not the last one: look, as the slow path does.
        works_ ? send_read() : try_failed();
        return;
    }
    request_ = Request::kNone;
    observed_ = written->lease;
    observed_at_ = sim_.now();
    next_try_.set(sim_.now() + settings_.retry_period);
    const Duration until = sent_at_ + settings_.renew_deadline;
    if (sim_.now() >= until) {
        return; // so late that it is worth nothing
    }
    if (!works_ && stop_ == Stop::kNone) {
        works_ = true;
        ++around_.leaderships;
        around_.referee.work_begins(number_, leadership);
    }
    if (works_) { // also when an old create of its own has landed after a deletion
        around_.referee.work_goes_on(number_, leadership);
        work_deadline_.set(until);
    }
}

void ClientGo::try_failed() {
    request_ = Request::kNone;
    request_timeout_.clear();
    if (stop_ == Stop::kReleasing) {
        end();
        return;
    }
    const double factor = works_ ? 1.0 : sim_.between(1.0, 2.2);
    next_try_.set(sim_.now() + Duration(static_cast<std::int64_t>(
                                   factor * static_cast<double>(settings_.retry_period.count()))));
}

} // namespace le_run::sim

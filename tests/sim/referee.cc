#include "sim/referee.h"

#include "base/check.h"

namespace le_run::sim {

using namespace le_run::election;
namespace {

// An honest clock is at most this much faster than true time.
constexpr double kFastest = 1.001;

// As parties tell terms apart.
bool looks_like_same_term(const LeaseRecord& a, const LeaseRecord& b) {
    return a.holder == b.holder && a.acquire_time == b.acquire_time;
}

std::int64_t second_of(const LeaseRecord& record) {
    return record.renew_time.value_or(WallTime{}).microseconds / 1'000'000;
}

Duration written_duration(const LeaseRecord& record) {
    return std::chrono::seconds(record.lease_duration_seconds.value_or(0));
}

} // namespace

std::string Referee::name(std::size_t party) const {
    return (parties_[party].is_client_go ? "g" : "c") + std::to_string(party);
}

void Referee::violated(const std::string& what) {
    sim_.trace([&] { return "VIOLATION " + what; });
    violations_.push_back(what);
}

void Referee::has_changed() const {
    for (const auto& call : changed_) {
        call();
    }
    vacant();
}

void Referee::vacant() const {
    if (running_ == 0 && vacancy_) {
        vacancy_();
    }
}

Referee::Term& Referee::term(Leadership leadership) {
    for (auto i = terms_.rbegin(); i != terms_.rend(); ++i) {
        if (i->leadership == leadership) {
            return *i;
        }
    }
    LE_CHECK(!"a leadership was won by a write that landed");
}

// When it may run out for an observer that saw the last write at once.
Duration Referee::expiry(const Term& term) const {
    return term.landed + Duration(static_cast<std::int64_t>(
                             static_cast<double>(term.duration.count()) / kFastest));
}

// --- the store ---

Sight Referee::look() const {
    Sight sight;
    sight.revision = store_.revision();
    if (const auto& lease = store_.lease()) {
        sight.renewed_at = lease->record.renewed_at;
        sight.is_absent = false;
        sight.owner = owner_;
        sight.leadership = lease->record.holder.text.empty() ? 0 : leadership_;
        sight.duration = written_duration(lease->record);
    }
    return sight;
}

WriteOutcome Referee::write(const Process& by, LeaseRecord record,
                            const std::optional<StoredLease>& base, std::optional<Duration> sent) {
    if (!sent) {
        record.renewed_at.reset();
    }
    WriteOutcome outcome = store_.write(record, base);
    sim_.trace([&] {
        return name(by.party) +
               (std::holds_alternative<Written>(outcome) ? " wrote holder '"
                                                         : " failed to write holder '") +
               record.holder.text + "' at revision " + std::to_string(store_.revision());
    });
    if (!std::holds_alternative<Written>(outcome)) {
        return outcome;
    }
    if (record.holder.text.empty()) {
        released(by);
    } else if (leadership_ != 0 && by == writer_ && looks_like_same_term(written_, record) &&
               written_.transitions == record.transitions) {
        owner_ = by; // if it was edited: by a create that landed twice, a deletion between
    } else {
        if (base && looks_like_same_term(base->record, record)) {
            violated(name(by.party) + " won the lease with a record that looks like another's");
        }
        acquired(by);
    }
    const bool is_shown = second_of(written_) != second_of(record);
    written_ = record;
    if (leadership_ != 0) {
        Term& now = term(leadership_);
        now.landed = record.renewed_at ? *sent : sim_.now();
        if (is_shown || now.shown == Duration(0)) {
            now.shown = now.landed;
        }
        now.duration = written_duration(record);
    }
    is_damaged_ = false;
    has_changed();
    return outcome;
}

void Referee::released(const Process& by) {
    if (parties_[by.party].works_for != 0) {
        violated(name(by.party) + " released while its work ran");
    }
    if (by != owner_) {
        violated(name(by.party) + " released a record that is not its own");
    }
    leadership_ = 0;
    owner_ = {};
}

void Referee::acquired(const Process& by) {
    if (leadership_ != 0 && is_damaged_ && by != owner_) {
        term(leadership_).is_robbed = true;
    }
    leadership_ = store_.revision();
    owner_ = writer_ = by;
    terms_.push_back({leadership_, {}, {}, {}, false});
}

// --- by hand ---

// What the record says of its send is void: it speaks of one write.
void Referee::edit(LeaseRecord record) {
    record.renewed_at.reset();
    store_.put(record);
    has_changed();
}

void Referee::touch() { edit(store_.lease()->record); }

void Referee::take_by_hand() {
    LeaseRecord record = store_.lease()->record;
    record.holder = {"stranger"};
    record.acquire_time = WallTime{42};
    owner_ = {};
    edit(record);
}

void Referee::empty_by_hand() {
    LeaseRecord record = store_.lease()->record;
    record.holder = {};
    owner_ = {};
    is_damaged_ = true;
    edit(record);
}

void Referee::set_duration_by_hand(std::optional<std::int64_t> seconds) {
    LeaseRecord record = store_.lease()->record;
    const std::int64_t before = record.lease_duration_seconds.value_or(0);
    record.lease_duration_seconds = seconds;
    if (seconds.value_or(0) < before) {
        is_damaged_ = true;
    }
    edit(record);
}

void Referee::set_renew_time_by_hand(WallTime time) {
    LeaseRecord record = store_.lease()->record;
    record.renew_time = time;
    edit(record);
}

void Referee::delete_by_hand() {
    store_.erase();
    is_damaged_ = true;
    has_changed();
}

// --- the parties ---

void Referee::takes_part(const Process& process, bool is_client_go) {
    if (parties_.size() <= process.party) {
        parties_.resize(process.party + 1);
    }
    Party& party = parties_[process.party];
    party.life = process.life;
    party.is_client_go = is_client_go;
    party.seen = {};
}

void Referee::standby_saw(std::size_t number, const Sight& sight, Duration duration) {
    Party& party = parties_[number];
    if (sight.is_absent || sight.revision <= party.seen.revision) {
        return; // a record is waited out from when it, or a newer one, was seen first
    }
    party.seen = sight;
    party.seen_at = sim_.now();
    party.seen_duration = duration;
}

void Referee::standby_creates(std::size_t number) {
    const Party& party = parties_[number];
    const auto wait = static_cast<double>(party.seen_duration.count()) / kFastest;
    const bool is_own = party.seen.owner == Process{number, party.life};
    if (party.seen.leadership != 0 && !is_own &&
        sim_.now() < party.seen_at + Duration(static_cast<std::int64_t>(wait))) {
        violated(name(number) + " does not wait out a record that it saw and that was deleted");
    }
}

void Referee::standby_forgot(std::size_t party) { parties_[party].seen = {}; }

void Referee::work_begins(std::size_t number, Leadership leadership) {
    Party& self = parties_[number];
    sim_.trace([&] { return name(number) + " work runs"; });
    const Term& own = term(leadership);
    for (std::size_t i = 0; i < parties_.size(); ++i) {
        const Party& other = parties_[i];
        if (i == number || other.works_for == 0) {
            continue;
        }
        const Term& others = term(other.works_for);
        // Observers that compare whole seconds count from the first write of a second.
        const Duration unseen = others.landed - others.shown;
        const bool is_thawing =
            sim_.now() > expiry(others) - unseen && sim_.now() <= other.excused_until;
        if (!own.is_robbed && !others.is_robbed && !is_thawing) {
            violated(name(number) + "'s work runs beside " + name(i) + "'s");
        }
    }
    if (sim_.now() > expiry(own)) {
        violated(name(number) + "'s work begins when its lease may have run out");
    }
    self.works_for = leadership;
    ++running_;
}

void Referee::work_ends(std::size_t number) {
    Party& self = parties_[number];
    LE_CHECK(self.works_for != 0);
    sim_.trace([&] { return name(number) + " work ended"; });
    const Duration limit = expiry(term(self.works_for));
    if (sim_.now() > std::max(limit, self.excused_until)) {
        violated(name(number) + "'s work ended " +
                 std::to_string((sim_.now() - limit).count() / 1000000) +
                 " ms after its lease could run out");
    }
    self.works_for = 0;
    --running_;
    vacant();
}

void Referee::is_frozen(std::size_t party, Duration thaw, Duration to_wake) {
    Duration& until = parties_[party].excused_until;
    until = std::max(until, thaw + to_wake);
}

} // namespace le_run::sim

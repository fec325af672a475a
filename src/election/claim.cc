#include "election/claim.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace le_run::election {
namespace {

// In microseconds, as WallTime.
constexpr std::int64_t kSecond = 1'000'000;
// A renewTime may be this far ahead of the wall clock, to begin a new second. An acquireTime after
// it adds up to kMarkPeriod; both together stay below a second.
constexpr std::int64_t kMostAhead = 900'000;
// An acquireTime is a multiple of this period plus the mark of the process. Tries to acquire are
// further apart than this, so acquireTimes do not run ahead of the wall clock.
constexpr std::int64_t kMarkPeriod = 100'000;
// Above this number the oldest unanswered acquisitions are forgotten. A forgotten record counts as
// somebody else's, which is safe.
constexpr std::size_t kMostDoubtful = 64;

std::int64_t second_of(WallTime time) { return time.microseconds / kSecond; }

} // namespace

std::int64_t next_transitions(std::int64_t seen) {
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    return seen >= 0 && seen < kMost ? seen + 1 : 0;
}

Claim::Claim(HolderIdentity id, std::uint64_t seed)
    : id_(std::move(id)), mark_(static_cast<std::int64_t>(seed % kMarkPeriod)) {}

WallTime Claim::next_renew_time(TimePoint now, WallTime wall, Duration longest_second) const {
    const WallTime time = std::max(wall, WallTime{greatest_renew_time_.microseconds + 1});
    if (second_of(time) > second_of(greatest_renew_time_)) {
        return time;
    }
    const WallTime next_second{(second_of(greatest_renew_time_) + 1) * kSecond};
    const bool is_near = next_second.microseconds <= wall.microseconds + kMostAhead;
    const bool has_lasted = has_passed_for_holder(now, second_began_at_ + longest_second);
    return is_near || has_lasted ? next_second : time;
}

WallTime Claim::next_acquire_time(WallTime wall, const std::optional<LeaseRecord>& seen) const {
    WallTime time = std::max(wall, WallTime{greatest_renew_time_.microseconds + 1});
    const std::int64_t to_mark = mark_ - time.microseconds % kMarkPeriod;
    time.microseconds += to_mark < 0 ? to_mark + kMarkPeriod : to_mark;
    if (seen && seen->acquire_time == time) {
        time.microseconds += kMarkPeriod;
    }
    return time;
}

void Claim::sending(TimePoint now, const LeaseRecord& record) {
    LE_CHECK(record.acquire_time && record.renew_time);
    // Observers notice an acquisition even in the same second, because transitions grows by one.
    const bool is_acquisition = !held_ || held_->sent.acquire_time != *record.acquire_time;
    if (is_acquisition || second_of(*record.renew_time) > second_of(greatest_renew_time_)) {
        second_began_at_ = now;
    }
    if (is_acquisition && held_) { // the answer came too late to lead, so the lease is won again
        doubtful_ = {held_->sent};
        doubtful_.back().fate = Fate::kAnswered;
        held_.reset();
    }
    greatest_renew_time_ = std::max(greatest_renew_time_, *record.renew_time);
    if (doubtful_.size() == kMostDoubtful) {
        doubtful_.erase(doubtful_.begin());
    }
    doubtful_.push_back(
        {*record.acquire_time, *record.renew_time, now, second_began_at_, Fate::kUnknown});
}

void Claim::landed(const StoredLease& lease) {
    LE_CHECK(in_doubt());
    held_ = Held{in_doubt_as(lease.record), lease};
    // All others had the same base or an older one: they cannot land any more.
    doubtful_.clear();
}

// If the server has changed the renewTime, nobody can tell which write landed. Then the oldest send
// is the safe one.
const Claim::Sent& Claim::in_doubt_as(const LeaseRecord& written) const {
    const auto found = std::find_if(doubtful_.begin(), doubtful_.end(), [&](const Sent& sent) {
        return sent.renew_time == written.renew_time;
    });
    return found != doubtful_.end() ? *found : doubtful_.front();
}

void Claim::refused() {
    LE_CHECK(in_doubt());
    doubtful_.pop_back();
}

void Claim::conflicted() {
    LE_CHECK(in_doubt());
    doubtful_.back().fate = Fate::kAnswered;
}

bool Claim::is_unanswered() const {
    return std::any_of(doubtful_.begin(), doubtful_.end(),
                       [](const Sent& sent) { return sent.fate == Fate::kUnknown; });
}

void Claim::inherit(WallTime acquire_time, TimePoint anchor) {
    LE_CHECK(!is_held() && !in_doubt());
    LeaseRecord record;
    record.holder = id_;
    record.acquire_time = acquire_time;
    greatest_renew_time_ = acquire_time;
    held_ = Held{{acquire_time, acquire_time, anchor, anchor, Fate::kUnknown}, {record, {}, {}}};
}

bool Claim::is_mine(const LeaseRecord& record) const {
    if (record.holder != id_ || !record.acquire_time) {
        return false;
    }
    const auto wrote = [&](const Sent& sent) { return sent.acquire_time == *record.acquire_time; };
    return (held_ && wrote(held_->sent)) || std::any_of(doubtful_.begin(), doubtful_.end(), wrote);
}

bool Claim::read_back(const StoredLease& lease) {
    LE_CHECK(is_mine(lease.record));
    if (held_ && held_->lease.version == lease.version) {
        return false; // no later write has landed yet; writes without an answer still may
    }
    const auto same_write = [&](const Sent& sent) {
        return sent.renew_time == lease.record.renew_time;
    };
    const auto match = std::find_if(doubtful_.begin(), doubtful_.end(), same_write);
    const bool has_landed = match != doubtful_.end();
    if (has_landed) {
        held_ = Held{*match, lease};
    } else if (held_ && same_write(held_->sent)) {
        held_->lease =
            lease; // somebody changed other fields only: the last known renewal still counts
    } else {
        // Somebody edited the record. Any write in doubt may have landed; the oldest send is safe.
        const Sent oldest = held_ ? held_->sent : doubtful_.front();
        held_ = Held{{*lease.record.acquire_time, oldest.renew_time, oldest.at, oldest.anchor,
                      Fate::kUnknown},
                     lease};
    }
    doubtful_.clear(); // all had an older base, so they cannot land any more
    return has_landed;
}

bool Claim::is_unchanged(const ReadOutcome& seen) const {
    const auto* found = std::get_if<StoredLease>(&seen);
    return found != nullptr && held_ && held_->lease.version == found->version;
}

void Claim::give_up() {
    held_.reset();
    doubtful_.clear();
}

TimePoint Claim::anchor() const {
    LE_CHECK(is_held());
    return held_->sent.anchor;
}

TimePoint Claim::renewed_at() const {
    LE_CHECK(is_held());
    return held_->sent.at;
}

WallTime Claim::acquire_time() const {
    LE_CHECK(is_held());
    return held_->sent.acquire_time;
}

const StoredLease& Claim::lease() const {
    LE_CHECK(is_held());
    return held_->lease;
}

TimePoint Claim::doubtful_since() const {
    LE_CHECK(in_doubt());
    return doubtful_.back().anchor;
}

} // namespace le_run::election

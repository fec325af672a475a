#include "election/claim.h"

#include <algorithm>

#include "check.h"

namespace le_run {
namespace {

constexpr std::int64_t kSecond = 1'000'000; // of WallTime
// More unanswered acquisitions than this are forgotten, oldest first; what is forgotten is foreign,
// which is safe.
constexpr std::size_t kMostDoubtful = 64;

} // namespace

Claim::Claim(HolderIdentity id, std::uint64_t seed)
    : id_(std::move(id)), mark_(static_cast<std::int64_t>(seed % kSecond)) {}

WallTime Claim::next_renew_time(WallTime now) const {
    return std::max(now, WallTime{greatest_renew_time_.microseconds + kSecond});
}

WallTime Claim::next_acquire_time(WallTime now, const std::optional<LeaseRecord>& seen) const {
    WallTime time = next_renew_time(now);
    time.microseconds += mark_ - time.microseconds % kSecond;
    if (seen && seen->acquire_time == time) {
        time.microseconds += kSecond;
    }
    return time;
}

void Claim::sending(TimePoint now, const LeaseRecord& record) {
    LE_CHECK(record.acquire_time && record.renew_time);
    greatest_renew_time_ = std::max(greatest_renew_time_, *record.renew_time);
    if (doubtful_.size() == kMostDoubtful) {
        doubtful_.erase(doubtful_.begin());
    }
    doubtful_.push_back({*record.acquire_time, *record.renew_time, now});
}

void Claim::landed(const StoredLease& lease) {
    LE_CHECK(in_doubt());
    held_ = Held{doubtful_.back(), lease};
    // Whatever was sent before had an older version as its base: it cannot land any more.
    doubtful_.clear();
}

void Claim::refused() {
    LE_CHECK(in_doubt());
    doubtful_.pop_back();
}

void Claim::inherit(WallTime acquire_time, TimePoint anchor) {
    LE_CHECK(!is_held() && !in_doubt());
    LeaseRecord record;
    record.holder = id_;
    record.acquire_time = acquire_time;
    greatest_renew_time_ = acquire_time;
    held_ = Held{{acquire_time, acquire_time, anchor}, {record, {}, {}}};
}

bool Claim::is_mine(const LeaseRecord& record) const {
    if (record.holder != id_ || !record.acquire_time) {
        return false;
    }
    const auto wrote = [&](const Sent& sent) { return sent.acquire_time == *record.acquire_time; };
    return (held_ && wrote(held_->sent)) || std::any_of(doubtful_.begin(), doubtful_.end(), wrote);
}

void Claim::read_back(const StoredLease& lease) {
    LE_CHECK(is_mine(lease.record));
    if (held_ && held_->lease.version == lease.version) {
        return; // nothing has landed since; what is in doubt still may
    }
    const auto same_write = [&](const Sent& sent) {
        return sent.renew_time == lease.record.renew_time;
    };
    const auto match = std::find_if(doubtful_.begin(), doubtful_.end(), same_write);
    if (match != doubtful_.end()) {
        held_ = Held{*match, lease};
    } else if (held_ && same_write(held_->sent)) {
        held_->lease =
            lease; // somebody touched other fields only: the last known renewal still counts
    } else {
        // Edited by a stranger: of what may have landed, the oldest send is the safe one.
        const Sent oldest = held_ ? held_->sent : doubtful_.front();
        held_ = Held{{*lease.record.acquire_time, oldest.renew_time, oldest.at}, lease};
    }
    doubtful_.clear(); // all had an older base
}

void Claim::give_up() {
    held_.reset();
    doubtful_.clear();
}

TimePoint Claim::anchor() const {
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
    return doubtful_.front().at;
}

} // namespace le_run

// The watch gives the election hints. A standby uses a watched record like a read one, because
// compare-and-write protects what it does with it. A holder believes nothing before a read confirms
// it.
#include <utility>

#include "election/election.h"

namespace le_run::election {
namespace {

// A living holder renews, so a working watch has events. Without an event for this many retry
// periods the watch may be broken, so le-run reads the lease once. Each event puts the read off.
constexpr int kSilentPeriods = 3;

} // namespace

void Election::on(const Watched& fact) {
    if (const auto* found = std::get_if<StoredLease>(&fact.news)) {
        watched(*found);
    } else if (const auto* works = std::get_if<WatchWorks>(&fact.news)) {
        on(*works);
    } else if (const auto* fails = std::get_if<WatchFails>(&fact.news)) {
        on(*fails);
    } else {
        watched(Absent{});
    }
}

void Election::watched(const ReadOutcome& seen) {
    switch (state_) {
    case State::kStandby:
    case State::kAcquiring:
        standby_watched(seen);
        break;
    case State::kLeading:
    case State::kStopping:
    case State::kHolding: {
        const auto* found = std::get_if<StoredLease>(&seen);
        if (found == nullptr || !claim_.is_mine(found->record)) {
            look_now();
        }
        break;
    }
    case State::kReleasing:
    case State::kDone:
        break;
    }
}

void Election::on(const WatchWorks& news) {
    if (std::exchange(watch_, Watch::kWorks) == Watch::kFails) {
        report(told::WatchWorks{});
    }
    if (!news.is_seamless && is_holding() && next_request_ == Request::kWrite) {
        next_try_at_ = now_; // a renewal tells as much as a read, and extends the lease besides
    } else if (!news.is_seamless) {
        look_now();
    } else if (state_ == State::kStandby && next_request_ == Request::kWrite) {
        rest_until_next_look();
    }
}

void Election::on(const WatchFails& news) {
    watch_ = Watch::kFails;
    report(told::WatchFails{news.text, timing_.retry_period});
    if (state_ == State::kStandby) {
        next_try_at_ = earlier(next_try_at_, now_ + jittered(timing_.retry_period));
    }
}

// A write without an answer may be newer than an event, so only a read tells. After a conflict, the
// event is enough: it is newer than the version that the write expected.
void Election::standby_watched(const ReadOutcome& seen) {
    const auto* found = std::get_if<StoredLease>(&seen);
    if (!has_request_pending() && !claim_.is_unanswered()) {
        attempts_.forget(); // a pending request's answer may be older than this event
        if (found != nullptr) {
            watched_meanwhile_.reset(); // older than this event
        }
        next_request_ = Request::kWrite;
        standby_saw(seen, Observation::Source::kWatch);
        return;
    }
    if (found != nullptr) {
        watched_meanwhile_ = *found;
        watched_after_ = attempts_.last();
    }
    if (state_ == State::kStandby) {
        next_request_ = Request::kRead; // even if the pending request fails
    }
    look_now();
}

// An acquisition came too late, or a read failed: an event since then is the newest knowledge.
void Election::catch_up_with_watch() {
    if (claim_.is_unanswered() || watched_after_ != attempts_.last()) {
        return; // a read will follow
    }
    const auto seen = std::exchange(watched_meanwhile_, std::nullopt);
    if (seen) {
        attempts_.forget();
        next_request_ = Request::kWrite;
        standby_saw(*seen, Observation::Source::kWatch);
    }
}

// A read found a record. An event that came after the read was sent may be older or newer; one more
// read tells. Until then the event is kept, in case that read finds no lease.
void Election::look_again_if_watched(Attempt answered) {
    const auto& base = observation_.base();
    const bool came_meanwhile =
        watched_meanwhile_ && static_cast<std::uint64_t>(answered) <= watched_after_;
    if (came_meanwhile && base && base->version != watched_meanwhile_->version) {
        look_now();
    } else {
        watched_meanwhile_.reset();
    }
}

// A read found no lease. But the lease in an earlier event was there, so its duration counts too.
void Election::remember_watched() {
    const auto seen = std::exchange(watched_meanwhile_, std::nullopt);
    if (seen && !claim_.is_mine(seen->record)) {
        observation_.was_there(now_, *seen);
    }
}

void Election::look_now() {
    if (has_request_pending()) {
        return; // the pending answer tells enough, or leads to a read
    }
    switch (state_) {
    case State::kStandby:
    case State::kLeading:
    case State::kStopping:
    case State::kHolding:
        next_request_ = Request::kRead;
        next_try_at_ = now_;
        break;
    case State::kAcquiring:
    case State::kReleasing:
    case State::kDone:
        break;
    }
}

// On standby, right after the lease was seen.
void Election::rest_until_next_look() {
    const Duration period = jittered(timing_.retry_period);
    next_try_at_ = now_ + (watch_ == Watch::kWorks ? kSilentPeriods * period : period);
}

// Another candidate was faster. A working watch tells who, so that the many losers need not read.
void Election::acquisition_conflicted() {
    note_access();
    enter_standby();
    if (step_down_) {
        leave_standby();
        return;
    }
    if (watch_ == Watch::kWorks) {
        next_try_at_ = now_ + jittered(timing_.retry_period);
    }
    catch_up_with_watch();
}

} // namespace le_run::election

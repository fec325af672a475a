// What the watch tells the election: hints. On standby a record that was watched counts as an
// observation, because compare-and-write guards what is done with it; a holder believes nothing
// before a read has confirmed it.
#include <utility>

#include "election/election.h"

namespace le_run::election {
namespace {

// The holder renews its lease. So a watch that is said to work but tells nothing for so many retry
// periods may be blind: one look tells. Each event puts that look off.
constexpr int kSilentPeriods = 3;

} // namespace

void Election::on(const Watched& fact) {
    if (const auto* found = std::get_if<Found>(&fact.news)) {
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
        const auto* found = std::get_if<Found>(&seen);
        if (found == nullptr || !claim_.is_mine(found->lease.record)) {
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
        next_try_at_ = now_; // a renewal tells as much as a look, and costs no time of the lease
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

// A write without an answer may be newer than an event; a read that is sent after it is not older
// than either. After a conflict an event tells enough: it is newer than what the write expected.
void Election::standby_watched(const ReadOutcome& seen) {
    const auto* found = std::get_if<Found>(&seen);
    if (!has_request_pending() && !claim_.is_unanswered()) {
        attempts_.forget(); // the answer of a request under way may be older than this event
        if (found != nullptr) {
            watched_meanwhile_.reset(); // older
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
        next_request_ = Request::kRead; // also when the one under way fails
    }
    look_now();
}

// After an acquiring write that came too late, or a read that failed: an event that came meanwhile
// is the newest that is known.
void Election::catch_up_with_watch() {
    if (claim_.is_unanswered() || watched_after_ != attempts_.last()) {
        return; // a read is to come
    }
    const auto seen = std::exchange(watched_meanwhile_, std::nullopt);
    if (seen) {
        attempts_.forget();
        next_request_ = Request::kWrite;
        standby_saw(*seen, Observation::Source::kWatch);
    }
}

// A read found a record. An event that came after its send may be older or newer, also when the
// answer came late: one more read tells. Until then the event is kept, in case that one finds
// nothing.
void Election::look_again_if_watched(Attempt answered) {
    const auto& base = observation_.base();
    const bool came_meanwhile =
        watched_meanwhile_ && static_cast<std::uint64_t>(answered) <= watched_after_;
    if (came_meanwhile && base && base->version != watched_meanwhile_->lease.version) {
        look_now();
    } else {
        watched_meanwhile_.reset();
    }
}

// A read found nothing: what was watched before has been there too.
void Election::remember_watched() {
    const auto seen = std::exchange(watched_meanwhile_, std::nullopt);
    if (seen && !claim_.is_mine(seen->lease.record)) {
        observation_.was_there(now_, seen->lease);
    }
}

void Election::look_now() {
    if (has_request_pending()) {
        return; // its answer will tell, or make a read necessary
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

// On standby, when the lease has just been seen.
void Election::rest_until_next_look() {
    const Duration period = jittered(timing_.retry_period);
    next_try_at_ = now_ + (watch_ == Watch::kWorks ? kSilentPeriods * period : period);
}

// Another candidate was faster. Where a watch works it tells which one, or has told already: many
// losers must not all read.
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

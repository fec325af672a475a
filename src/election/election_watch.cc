// What the watch tells the election: hints. On standby a record that was watched counts as an
// observation, because compare-and-write guards what is done with it; a holder believes nothing
// before a read has confirmed it.
#include <utility>

#include "election/election.h"

namespace le_run {
namespace {

// Beside a watch that works: for a change that was never told although the watch seemed to live.
constexpr Duration kLookBesideWatch = std::chrono::minutes(10);

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
        report({.event = Report::Event::kWatchWorks});
    }
    if (!news.is_seamless) {
        look_now();
    } else if (state_ == State::kStandby && requests_.next_kind() == Kind::kWrite) {
        rest_until_next_look();
    }
}

void Election::on(const WatchFails& news) {
    watch_ = Watch::kFails;
    report({.event = Report::Event::kWatchFails, .left = timing_.retry_period, .text = news.text});
    if (state_ == State::kStandby) {
        requests_.next(earlier(requests_.next_at(), now_ + jittered(timing_.retry_period)));
    }
}

// A write in doubt may be newer than an event; a read that is sent after it is not older than
// either.
void Election::standby_watched(const ReadOutcome& seen) {
    const auto* found = std::get_if<Found>(&seen);
    if (!requests_.current() && !claim_.in_doubt()) {
        if (found != nullptr) {
            watched_meanwhile_.reset(); // older
        }
        requests_.next(Kind::kWrite);
        standby_read(seen);
        return;
    }
    if (found != nullptr) {
        watched_meanwhile_ = *found;
        watched_during_ = requests_.current() ? requests_.last() : 0;
    }
    if (state_ == State::kStandby) {
        requests_.next(Kind::kRead); // also when the one under way fails
    }
    look_now();
}

// After an acquiring write that came too late, or a read that failed: an event that came meanwhile
// is the newest that is known.
void Election::catch_up_with_watch() {
    if (claim_.in_doubt() || watched_during_ != requests_.last()) {
        return; // a read is to come
    }
    const auto seen = std::exchange(watched_meanwhile_, std::nullopt);
    if (seen) {
        requests_.next(Kind::kWrite);
        standby_read(*seen);
    }
}

// A read found a record. An event that came meanwhile may be older or newer: one more read tells,
// and until then it is kept, in case that one finds nothing.
void Election::look_again_if_watched() {
    const auto& base = observation_.base();
    const bool came_meanwhile = watched_meanwhile_ && watched_during_ == requests_.last();
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
    if (requests_.current()) {
        return; // its answer will tell, or make a read necessary
    }
    switch (state_) {
    case State::kStandby:
    case State::kLeading:
    case State::kStopping:
    case State::kHolding:
        requests_.next(Kind::kRead, now_);
        break;
    case State::kAcquiring:
    case State::kReleasing:
    case State::kDone:
        break;
    }
}

// On standby, when the lease has just been seen.
void Election::rest_until_next_look() {
    requests_.next(now_ +
                   (watch_ == Watch::kWorks ? kLookBesideWatch : jittered(timing_.retry_period)));
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
        requests_.next(now_ + jittered(timing_.retry_period));
    }
    catch_up_with_watch();
}

} // namespace le_run

// le-run's watch, as a run loop wires it: begun when the store has answered, and never more than a
// hint.
#include "sim/candidate.h"

namespace le_run::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPast = 5;

WatchNews news_of(const ReadOutcome& read) {
    if (const auto* found = std::get_if<Found>(&read)) {
        return *found;
    }
    return Absent{};
}

std::string told(const WatchNews& news) {
    if (const auto* found = std::get_if<Found>(&news)) {
        return "version " + found->lease.version.text;
    }
    return std::holds_alternative<Absent>(news)       ? "a deletion"
           : std::holds_alternative<WatchFails>(news) ? "a broken watch"
                                                      : "a watch that works";
}

} // namespace

void Candidate::begin_watch() {
    if (watch_ == Watch::kNone || is_watching_ || (watch_ == Watch::kWild && around_.is_calm) ||
        election_->state() == Election::State::kAcquiring) {
        return;
    }
    is_watching_ = true;
    misses_events_ = false;
    watched(1ms, WatchWorks{});
}

// In order, and only while the line is there.
void Candidate::watched(Duration delay, const WatchNews& news, const Sight& sight) {
    stream_busy_until_ = std::max(stream_busy_until_, sim_.now() + delay);
    sim_.at(stream_busy_until_, [this, life = life_, network = around_.network, news, sight] {
        if (life != life_ || !is_up() || network != around_.network) {
            return;
        }
        if (line_.is_cut()) {
            miss_events();
            return;
        }
        if (sight.revision != 0 && sight.revision < told_revision_) {
            return; // the store does not tell what is older than what it has answered
        }
        sim_.trace([&] { return name() + " is told of " + told(news); });
        deliver(life, Watched{news}, sight);
    });
}

// A connection that was cut is found out, begun again, and says that it may have missed something.
void Candidate::miss_events() {
    if (misses_events_ || watch_ == Watch::kWild) {
        return;
    }
    misses_events_ = true;
    sim_.at(std::max(line_.cut_until(), sim_.now()) + 1ms, [this, life = life_] {
        if (life == life_ && is_up()) {
            misses_events_ = false;
            watched(1ms, WatchWorks{});
        }
    });
}

void Candidate::store_changed() {
    if (!is_up() || !is_watching_) {
        return;
    }
    const ReadOutcome now = as_it_reads(referee_.store().read());
    if (watch_ == Watch::kWild && !around_.is_calm) {
        past_.push_back({referee_.store().revision(), news_of(now), referee_.look()});
        if (past_.size() > kPast) {
            past_.pop_front();
        }
        tell_wildly();
    } else if (watch_ == Watch::kHonest) {
        watched(around_.is_calm ? 1ms : sim_.heavy_tailed(around_.typical_delay), news_of(now),
                referee_.look());
    }
}

void Candidate::tell_wildly() {
    const auto some_time = [this] { return sim_.between(Duration(0), around_.longest_lease); };
    for (auto count = sim_.index(3); count > 0; --count) {
        PastEvent event = past_[sim_.index(past_.size())];
        if (sim_.chance(0.1)) {
            event.news = WatchWorks{.is_seamless = sim_.chance(0.5)};
        } else if (sim_.chance(0.1)) {
            event.news = WatchFails{"the weather"};
        }
        sim_.after(sim_.chance(0.5) ? Duration(1ms) : some_time(), [this, life = life_, event] {
            if (is_up() && life == life_ && !around_.is_calm && event.revision >= told_revision_) {
                told_revision_ = event.revision;
                sim_.trace([&] { return name() + " is told wildly of " + told(event.news); });
                deliver(life, Watched{event.news}, event.sight);
            }
        });
    }
}

void Candidate::calm_watch() {
    if (!is_up() || !is_watching_) {
        return;
    }
    misses_events_ = false;
    stream_busy_until_ = sim_.now();
    watched(1ms, watch_ == Watch::kWild ? WatchNews(WatchFails{"calm"}) : WatchNews(WatchWorks{}));
}

} // namespace le_run::sim

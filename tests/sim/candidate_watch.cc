// le-run's watch, as a run loop wires it: begun when the store has answered, and never more than a
// hint.
#include "sim/candidate.h"

namespace le_run::sim {

using namespace le_run::election;
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPast = 5;

WatchNews news_of(const ReadOutcome& read) {
    if (const auto* found = std::get_if<StoredLease>(&read)) {
        return *found;
    }
    return Absent{};
}

std::string told(const WatchNews& news) {
    if (const auto* found = std::get_if<StoredLease>(&news)) {
        return "version " + found->version.text;
    }
    return std::holds_alternative<Absent>(news)       ? "a deletion"
           : std::holds_alternative<WatchFails>(news) ? "a broken watch"
                                                      : "a watch that works";
}

} // namespace

void Candidate::begin_watch() {
    if (watch_ == Watch::kNone || (watch_ == Watch::kWild && around_.is_calm)) {
        return;
    }
    is_watching_ = true;
    misses_events_ = false;
    watched(1ms, WatchWorks{});
    go_blind();
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
    if (blind_since_) {
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

// After a while, if it is that weather.
void Candidate::go_blind() {
    if (!around_.blinds_watches || watch_ != Watch::kHonest || sim_.chance(0.2)) {
        return;
    }
    const Duration while_it_sees = sim_.between(Duration(0), around_.longest_lease);
    sim_.after(while_it_sees, [this, life = life_] {
        if (life == life_ && is_up() && !blind_since_) {
            sim_.trace([&] { return name() + "'s watch goes blind"; });
            blind_since_ = referee_.store().revision();
        }
    });
}

// As the Kubernetes store does: what an answer has shown and the watch has not told for 3 s tells
// that it is blind; it is begun anew.
void Candidate::may_find_blind(const leader::Event& event, const Sight& sight) {
    if (!blind_since_ || is_blindness_known_) {
        return;
    }
    const auto* write = std::get_if<WriteAnswered>(&event);
    const auto* written = write == nullptr ? nullptr : std::get_if<Written>(&write->outcome);
    const std::uint64_t shown =
        written != nullptr ? std::stoull(written->lease.version.text) : sight.revision;
    if (shown <= *blind_since_) {
        return;
    }
    is_blindness_known_ = true;
    sim_.after(3s, [this, life = life_] {
        if (life == life_ && is_up()) {
            ++around_.blind_watches;
            watched(1ms, WatchFails{"a change was not told"});
            sim_.after(500ms, [this, life] {
                if (life == life_ && is_up()) {
                    see_again();
                }
            });
        }
    });
}

// From where it went blind.
void Candidate::see_again() {
    const bool has_changed = referee_.store().revision() > *blind_since_;
    blind_since_.reset();
    is_blindness_known_ = false;
    watched(1ms, WatchWorks{.is_seamless = true});
    if (has_changed) {
        watched(1ms, news_of(as_it_reads(referee_.store().read())), referee_.look());
    }
    go_blind();
}

void Candidate::calm_watch() {
    if (!is_up() || !is_watching_ || blind_since_) {
        return;
    }
    misses_events_ = false;
    stream_busy_until_ = sim_.now();
    watched(1ms, watch_ == Watch::kWild ? WatchNews(WatchFails{"calm"}) : WatchNews(WatchWorks{}));
}

} // namespace le_run::sim

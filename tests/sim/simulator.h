// Virtual time: an ordered queue of events, timers on it, and the only source of chance.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/time_point.h"

namespace le_run::sim {

class Simulator {
public:
    static constexpr Duration kNever = Duration::max();

    Simulator(std::uint64_t seed, std::vector<std::string>* trace) : random_(seed), trace_(trace) {}

    Duration now() const { return now_; }
    void at(Duration when, std::function<void()> event) {
        std::uint32_t slot = 0;
        if (free_slots_.empty()) {
            slot = static_cast<std::uint32_t>(events_.size());
            events_.push_back(std::move(event));
        } else {
            slot = free_slots_.back();
            free_slots_.pop_back();
            events_[slot] = std::move(event);
        }
        queue_.push_back({std::max(when, now_), ++order_, slot});
        std::push_heap(queue_.begin(), queue_.end());
    }
    void after(Duration delay, std::function<void()> event) { at(now_ + delay, std::move(event)); }

    // Runs events until `end`, until there are none, or until `is_enough` says so after one.
    template <class IsEnough>
    void run_until(Duration end, IsEnough is_enough) {
        while (!queue_.empty() && queue_.front().at <= end) {
            std::pop_heap(queue_.begin(), queue_.end());
            const Entry next = queue_.back();
            queue_.pop_back();
            const std::function<void()> event = std::move(events_[next.slot]);
            free_slots_.push_back(next.slot);
            now_ = next.at;
            event();
            if (is_enough()) {
                return;
            }
        }
        now_ = std::max(now_, end);
    }
    void run_until(Duration end) {
        run_until(end, [] { return false; });
    }

    bool chance(double probability) { return uniform() < probability; }
    double between(double low, double high) { return low + (high - low) * uniform(); }
    Duration between(Duration low, Duration high) {
        return low + Duration(static_cast<std::int64_t>(uniform() *
                                                        static_cast<double>((high - low).count())));
    }
    std::size_t index(std::size_t size) {
        return std::min(size - 1, static_cast<std::size_t>(uniform() * static_cast<double>(size)));
    }
    // Mostly near `typical`, sometimes many times as long.
    Duration heavy_tailed(Duration typical) {
        const double u = std::max(1e-4, uniform());
        return Duration(static_cast<std::int64_t>(static_cast<double>(typical.count()) * 0.5 / u));
    }

    // `line` makes the text, and is called only where somebody reads it.
    template <class Line>
    void trace(Line line) {
        if (trace_ != nullptr) {
            trace_->push_back(std::to_string(static_cast<double>(now_.count()) / 1e9) + " " +
                              line());
        }
    }

private:
    struct Entry { // small: the heap moves these, not the events
        Duration at;
        std::uint64_t order; // of scheduling: equal instants keep it
        std::uint32_t slot;
        bool operator<(const Entry& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    double uniform() { // splitmix64
        random_ += 0x9e3779b97f4a7c15;
        std::uint64_t z = random_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
    }

    Duration now_{};
    std::uint64_t order_ = 0;
    std::vector<Entry> queue_;
    std::vector<std::function<void()>> events_;
    std::vector<std::uint32_t> free_slots_;
    std::uint64_t random_;
    std::vector<std::string>* trace_;
};

// Fires at the instant it was last set to. Setting it later costs no event.
class Timer {
public:
    Timer(Simulator& simulator, std::function<void()> fire)
        : sim_(simulator), fire_(std::move(fire)) {}
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void set(Duration at) {
        at_ = std::max(at, sim_.now());
        if (at_ < queued_for_) {
            queue();
        }
    }
    void clear() { at_ = Simulator::kNever; }
    bool is_set() const { return at_ != Simulator::kNever; }
    Duration at() const { return at_; }

private:
    void queue() {
        queued_for_ = at_;
        sim_.at(at_, [this] { come(); });
    }
    void come() {
        if (sim_.now() != queued_for_) {
            return; // another event was queued for an earlier instant
        }
        queued_for_ = Simulator::kNever;
        if (at_ == Simulator::kNever) {
            return;
        }
        if (sim_.now() < at_) {
            queue();
            return;
        }
        at_ = Simulator::kNever;
        fire_();
    }

    Simulator& sim_;
    std::function<void()> fire_;
    Duration at_ = Simulator::kNever;
    Duration queued_for_ = Simulator::kNever;
};

} // namespace le_run::sim

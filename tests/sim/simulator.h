// Virtual time: an ordered queue of events, and the only source of chance.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "time_point.h"

namespace le_run::sim {

class Simulator {
public:
    Simulator(std::uint64_t seed, std::vector<std::string>* trace) : random_(seed), trace_(trace) {}

    Duration now() const { return now_; }
    void after(Duration delay, std::function<void()> event) {
        queue_.push({now_ + std::max(delay, Duration::zero()), ++order_, std::move(event)});
    }
    // Runs events until `end` or until there are none.
    void run_until(Duration end) {
        while (!queue_.empty() && queue_.top().at <= end) {
            Event event = queue_.top();
            queue_.pop();
            now_ = event.at;
            event.run();
        }
        now_ = std::max(now_, end);
    }

    bool chance(double probability) { return uniform_(random_) < probability; }
    double between(double low, double high) { return low + (high - low) * uniform_(random_); }
    Duration between(Duration low, Duration high) {
        return low + Duration(static_cast<std::int64_t>(uniform_(random_) *
                                                        static_cast<double>((high - low).count())));
    }
    // Mostly near `typical`, sometimes many times as long.
    Duration heavy_tailed(Duration typical) {
        const double u = std::max(1e-4, uniform_(random_));
        return Duration(static_cast<std::int64_t>(static_cast<double>(typical.count()) * 0.5 / u));
    }

    bool is_tracing() const { return trace_ != nullptr; }
    void trace(const std::string& line) {
        if (trace_ != nullptr) {
            trace_->push_back(std::to_string(static_cast<double>(now_.count()) / 1e9) + " " + line);
        }
    }

private:
    struct Event {
        Duration at;
        std::uint64_t order; // of scheduling: equal instants keep it
        std::function<void()> run;
        bool operator<(const Event& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };
    Duration now_{};
    std::uint64_t order_ = 0;
    std::priority_queue<Event> queue_;
    std::mt19937_64 random_;
    std::uniform_real_distribution<double> uniform_{0.0, 1.0};
    std::vector<std::string>* trace_;
};

} // namespace le_run::sim

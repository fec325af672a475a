#include "election/margin.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/duration_text.h"

namespace le_run::election {
namespace {

// More changes than can happen while a request is on its way.
constexpr std::size_t kMostChanges = 100;

std::string tenths(Duration d) {
    return format_duration(std::chrono::round<std::chrono::duration<std::int64_t, std::deci>>(d));
}

} // namespace

void Margin::forget(TimePoint now) {
    while (!seen_.empty() && has_passed_for_holder(now, seen_.front().at + kRemembered)) {
        // The earlier value of each clock, because one of the two clocks may be slow.
        const TimePoint since = earlier(now, seen_.front().at + kRemembered);
        seen_.pop_front();
        update(since);
    }
}

void Margin::woke_late(TimePoint now, Duration by) {
    seen_.push_back({now, by});
    update(now);
}

void Margin::tree_needs(Duration kappa, std::uint32_t processes) {
    measured_.kappa = std::max(configured_.kappa, kappa);
    processes_ = processes;
    forget_told();
}

void Margin::tree_is_gone() { tree_needs(configured_.kappa, 0); }

Duration Margin::lambda_at(TimePoint anchor) const {
    Duration lambda = configured_.lambda;
    for (const Change& change : changes_) {
        if (is_not_before(anchor, change.since)) {
            lambda = change.lambda;
        }
    }
    return lambda;
}

std::optional<TimePoint> Margin::forgets_at() const {
    return seen_.empty() ? std::nullopt : std::optional(seen_.front().at + kRemembered);
}

TimePoint Margin::fits_at() const {
    LE_CHECK(!fits());
    Timing then = measured_;
    for (std::size_t i = 0; i < seen_.size(); ++i) {
        then.lambda = lambda(i + 1);
        if (then.tries_fit()) {
            return seen_[i].at + kRemembered;
        }
    }
    LE_CHECK(!"the configured margins fit");
}

TimePoint Margin::tree_limit(const Timing& held, TimePoint s) const {
    Timing with_tree = held;
    with_tree.kappa = measured_.kappa;
    return with_tree.tries_fit() ? TimePoint::far_future() : with_tree.latest_kill_at(s);
}

std::string Margin::cause() const {
    if (measured_.kappa - configured_.kappa > measured_.lambda - configured_.lambda) {
        return "killing the " + std::to_string(processes_) + " processes of the work takes up to " +
               tenths(measured_.kappa);
    }
    const Worst worst = worst_two(0);
    return "this host paused twice in " + std::to_string(kRemembered / std::chrono::seconds(1)) +
           "s" + " (" + tenths(worst.first) + ", " + tenths(worst.second) + ")";
}

bool Margin::has_grown() {
    if (total() <= configured_.lambda + configured_.kappa || total() < told_ + told_ / 4) {
        return false;
    }
    told_ = total();
    return true;
}

Margin::Worst Margin::worst_two(std::size_t from) const {
    Worst worst;
    for (std::size_t i = from; i < seen_.size(); ++i) {
        const Duration lateness = seen_[i].lateness;
        if (lateness <= std::min(worst.first, worst.second)) {
            continue;
        }
        if (worst.first <= worst.second) {
            worst.first = worst.second;
        }
        worst.second = lateness;
    }
    return worst;
}

Duration Margin::lambda(std::size_t from) const {
    const Worst worst = worst_two(from);
    return std::max(configured_.lambda, kSafety * std::min(worst.first, worst.second));
}

void Margin::update(TimePoint since) {
    const Duration before = std::exchange(measured_.lambda, lambda(0));
    if (measured_.lambda != before) {
        changes_.push_back({since, measured_.lambda});
        if (changes_.size() > kMostChanges) {
            changes_.pop_front();
        }
    }
    forget_told();
}

void Margin::forget_told() {
    if (total() == configured_.lambda + configured_.kappa) {
        told_ = Duration::zero();
    }
}

} // namespace le_run::election

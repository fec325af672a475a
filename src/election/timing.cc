#include "election/timing.h"

#include "base/duration_text.h"

namespace le_run::election {
namespace {

// rho = 0.1 %. Quartz clocks are within 0.01 %. NTP's slewing (up to 8.3 %) does no harm, because
// the second clock notices it (time_point.h).
constexpr std::int64_t kTwoRho = 2; // in thousandths
constexpr std::int64_t kOnePlusRho = 1001;
constexpr std::int64_t kOneMinusRho = 999;

constexpr Duration kLeastMargins = 2 * Timing::kLeastMargin; // lambda and kappa

// Margins above the least ones must leave at least this time between TERM_AT and KILL_AT, so that
// the child gets its stop signal before SIGKILL.
constexpr Duration kLeastDrain = std::chrono::seconds(1);

Duration usable_with(const Timing& timing, Duration margins) {
    // D (1 - rho) / (1 + rho), in a form that does not overflow for ten years.
    const Duration drift = timing.lease_duration * kTwoRho / kOnePlusRho;
    return timing.lease_duration - drift - margins;
}

Duration drain_of(const Timing& timing) { return timing.lost_grace.value_or(Duration::zero()); }

} // namespace

Duration Timing::usable() const { return usable_with(*this, lambda + kappa); }

Duration Timing::effective_renew_deadline() const {
    const Duration asked_drain = usable_with(*this, kLeastMargins) - renew_deadline;
    const Duration drain =
        lost_grace.value_or(std::clamp(asked_drain, Duration::zero(), kLeastDrain));
    return std::min(renew_deadline, usable() - drain);
}

Duration Timing::request_timeout() const {
    return std::max(kLeastRequestTimeout, time_for_a_try());
}

Duration Timing::try_period() const {
    constexpr Duration kShort = std::chrono::milliseconds(250);
    const Duration timeout = request_timeout();
    return std::max({timeout / 4, std::min(timeout / 2, kShort), kLeastRequestTimeout});
}

TimePoint Timing::warns_at(TimePoint s) const {
    return s + retry_period + (effective_renew_deadline() - retry_period) * 3 / 4;
}

Duration Timing::answer_timeout() const {
    constexpr Duration kMostReserve = std::chrono::milliseconds(100);
    const Duration timeout = request_timeout();
    return timeout - std::min(timeout / 20, kMostReserve);
}

bool Timing::tries_fit() const { return time_for_a_try() >= kLeastRequestTimeout; }

Duration Timing::time_for_a_try() const {
    return std::min(retry_period, (effective_renew_deadline() - retry_period) / kTries);
}

TimePoint Timing::kill_at(TimePoint s) const {
    const TimePoint latest = latest_kill_at(s);
    return lost_grace ? earlier(latest, term_at(s) + *lost_grace) : latest;
}

std::vector<std::string> broken_relations(const Timing& timing) {
    using std::chrono::seconds;
    std::vector<std::string> broken;
    const auto text = [](Duration d) { return format_duration(d); };

    if (timing.lease_duration < seconds(1) ||
        timing.lease_duration % seconds(1) != Duration::zero()) {
        broken.push_back(
            "--lease-duration " + text(timing.lease_duration) +
            " is not a whole number of seconds; a Lease carries whole seconds only: use " +
            text(
                std::max<Duration>(seconds(1), std::chrono::ceil<seconds>(timing.lease_duration))));
    }
    if (timing.retry_period <= Duration::zero()) {
        broken.push_back("--retry-period " + text(timing.retry_period) +
                         " is not above zero: use 2s");
    }
    if (timing.retry_period >= timing.renew_deadline) {
        broken.push_back("--retry-period " + text(timing.retry_period) +
                         " is not below --renew-deadline " + text(timing.renew_deadline) +
                         ": use a fifth of the renew deadline");
    }
    if (timing.lost_grace && *timing.lost_grace < Duration::zero()) {
        broken.push_back("--lost-grace " + text(*timing.lost_grace) + " is negative");
    }
    const Duration usable = usable_with(timing, kLeastMargins);
    if (timing.renew_deadline + drain_of(timing) > usable) {
        Timing least = timing;
        least.lambda = least.kappa = Timing::kLeastMargin;
        broken.push_back(
            "--renew-deadline " + text(timing.renew_deadline) +
            (timing.lost_grace ? " plus --lost-grace " + text(*timing.lost_grace) : std::string()) +
            " is above " + text(std::max(Duration::zero(), usable)) +
            ", which is what --lease-duration " + text(timing.lease_duration) +
            " leaves for work after the margins for clock drift and for" +
            " killing the process tree: lower it, or use --lease-duration " +
            text(lease_duration_for(least)));
    }
    if (broken.empty() && !timing.tries_fit()) {
        const Duration longer = lease_duration_for(timing);
        broken.push_back(
            "between --retry-period " + text(timing.retry_period) + " and the renew deadline of " +
            text(timing.effective_renew_deadline()) +
            (timing.lambda > Timing::kLeastMargin
                 ? " that the CPU limit leaves (margins of " + text(timing.lambda) + " each)"
                 : std::string()) +
            " there is no room for " + std::to_string(Timing::kTries) + " tries of at least " +
            text(Timing::kLeastRequestTimeout) + ": use a shorter retry period or " +
            (longer > timing.lease_duration ? "--lease-duration " + text(longer)
                                            : "a later renew deadline"));
    }
    return broken;
}

Duration lease_duration_for(const Timing& timing) {
    const Duration margins = timing.lambda + timing.kappa;
    const Duration drain =
        timing.lost_grace.value_or(margins > kLeastMargins ? kLeastDrain : Duration::zero());
    const Duration needed = timing.renew_deadline + drain + margins;
    return std::chrono::ceil<std::chrono::seconds>(needed + needed * kTwoRho / kOneMinusRho);
}

Duration margin_for(std::optional<double> cpus) {
    if (!cpus) {
        return Timing::kLeastMargin;
    }
    const auto lateness =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(0.5 / *cpus));
    return std::max(Timing::kLeastMargin, lateness);
}

} // namespace le_run::election

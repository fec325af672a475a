#include "observe/report_text.h"

#include <algorithm>

#include "base/duration_text.h"
#include "base/one_line.h"

namespace le_run::observe {

namespace {

constexpr std::size_t kMostOfAHolder = 256; // as --id may have

} // namespace

LogLine line_for(const election::Report& report, const Subject& subject, WallTime now) {
    using Event = election::Report::Event;
    const Duration time_left = std::max(Duration::zero(), report.left);
    const bool is_time_left = time_left > Duration::zero();
    const std::string left = format_duration(time_left);
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time_left).count();
    const std::string until = time_text(now.microseconds + us);
    // Long enough to mean "no limit" (TimePoint::far_future()).
    const bool is_for_ever = time_left > std::chrono::hours(24 * 365);
    const std::string& text = report.text;
    const std::string holder = one_line(report.holder.text, kMostOfAHolder);
    switch (report.event) {
    case Event::kContending:
        return {LogLevel::kInfo,
                "contending",
                "contending for " + subject.lock + " as " + subject.id.text,
                {{"lock", subject.lock}, {"id", subject.id.text}}};
    case Event::kNewLeader:
        return {LogLevel::kInfo,
                "new_leader",
                "new leader: " + holder,
                {{"holder", report.holder.text}}};
    case Event::kHeld:
        return {LogLevel::kInfo,
                "held",
                "held by " + holder + ", not seen renewing",
                {{"holder", report.holder.text}}};
    case Event::kAcquired:
        return {LogLevel::kInfo,
                "acquired",
                "acquired " + subject.lock + ", fencing token " + report.token.text + ", until " +
                    until + " unless renewed",
                {{"lock", subject.lock}, {"token", report.token.text}, {"until", until}}};
    case Event::kRenewalFailing:
        return {LogLevel::kWarning,
                "renewal_failing",
                "renewal failing, " +
                    (is_time_left ? left + " left (until " + until + ")" : "no time left") +
                    " before the child is stopped: " + text,
                {{"left", left}, {"error", text}}};
    case Event::kRenewalWorks:
        return {LogLevel::kInfo, "renewal_works", "renewal works again", {}};
    case Event::kStopBegins: {
        const std::string kill = is_for_ever    ? "no SIGKILL while the lease is renewed"
                                 : is_time_left ? "SIGKILL in " + left
                                                : "SIGKILL at once";
        return {LogLevel::kInfo,
                "stop_begins",
                "stop begins: " + text + "; " + kill,
                {{"cause", text}, {"kill", kill}}};
    }
    case Event::kSteppingDown:
        return {LogLevel::kWarning,
                "stepping_down",
                "stepping down: " + text +
                    "; the lease is still held and is released when the child has ended",
                {{"cause", text}}};
    case Event::kLost:
        return {LogLevel::kError, "lost", "lost " + subject.lock + ": " + text, {{"cause", text}}};
    case Event::kReleased:
        return {LogLevel::kInfo, "released", "released " + subject.lock, {{"lock", subject.lock}}};
    case Event::kNotReleased:
        return {
            LogLevel::kWarning,
            "not_released",
            "not released " + subject.lock + ": " + text +
                (is_time_left ? "; it runs out by itself at " + until + " (in " + left + ")" : ""),
            {{"cause", text}}};
    case Event::kStoreTrouble:
        return {
            LogLevel::kWarning,
            "store_trouble",
            "waiting for the store" +
                (is_time_left ? " until " + until + " (" + left + "), and then le-run ends" : "") +
                ": " + text,
            {{"error", text}}};
    case Event::kStoreWorks:
        return {LogLevel::kInfo, "store_works", "the store answers again", {}};
    case Event::kLongDuration:
        return {LogLevel::kWarning,
                "long_duration",
                holder + " holds the lease for " + left +
                    " after each renewal; that is waited out if it does not release",
                {{"holder", report.holder.text}, {"duration", left}}};
    case Event::kOtherDuration:
        return {LogLevel::kWarning,
                "other_duration",
                holder + " holds the lease with a lease duration of " + left +
                    ", these options have another one: give all candidates the same",
                {{"holder", report.holder.text}, {"duration", left}}};
    case Event::kVanished:
        return {LogLevel::kWarning,
                "vanished",
                "the lease of " + holder + " was " + text + " without a release; waiting " + left +
                    " until it has run out",
                {{"holder", report.holder.text}, {"wait", left}}};
    case Event::kHolding:
        return {LogLevel::kInfo,
                "holding",
                "the work has ended; keeping " + subject.lock + " for another " + left +
                    " (--hold), so that no replica runs the same again",
                {{"lock", subject.lock}, {"left", left}}};
    case Event::kHoldingBack:
        return {LogLevel::kInfo,
                "holding_back",
                "staying behind for " + left + " before contending again",
                {{"wait", left}}};
    case Event::kWatchFails:
        return {LogLevel::kWarning,
                "watch_fails",
                "changes of the lease are not told, so it is read every " + left +
                    ", and a free one is found later: " + text,
                {{"every", left}, {"error", text}}};
    case Event::kWatchWorks:
        return {LogLevel::kInfo, "watch_works", "changes of the lease are told again", {}};
    case Event::kMarginGrown: {
        const std::string killed_after =
            format_duration(std::max(Duration::zero(), report.killed_after));
        return {LogLevel::kWarning,
                "margin_grown",
                text + ": without a renewal the child is now asked to stop after " + left +
                    ", and all its processes are killed after " + killed_after,
                {{"cause", text}, {"stop_after", left}, {"kill_after", killed_after}}};
    }
    case Event::kNotContending:
        return {LogLevel::kWarning,
                "not_contending",
                "not contending until " + until + " (in " +
                    format_duration(std::chrono::ceil<std::chrono::seconds>(time_left)) +
                    "): " + text,
                {{"until", until}, {"cause", text}}};
    }
    return {};
}

} // namespace le_run::observe

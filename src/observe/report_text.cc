#include "observe/report_text.h"

#include <algorithm>

#include "base/duration_text.h"
#include "base/one_line.h"

namespace le_run::observe {
namespace {

namespace told = election::told;

constexpr std::size_t kMostOfAHolder = 256; // the longest --id
// Longer than this means "no limit" (TimePoint::far_future()).
constexpr std::chrono::hours kForEver{24 * 365};

// The log shows a time that is over as 0s, never as a negative one.
Duration at_least_none(Duration left) { return std::max(Duration::zero(), left); }

std::string span(Duration left) { return format_duration(at_least_none(left)); }

std::string until(WallTime now, Duration left) {
    const auto rest = std::chrono::duration_cast<std::chrono::microseconds>(at_least_none(left));
    return time_text(now.microseconds + rest.count());
}

std::string shown(const election::HolderIdentity& holder) {
    return one_line(holder.text, kMostOfAHolder);
}

// --- may this replica lead? ---

LogLine line(const told::Contending&, const Subject& subject, WallTime) {
    return {LogLevel::kInfo,
            {},
            "contending for " + subject.lock + " as " + subject.id.text,
            {{"lock", subject.lock}, {"id", subject.id.text}}};
}

LogLine line(const told::NotContending& pause, const Subject&, WallTime now) {
    const std::string end = until(now, pause.left);
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(at_least_none(pause.left));
    return {LogLevel::kWarning,
            {},
            "not contending until " + end + " (in " + format_duration(seconds) +
                "): " + pause.cause,
            {{"until", end}, {"cause", pause.cause}}};
}

LogLine line(const told::HoldingBack& pause, const Subject& subject, WallTime) {
    return {LogLevel::kInfo,
            {},
            "waiting " + span(pause.wait) + " before contending for " + subject.lock +
                " again, so that another replica can take over",
            {{"wait", span(pause.wait)}}};
}

// --- others ---

LogLine line(const told::NewLeader& leader, const Subject&, WallTime) {
    return {LogLevel::kInfo,
            {},
            "new leader: " + shown(leader.holder),
            {{"holder", leader.holder.text}}};
}

LogLine line(const told::Held& held, const Subject&, WallTime) {
    return {LogLevel::kInfo,
            {},
            "held by " + shown(held.holder) + ", not seen renewing yet: it may be dead",
            {{"holder", held.holder.text}}};
}

LogLine line(const told::LongDuration& record, const Subject&, WallTime) {
    const std::string promised = span(record.promised);
    return {LogLevel::kWarning,
            {},
            shown(record.holder) + " holds the lease for " + promised +
                " after each renewal; if it dies without a release, a takeover waits that long",
            {{"holder", record.holder.text}, {"duration", promised}}};
}

LogLine line(const told::OtherDuration& record, const Subject&, WallTime) {
    const std::string promised = span(record.promised);
    return {LogLevel::kWarning,
            {},
            shown(record.holder) + " holds the lease with a lease duration of " + promised +
                ", but this replica is set to another one: give all candidates the same",
            {{"holder", record.holder.text}, {"duration", promised}}};
}

LogLine line(const told::Vanished& record, const Subject&, WallTime) {
    return {LogLevel::kWarning,
            {},
            "the lease of " + shown(record.holder) + " was " + record.how +
                " without a release; waiting " + span(record.wait) + " until it has run out",
            {{"holder", record.holder.text}, {"wait", span(record.wait)}}};
}

// --- this leadership ---

LogLine line(const told::Acquired& acquired, const Subject& subject, WallTime now) {
    const std::string end = until(now, acquired.left);
    return {LogLevel::kInfo,
            {},
            "acquired " + subject.lock + ", fencing token " + acquired.token.text + ", until " +
                end + " unless renewed",
            {{"lock", subject.lock}, {"token", acquired.token.text}, {"until", end}}};
}

LogLine line(const told::Renewed& renewed, const Subject& subject, WallTime now) {
    const std::string end = until(now, renewed.left);
    return {LogLevel::kDebug,
            {},
            "renewed " + subject.lock + " in " + span(renewed.took) + ", until " + end,
            {{"took", span(renewed.took)}, {"until", end}}};
}

LogLine line(const told::RenewalFailing& failing, const Subject&, WallTime now) {
    const std::string left =
        failing.left > Duration::zero()
            ? span(failing.left) + " left (until " + until(now, failing.left) + ")"
            : "no time left";
    return {LogLevel::kWarning,
            {},
            "renewal failing, " + left + " before the child is stopped: " + failing.error,
            {{"left", span(failing.left)}, {"error", failing.error}}};
}

LogLine line(const told::RenewalWorks&, const Subject&, WallTime) {
    return {LogLevel::kInfo, {}, "renewal works again", {}};
}

LogLine line(const told::MarginGrown& grown, const Subject&, WallTime) {
    const std::string stop_after = span(grown.stop_after);
    const std::string kill_after = span(grown.kill_after);
    return {LogLevel::kWarning,
            {},
            grown.cause + ": without a renewal the child is now asked to stop after " + stop_after +
                ", and all its processes are killed after " + kill_after,
            {{"cause", grown.cause}, {"stop_after", stop_after}, {"kill_after", kill_after}}};
}

LogLine line(const told::SteppingDown& stepping_down, const Subject&, WallTime) {
    return {LogLevel::kWarning,
            {},
            "stepping down: " + stepping_down.cause +
                "; the lease is still held and is released when the child has ended",
            {{"cause", stepping_down.cause}}};
}

LogLine line(const told::StopBegins& stop, const Subject&, WallTime) {
    const std::string kill = stop.left > kForEver ? "no SIGKILL while the lease is renewed"
                             : stop.left > Duration::zero() ? "SIGKILL in " + span(stop.left)
                                                            : "SIGKILL at once";
    return {LogLevel::kInfo,
            {},
            "stopping the child: " + stop.cause + "; " + kill,
            {{"cause", stop.cause}, {"kill", kill}}};
}

LogLine line(const told::Lost& lost, const Subject& subject, WallTime) {
    return {
        LogLevel::kError, {}, "lost " + subject.lock + ": " + lost.cause, {{"cause", lost.cause}}};
}

LogLine line(const told::Holding& holding, const Subject& subject, WallTime) {
    return {LogLevel::kInfo,
            {},
            "the work has ended; keeping " + subject.lock + " for another " + span(holding.left) +
                " (--hold), so that no replica runs the same work again",
            {{"lock", subject.lock}, {"left", span(holding.left)}}};
}

LogLine line(const told::Released&, const Subject& subject, WallTime) {
    return {LogLevel::kInfo, {}, "released " + subject.lock, {{"lock", subject.lock}}};
}

LogLine line(const told::NotReleased& kept, const Subject& subject, WallTime now) {
    const std::string end = kept.left > Duration::zero()
                                ? "; the lease runs out by itself at " + until(now, kept.left) +
                                      " (in " + span(kept.left) + ")"
                                : "";
    return {LogLevel::kWarning,
            {},
            subject.lock + " was not released: " + kept.cause + end,
            {{"cause", kept.cause}}};
}

// --- the store ---

LogLine line(const told::StoreTrouble& trouble, const Subject&, WallTime now) {
    const std::string end = trouble.left > Duration::zero()
                                ? " until " + until(now, trouble.left) + " (in " +
                                      span(trouble.left) + "), then le-run ends"
                                : "";
    return {LogLevel::kWarning,
            {},
            "waiting for the store" + end + ": " + trouble.error,
            {{"error", trouble.error}}};
}

LogLine line(const told::StoreWorks&, const Subject&, WallTime) {
    return {LogLevel::kInfo, {}, "the store answers again", {}};
}

LogLine line(const told::WatchFails& failing, const Subject&, WallTime) {
    const std::string every = span(failing.every);
    return {LogLevel::kWarning,
            {},
            "the watch failed; polling every " + every + ", so a takeover may take up to " + every +
                " longer: " + failing.error,
            {{"every", every}, {"error", failing.error}}};
}

LogLine line(const told::WatchWorks&, const Subject&, WallTime) {
    return {LogLevel::kInfo, {}, "the watch works again", {}};
}

} // namespace

LogLine line_for(const election::Report& report, const Subject& subject, WallTime now) {
    LogLine said = std::visit([&](const auto& fact) { return line(fact, subject, now); }, report);
    said.event = election::name_of(report);
    return said;
}

} // namespace le_run::observe

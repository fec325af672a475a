#include "preflight/check_steps.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "base/duration_text.h"
#include "election/observation.h"
#include "net/http_headers.h"

namespace le_run::preflight {
namespace {

using std::chrono::seconds;

constexpr Duration kLookAgain = std::chrono::milliseconds(500);

std::string milliseconds(Duration duration) {
    return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(duration).count()) + "ms";
}

} // namespace

void check_record(const options::Options& options, const election::ReadOutcome& read,
                  Findings& findings) {
    if (const auto* failure = std::get_if<election::Failure>(&read)) {
        findings.bad("lease", failure->text);
        return;
    }
    const auto* found = std::get_if<election::StoredLease>(&read);
    if (found == nullptr) {
        findings.good("lease", "there is none yet");
        return;
    }
    const election::LeaseRecord& record = found->record;
    if (record.holder.text.empty()) {
        findings.good("lease", "nobody holds it");
        return;
    }
    findings.good("lease", "held by " + record.holder.text);
    const auto own =
        std::chrono::duration_cast<seconds>(options.election.timing.lease_duration).count();
    const auto theirs = record.lease_duration_seconds.value_or(own);
    if (theirs != own) {
        findings.warning("lease", "its holder has a lease duration of " + std::to_string(theirs) +
                                      "s, these options have " + std::to_string(own) +
                                      "s: give all candidates the same");
    }
}

void check_renewal(const options::Options& options, const election::ReadOutcome& first,
                   const std::function<election::ReadOutcome()>& read, Findings& findings) {
    using Steady = std::chrono::steady_clock;
    constexpr Duration kMost = seconds(30);
    const auto* found = std::get_if<election::StoredLease>(&first);
    if (found == nullptr || found->record.holder.text.empty()) {
        return;
    }
    const election::Timing& own = options.election.timing;
    const election::LeaseRecord& record = found->record;
    const Duration promised = election::duration_of(record, own.lease_duration);
    const Duration patience =
        std::min({std::max<Duration>(3 * own.retry_period, promised / 3), promised, kMost});
    const auto began = Steady::now();
    while (Steady::now() - began < patience) {
        std::this_thread::sleep_for(std::min<Duration>(own.retry_period / 4, kLookAgain));
        const election::ReadOutcome now = read();
        const auto* seen = std::get_if<election::StoredLease>(&now);
        if (seen == nullptr) {
            findings.warning("holder", record.holder.text + " may be alive or not: the lease "
                                                            "could not be read again");
            return;
        }
        if (seen->version != found->version) {
            const std::string& holder = seen->record.holder.text;
            findings.good("holder", holder == record.holder.text ? holder + " renews the lease"
                                    : holder.empty() ? record.holder.text + " has released it"
                                                     : holder + " has taken it");
            return;
        }
    }
    findings.warning("holder", record.holder.text + " has not renewed the lease for " +
                                   format_duration(patience) +
                                   ": if it is dead, a candidate takes the lease " +
                                   format_duration(promised) + " after the candidate's start");
}

void Latency::add(Duration took) {
    ++reads;
    shortest = std::min(shortest, took);
    longest = std::max(longest, took);
}

void check_latency(const election::Timing& timing, const Latency& latency, Findings& findings) {
    const Duration limit = timing.request_timeout();
    const std::string text = std::to_string(latency.reads) + " reads took " +
                             milliseconds(latency.shortest) + " to " +
                             milliseconds(latency.longest) +
                             "; with these settings a request may take " + format_duration(limit);
    if (latency.longest < limit / 2) {
        findings.good("latency", text);
    } else {
        findings.warning("latency", text + ": raise --renew-deadline, and --lease-duration with "
                                           "it, or find out what is slow");
    }
}

void check_clock(std::chrono::seconds ahead, Findings& findings) {
    const std::string far = net::clock_difference_text(ahead);
    if (!far.empty()) {
        findings.warning("clock", far + ": set it; le-run works without, but tokens and "
                                        "certificates depend on the time");
        return;
    }
    findings.good("clock", "this machine's differs from the server's by about " +
                               std::to_string(std::abs(ahead.count())) + "s");
}

void check_grace_period(const options::Options& options, std::optional<Duration> grace_period,
                        Findings& findings) {
    // The time to end the rest of the tree, and to release.
    const Duration afterwards =
        options.election.timing.kappa + 2 * options.election.timing.request_timeout();
    const auto& stop_grace = options.election.stop_grace;
    const std::string rule =
        stop_grace ? "give it at least " + format_duration(*stop_grace + afterwards) + ", the " +
                         format_duration(*stop_grace) + " of --stop-grace and " +
                         format_duration(afterwards) + " to release"
                   : "set --stop-grace to at least " + format_duration(afterwards) + " less";
    if (!grace_period) {
        findings.warning("pod", "its terminationGracePeriodSeconds cannot be seen with these "
                                "rights: " +
                                    rule);
        return;
    }
    const std::string period = "terminationGracePeriodSeconds is " + format_duration(*grace_period);
    if (!stop_grace || *stop_grace + afterwards > *grace_period) {
        findings.warning("pod", period + ": " + rule +
                                    "; else the kubelet may kill le-run before it has released, "
                                    "and the next leader waits for the lease to run out");
        return;
    }
    findings.good("pod", period + ", and --stop-grace leaves " +
                             format_duration(*grace_period - *stop_grace) + " of it to release");
}

} // namespace le_run::preflight

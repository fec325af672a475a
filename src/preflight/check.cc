#include "preflight/check.h"

#include <cstdio>

#include "base/duration_text.h"
#include "base/exit_code.h"
#include "preflight/check_steps.h"
#include "process/cpu_limit.h"

namespace le_run::preflight {
namespace {

void check_settings(const options::Options& options, Findings& findings) {
    const election::Timing& timing = options.election.timing;
    const std::string text =
        "a lease of " + format_duration(timing.lease_duration) + ", renewed every " +
        format_duration(timing.retry_period) + "; without a renewal the child is stopped after " +
        format_duration(timing.effective_renew_deadline()) + " and killed after " +
        format_duration(timing.kill_at(TimePoint()).boot());
    findings.good("settings", text);
    if (!options.cpu_limit_warning.empty()) {
        findings.warning("CPU limit", options.cpu_limit_warning);
    } else {
        findings.good("CPU limit",
                      process::cpu_limit() ? "large enough for the usual margins" : "none");
    }
}

} // namespace

int check(const options::Options& options) {
    Findings findings(stdout);
    if (!options.election_off.empty()) {
        findings.warning("settings", "the election is off (" + options.election_off +
                                         "): the command would run at once, without a lease");
        return 0;
    }
    check_settings(options, findings);
    if (const auto* file = std::get_if<file_store::FileLock>(&options.lock)) {
        check_file(options, *file, findings);
    } else {
        check_cluster(options, std::get<kubernetes_store::KubernetesLock>(options.lock), findings);
    }
    std::puts(findings.has_bad() ? "A lease cannot be won like this."
                                 : "A lease can be won like this.");
    std::fflush(stdout);
    return findings.has_bad() ? kExitCannot : 0;
}

} // namespace le_run::preflight

// The steps of `le-run check`. Each prints its own lines.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "election/lease.h"
#include "options/options.h"
#include "preflight/findings.h"

namespace le_run::preflight {

// Checks a lock file: its folder, its file system, its contents.
void check_file(const options::Options& options, const file_store::FileLock& lock,
                Findings& findings);

// Checks a Lease: from the kubeconfig to the rights.
void check_cluster(const options::Options& options, const kubernetes_store::KubernetesLock& lock,
                   Findings& findings);

// Prints who holds the lease now, and whether its lease duration is that of the options.
void check_record(const options::Options& options, const election::ReadOutcome& read,
                  Findings& findings);
// Checks whether the holder in `first` renews the lease: reads it again and again, for a third of
// its duration, but at most half a minute.
void check_renewal(const options::Options& options, const election::ReadOutcome& first,
                   const std::function<election::ReadOutcome()>& read, Findings& findings);

// The shortest and the longest time that one of `reads` reads took.
struct Latency {
    int reads = 0;
    Duration shortest = Duration::max(), longest{};

    void add(Duration took);
};
void check_latency(const election::Timing& timing, const Latency& latency, Findings& findings);

// `ahead`: how far this machine's clock is ahead of the server's.
void check_clock(std::chrono::seconds ahead, Findings& findings);

// `grace_period`: the time that the kubelet gives the pod to end; nothing: it cannot be seen.
void check_grace_period(const options::Options& options, std::optional<Duration> grace_period,
                        Findings& findings);

} // namespace le_run::preflight

// The parts of `le-run check`, each told in lines of its own.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "election/lease.h"
#include "options/options.h"
#include "preflight/findings.h"

namespace le_run::preflight {

// A lock file: its folder, its file system, what is in it.
void check_file(const options::Options& options, const file_store::FileLock& lock,
                Findings& findings);

// A Lease: from the kubeconfig to the rights.
void check_cluster(const options::Options& options, const kubernetes_store::KubernetesLock& lock,
                   Findings& findings);

// Who holds the lease now, and whether it suits the options.
void check_record(const options::Options& options, const election::ReadOutcome& read,
                  Findings& findings);
// Whether whoever holds the lease by `first` renews it: looks again and again, for a third of its
// duration and half a minute at the most.
void check_renewal(const options::Options& options, const election::ReadOutcome& first,
                   const std::function<election::ReadOutcome()>& read, Findings& findings);

// How long this many reads took, at least and at most.
struct Latency {
    int reads = 0;
    Duration shortest = Duration::max(), longest{};

    void add(Duration took);
};
void check_latency(const election::Timing& timing, const Latency& latency, Findings& findings);

// `ahead`: this machine's clock before the server's.
void check_clock(std::chrono::seconds ahead, Findings& findings);

// `grace_period`: what the kubelet gives the pod to end; nothing: it cannot be seen.
void check_grace_period(const options::Options& options, std::optional<Duration> grace_period,
                        Findings& findings);

} // namespace le_run::preflight

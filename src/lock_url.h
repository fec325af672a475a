// What is led over: the lock, as a URL and as the names of client-go's example.
#pragma once

#include <optional>
#include <string>
#include <variant>

namespace le_run {

struct KubernetesLock { // k8s://[namespace/]name
    // Without: of the pod, else of the kubeconfig's context, else "default".
    std::optional<std::string> lease_namespace;
    std::string name;
    std::optional<std::string> kubeconfig; // --kubeconfig
    // --context, --cluster, --user; empty: what the kubeconfig says.
    std::string context{}, cluster{}, user{};
};
struct FileLock {     // file:///path
    std::string path; // absolute
};
using Lock = std::variant<KubernetesLock, FileLock>;

// Reads a lock URL. On failure returns what is wrong and what to write instead (no flag name, no
// trailing full stop).
std::variant<Lock, std::string> parse_lock_url(const std::string& url);

} // namespace le_run

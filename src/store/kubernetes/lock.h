// The Kubernetes Lease that --lock and its options name.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace le_run::kubernetes_store {

struct KubernetesLock {
    static constexpr std::string_view kScheme = "k8s://";
    static constexpr std::string_view kForms = "k8s://NAMESPACE/NAME, k8s://NAME";

    // Reads the part after the scheme, or returns what is wrong with it and what to write instead.
    static std::variant<KubernetesLock, std::string> parse(const std::string& rest);

    // None: the pod's namespace, otherwise that of the kubeconfig's context, otherwise "default".
    std::optional<std::string> lease_namespace;
    std::string name;
    std::optional<std::string> kubeconfig; // --kubeconfig
    // --context, --cluster, --user; empty: as in the kubeconfig.
    std::string context{}, cluster{}, user{};
};

} // namespace le_run::kubernetes_store

// A Lease of Kubernetes, as --lock and the options beside it name it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace le_run::kubernetes_store {

struct KubernetesLock {
    static constexpr std::string_view kScheme = "k8s://";
    static constexpr std::string_view kForms = "k8s://NAMESPACE/NAME, k8s://NAME";

    // Reads what follows the scheme, or says what is wrong with it and what to write instead.
    static std::variant<KubernetesLock, std::string> parse(const std::string& rest);

    // Without: of the pod, else of the kubeconfig's context, else "default".
    std::optional<std::string> lease_namespace;
    std::string name;
    std::optional<std::string> kubeconfig; // --kubeconfig
    // --context, --cluster, --user; empty: what the kubeconfig says.
    std::string context{}, cluster{}, user{};
};

} // namespace le_run::kubernetes_store

// The API server, the trusted CA and the credentials, from a kubeconfig or from le-run's pod.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/config_error.h"
#include "kubernetes/credentials.h"
#include "kubernetes/exec_plugin.h"
#include "kubernetes/tls_files.h"
#include "net/http_transport.h"

namespace le_run::kubernetes {

inline constexpr const char* kServiceAccountFolder =
    "/var/run/secrets/kubernetes.io/serviceaccount";

// Names that replace those of the kubeconfig's current-context; empty: not given.
struct ContextChoice {
    std::string context{}, cluster{}, user{}; // names of entries

    bool is_given() const { return !context.empty() || !cluster.empty() || !user.empty(); }
};

struct KubeconfigRequest {
    std::optional<std::string> kubeconfig_flag; // --kubeconfig; empty counts as not given
    // The value of an environment variable; nothing: it is not set.
    std::function<std::optional<std::string>(const std::string&)> environment;
    std::string service_account_folder = kServiceAccountFolder;
    ContextChoice choice{};
    std::vector<std::string> variables{}; // "NAME=value": the environment for a credential plugin
};

// Everything that is needed for one API server. It has secrets: log nothing of it but `source`.
struct ClusterConfig {
    // Server, TLS and proxy. A CA in the kubeconfig replaces the system's. The proxy is the
    // cluster's proxy-url, otherwise that of the environment.
    net::Endpoint endpoint;
    TlsFiles tls_files; // the files of the texts in endpoint.tls_config
    TokenSource token;  // empty for plain http
    std::optional<ExecPlugin> plugin;
    // For every request: the impersonated user, and a password as Authorization (secret).
    std::vector<std::pair<std::string, std::string>> headers;
    std::string default_namespace; // of the pod if in a cluster, or of the context; may be empty
    std::string source;            // for people: "kubeconfig /home/a/.kube/config, context c"
    std::vector<std::string> warnings; // for people, at start
};

// Uses the first of: the flag, the existing files of KUBECONFIG together, the pod's service account
// (not if a context, cluster or user is chosen), ~/.kube/config. Reads and checks every file that
// it names. Throws ConfigError: one line, without secrets, with the file, the place in it, the
// fault and what to write instead.
ClusterConfig load_cluster_config(const KubeconfigRequest& request);

// The namespace of a lock: `given`, otherwise config.default_namespace, otherwise "default".
std::string lock_namespace(const ClusterConfig& config, const std::string& given);

} // namespace le_run::kubernetes

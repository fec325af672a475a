// Which API server, what to trust, who we are: from a kubeconfig or from the pod we run in.
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

// Instead of what the kubeconfig's current-context says; empty: not given.
struct ContextChoice {
    std::string context{}, cluster{}, user{}; // names of entries

    bool is_given() const { return !context.empty() || !cluster.empty() || !user.empty(); }
};

struct KubeconfigRequest {
    std::optional<std::string> kubeconfig_flag; // --kubeconfig; empty counts as not given
    // The value of an environment variable, nothing when it is not set.
    std::function<std::optional<std::string>(const std::string&)> environment;
    std::string service_account_folder = kServiceAccountFolder;
    ContextChoice choice{};
    std::vector<std::string> variables{}; // "NAME=value": the environment for a credential plugin
};

// Everything needed to talk to one API server. Holds secrets: never log it, but for `source`.
struct ClusterConfig {
    // Server, TLS and proxy; the CA is read, never the system's instead of a given one. The proxy
    // is the cluster's proxy-url, else the environment's.
    net::Endpoint endpoint;
    TlsFiles tls_files; // where the texts in endpoint.tls_config are from
    TokenSource token;  // none over plain http
    std::optional<ExecPlugin> plugin;
    // For every request: who is impersonated, and a password as Authorization (secret).
    std::vector<std::pair<std::string, std::string>> headers;
    std::string default_namespace; // of the pod when in cluster, else of the context; may be empty
    std::string source;            // for people: "kubeconfig /home/a/.kube/config, context c"
    std::vector<std::string> warnings; // for people, at start
};

// The first of: the flag, the existing files of KUBECONFIG as one, the service account of the pod
// (not when a context, cluster or user is chosen), ~/.kube/config. Reads every file it names and
// checks it. Throws ConfigError, one line that names the file, the place inside it, what is
// wrong and what to write instead, without secrets.
ClusterConfig load_cluster_config(const KubeconfigRequest& request);

// The namespace of a lock: the given one, else the default above, else "default".
std::string lock_namespace(const ClusterConfig& config, const std::string& given);

} // namespace le_run::kubernetes

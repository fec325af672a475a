// Which API server, what to trust, who we are: from a kubeconfig or from the pod we run in.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "kubernetes/credentials.h"
#include "net/http_transport.h"

namespace le_run::kubernetes {

inline constexpr const char* kServiceAccountFolder =
    "/var/run/secrets/kubernetes.io/serviceaccount";

struct KubeconfigRequest {
    std::optional<std::string> kubeconfig_flag; // --kubeconfig; empty counts as not given
    // The value of an environment variable, nothing when it is not set.
    std::function<std::optional<std::string>(const std::string&)> environment;
    std::string service_account_folder = kServiceAccountFolder;
};

// Everything needed to talk to one API server. Holds secrets: never log it, but for `source`.
struct ClusterConfig {
    // Server, TLS and proxy; the CA is read, never the system's instead of a given one. The proxy
    // is the one of proxy_url, else of the environment.
    net::Endpoint endpoint;
    TokenSource token; // none over plain http
    // The cluster's proxy-url: http, https or socks5, a host, perhaps a port and user:password@
    // (secret). Empty: not given, so the environment's proxy variables count.
    std::string proxy_url;
    std::string default_namespace; // of the pod when in cluster, else of the context; may be empty
    std::string source;            // for people: "kubeconfig /home/a/.kube/config, context c"
};

// The first of: the flag, the first existing file of KUBECONFIG, the service account of the pod,
// ~/.kube/config. Reads every file it names and checks it. Throws StoreConfigError, one line that
// names the file, the place inside it, what is wrong and what to write instead, without secrets.
ClusterConfig load_cluster_config(const KubeconfigRequest& request);

// The namespace of a lock: the given one, else the default above, else "default".
std::string lock_namespace(const ClusterConfig& config, const std::string& given);

} // namespace le_run::kubernetes

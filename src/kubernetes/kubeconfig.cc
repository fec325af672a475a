#include "kubernetes/kubeconfig.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <variant>

#include <unistd.h>

#include "base/config_error.h"
#include "base/small_file.h"
#include "kubernetes/errors.h"
#include "kubernetes/kubeconfig_context.h"
#include "kubernetes/kubeconfig_file.h"
#include "kubernetes/pem.h"
#include "kubernetes/server_url.h"

namespace le_run::kubernetes {
namespace {

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string variable(const KubeconfigRequest& request, const std::string& name) {
    return request.environment ? request.environment(name).value_or("") : "";
}

// The existing files of a list separated by ':'.
std::vector<std::string> existing(const std::string& list) {
    std::vector<std::string> paths;
    for (std::size_t begin = 0; begin <= list.size();) {
        const std::size_t end = std::min(list.find(':', begin), list.size());
        const std::string path = list.substr(begin, end - begin);
        if (!path.empty() && exists(path)) {
            paths.push_back(path);
        }
        begin = end + 1;
    }
    return paths;
}

[[noreturn]] void fail_in_cluster(const std::string& what) {
    throw ConfigError("service account of this pod: " + what +
                      "; let the pod mount its service account token "
                      "(automountServiceAccountToken: true) or give --kubeconfig");
}

// Reads a file that a service account must have.
std::string service_account_file(const std::string& path) {
    auto bytes = read_small_file(path, kMaxSecretFile, MayWait::kYes);
    if (const auto* error = std::get_if<FileError>(&bytes)) {
        fail_in_cluster(path + " " + error->text);
    }
    return std::get<std::string>(std::move(bytes));
}

ClusterConfig in_cluster_config(const KubeconfigRequest& request, const std::string& host,
                                const std::string& port) {
    const std::string& folder = request.service_account_folder;
    const bool ipv6 = host.find(':') != std::string::npos && host.front() != '[';
    const std::string url = "https://" + (ipv6 ? "[" + host + "]" : host) + ":" + port;
    auto endpoint = split_server_url(url);
    if (const auto* error = std::get_if<UrlError>(&endpoint)) {
        fail_in_cluster("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT give \"" + url +
                        "\", which " + error->text);
    }

    ClusterConfig config;
    config.endpoint = std::get<net::Endpoint>(std::move(endpoint));
    const std::string ca_path = folder + "/ca.crt";
    config.tls_files.ca = ca_path;
    config.endpoint.tls_config.ca_pem = service_account_file(ca_path);
    if (const auto wrong = wrong_with_certificates(*config.endpoint.tls_config.ca_pem)) {
        fail_in_cluster(ca_path + " " + *wrong);
    }
    config.token.file = folder + "/token";
    const auto token = read_token(config.token.file);
    if (const auto* error = std::get_if<FileError>(&token)) {
        fail_in_cluster(error->text);
    }
    // A hand-made projected volume may lack it. Then the lock's namespace or `default` is used.
    auto pod_namespace = read_small_file(folder + "/namespace", kMaxSecretFile, MayWait::kYes);
    if (auto* text = std::get_if<std::string>(&pod_namespace)) {
        config.default_namespace = *text;
        while (!config.default_namespace.empty() && config.default_namespace.back() <= ' ') {
            config.default_namespace.pop_back();
        }
    }
    config.source = "the service account of this pod";
    return config;
}

ClusterConfig load_in_order(const KubeconfigRequest& request) {
    const auto read = [&](std::vector<std::string> paths) {
        for (std::string& path :
             paths) { // absolute, because le-run reads them again after it has left this folder
            path = std::filesystem::absolute(path);
        }
        return read_context(Kubeconfig(paths), request.choice, request.variables);
    };
    if (request.kubeconfig_flag && !request.kubeconfig_flag->empty()) {
        return read({*request.kubeconfig_flag});
    }

    const std::string list = variable(request, "KUBECONFIG");
    if (const auto paths = existing(list); !paths.empty()) {
        return read(paths);
    }
    if (!list.empty()) {
        throw ConfigError("no file that KUBECONFIG names exists: \"" + list +
                          "\"; correct it or unset it");
    }

    const std::string host = variable(request, "KUBERNETES_SERVICE_HOST");
    const std::string port = variable(request, "KUBERNETES_SERVICE_PORT");
    const bool in_pod = !host.empty() && !port.empty() && !request.choice.is_given();
    const std::string home = variable(request, "HOME");
    const std::string fallback = home.empty() ? "" : home + "/.kube/config";
    const bool has_fallback = !fallback.empty() && exists(fallback);
    // A pod without a token may have a kubeconfig in its home folder instead.
    if (in_pod && (exists(request.service_account_folder + "/token") || !has_fallback)) {
        return in_cluster_config(request, host, port);
    }
    if (has_fallback) {
        return read({fallback});
    }
    throw ConfigError(
        std::string("no kubeconfig: --kubeconfig and KUBECONFIG are not set, ") +
        (request.choice.is_given() ? "--context, --cluster and --user need one, and "
                                   : "this is no pod (KUBERNETES_SERVICE_HOST is not set), and ") +
        (fallback.empty() ? "HOME is not set" : fallback + " is missing") + "; give --kubeconfig");
}

// Like kubectl: only if the kubeconfig names no proxy. NO_PROXY does not change a kubeconfig's
// proxy.
void take_proxy_of_environment(const KubeconfigRequest& request, net::Endpoint& endpoint) {
    auto choice =
        net::proxy_of_environment(endpoint.tls, endpoint.host, endpoint.port,
                                  [&](const auto& name) { return variable(request, name); });
    if (const auto* error = std::get_if<net::ProxyError>(&choice)) {
        throw ConfigError(error->text);
    }
    endpoint.proxy = std::get<std::optional<net::Proxy>>(std::move(choice));
}

} // namespace

ClusterConfig load_cluster_config(const KubeconfigRequest& request) {
    try {
        auto config = load_in_order(request);
        if (!config.endpoint.proxy) {
            take_proxy_of_environment(request, config.endpoint);
        }
        return config;
    } catch (const ConfigError& error) {
        throw ConfigError(one_line(error.what())); // names and paths may contain line ends
    }
}

std::string lock_namespace(const ClusterConfig& config, const std::string& given) {
    if (!given.empty()) {
        return given;
    }
    return config.default_namespace.empty() ? "default" : config.default_namespace;
}

} // namespace le_run::kubernetes

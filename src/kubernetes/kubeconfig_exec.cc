#include "kubernetes/kubeconfig_exec.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/small_file.h"
#include "kubernetes/base64.h"
#include "kubernetes/errors.h"
#include "process/find_program.h"

namespace le_run::kubernetes {
namespace {

using nlohmann::ordered_json;

constexpr const char* kPluginConfig = "client.authentication.k8s.io/exec"; // a cluster's extension

void check_mode(const Section& exec, const std::string& api_version) {
    const std::string mode = exec.text("interactiveMode");
    if (mode == "Always") {
        exec.fail("interactiveMode", "is Always, but the plugin cannot ask anybody: standard input "
                                     "belongs to the child; write IfAvailable or Never");
    }
    if (mode.empty() && api_version == "client.authentication.k8s.io/v1") {
        exec.fail("interactiveMode", "is missing; " + api_version + " needs it, write Never");
    }
    if (!mode.empty() && mode != "Never" && mode != "IfAvailable") {
        exec.fail("interactiveMode", "is \"" + mode + "\"; write Never or IfAvailable");
    }
}

std::string value_of(const std::vector<std::string>& variables, const std::string& name) {
    for (const std::string& entry : variables) {
        if (entry.starts_with(name + "=")) {
            return entry.substr(name.size() + 1);
        }
    }
    return {};
}

std::string find_command(const Section& exec, const std::string& command, const std::string& path,
                         const std::string& hint) {
    try {
        const std::string found =
            process::find_program(command, path.empty() ? "/usr/local/bin:/bin:/usr/bin" : path);
        // Like kubectl ("found relative to current directory"): anybody who may write to that
        // folder could run a program as le-run.
        if (command.find('/') == std::string::npos && !found.starts_with('/')) {
            exec.fail("command", "names a credential plugin that PATH finds only relative to the "
                                 "current folder (" +
                                     found +
                                     "), which is not safe; give its whole path, or take "
                                     "empty and relative entries out of PATH");
        }
        return found;
    } catch (const process::ProgramError& error) {
        exec.fail("command", std::string("names a credential plugin that cannot be run: ") +
                                 error.what() + (hint.empty() ? "" : "; " + hint));
    }
}

// Describes the cluster to a plugin as kubectl does, with the CA always as data.
ordered_json describe_cluster(const Section& cluster, const net::TlsConfig& tls) {
    ordered_json described;
    const auto add = [&](const char* key, const std::string& value) {
        if (!value.empty()) {
            described[key] = value;
        }
    };
    add("server", cluster.text("server"));
    add("tls-server-name", cluster.text("tls-server-name"));
    if (!tls.verify) {
        described["insecure-skip-tls-verify"] = true;
    }
    add("certificate-authority-data", encode_base64(tls.ca_pem.value_or("")));
    add("proxy-url", cluster.text("proxy-url"));
    described["config"] = nullptr;
    for (const Section& extension : cluster.sections("extensions")) {
        if (extension.text("name") == kPluginConfig) {
            described["config"] = extension.json("extension");
        }
    }
    return described;
}

// Of two entries with one name, the later counts.
void put(std::vector<std::string>& environment, const std::string& name, const std::string& value) {
    std::erase_if(environment, [&](const auto& entry) { return entry.starts_with(name + "="); });
    environment.push_back(name + "=" + value);
}

void read_environment(const Section& exec, ExecPlugin& plugin) {
    for (const Section& one : exec.sections("env")) {
        const std::string name = one.text("name");
        const std::string value = one.text("value");
        if (name.empty() || name.find_first_of(std::string("=\0", 2)) != std::string::npos) {
            one.fail("name", "is missing or holds a =; write the name of a variable");
        }
        put(plugin.command.environment, name, value);
        plugin.secrets.push_back(value);
    }
}

} // namespace

ExecPlugin read_exec(const Section& exec, const Section& cluster, const net::TlsConfig& tls,
                     const std::vector<std::string>& variables) {
    ExecPlugin plugin;
    plugin.api_version = exec.text("apiVersion");
    if (!is_exec_api_version(plugin.api_version)) {
        exec.fail("apiVersion",
                  "is " +
                      (plugin.api_version.empty() ? std::string("missing")
                                                  : "\"" + plugin.api_version + "\"") +
                      "; write client.authentication.k8s.io/v1 or "
                      "client.authentication.k8s.io/v1beta1, whichever the plugin "
                      "speaks (a newer one, if it speaks neither)");
    }
    check_mode(exec, plugin.api_version);
    plugin.name = exec.text("command");
    if (plugin.name.empty()) {
        exec.fail("command", "is missing; write the name of the credential plugin");
    }
    plugin.place = exec.place();
    plugin.install_hint = one_line(exec.text("installHint"));

    plugin.command.argv = exec.texts("args");
    plugin.command.argv.insert(plugin.command.argv.begin(), plugin.name);
    plugin.command.environment = variables;
    std::error_code gone; // on an error the plugin runs in le-run's folder
    plugin.command.folder = std::filesystem::current_path(gone);
    read_environment(exec, plugin);
    ordered_json info = {{"kind", "ExecCredential"},
                         {"apiVersion", plugin.api_version},
                         {"spec", {{"interactive", false}}}};
    if (exec.truth("provideClusterInfo")) {
        info["spec"]["cluster"] = describe_cluster(cluster, tls);
    }
    put(plugin.command.environment, "KUBERNETES_EXEC_INFO",
        info.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
    const bool has_slash = plugin.name.find('/') != std::string::npos;
    plugin.command.program =
        find_command(exec, has_slash ? in_folder_of(exec.file(), plugin.name) : plugin.name,
                     value_of(variables, "PATH"), plugin.install_hint);
    return plugin;
}

} // namespace le_run::kubernetes

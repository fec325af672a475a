// Shell scripts as credential plugins.
#pragma once

#include <cstdlib>
#include <ctime>
#include <string>

#include "helpers/catch.h"
#include "helpers/scratch_folder.h"
#include "kubernetes/exec_plugin.h"

namespace le_run::test {

constexpr const char* kExecV1 = "client.authentication.k8s.io/v1";

inline kubernetes::PluginCommand script(const std::string& text) {
    return {"/bin/sh", {"sh", "-c", text, "plugin"}, {std::string("PATH=") + ::getenv("PATH")}};
}

inline std::string time_in(int seconds) {
    const std::time_t then = std::time(nullptr) + seconds;
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", ::gmtime(&then));
    return text;
}

// The answer with this status, a JSON object; it holds no quote of the shell's.
inline std::string answer_with(const std::string& status) {
    return std::string("{\"kind\":\"ExecCredential\",\"apiVersion\":\"") + kExecV1 +
           "\",\"status\":" + status + "}";
}

inline kubernetes::ExecPlugin plugin_of(const std::string& text) {
    kubernetes::ExecPlugin plugin;
    plugin.name = "my-plugin";
    plugin.place = "kubeconfig K: users[u].user.exec";
    plugin.api_version = kExecV1;
    plugin.command = script(text);
    return plugin;
}

} // namespace le_run::test

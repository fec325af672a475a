// The protocol of credential plugins: client.authentication.k8s.io, v1 and v1beta1.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kubernetes/plugin_process.h"

namespace le_run::kubernetes {

struct ExecPlugin {
    std::string name;        // the command in the kubeconfig
    std::string place;       // the place of the exec section in the kubeconfig, for people
    std::string api_version; // the version for its answer
    PluginCommand command;
    std::string install_hint;         // for people, one line; may be empty
    std::vector<std::string> secrets; // values of its environment; no message may contain them
};

struct PluginCredential {
    std::string token;           // secret; empty: none
    std::string certificate_pem; // both or none
    std::string key_pem;         // secret
    // When the token or the certificate expires, whichever is earlier; nothing: not known.
    std::optional<std::chrono::system_clock::time_point> expires;
};

bool is_exec_api_version(const std::string& text);

// Checks an answer. On failure returns what is wrong, as the end of a sentence ("printed nothing on
// its standard output"), and never quotes the answer.
std::variant<PluginCredential, std::string> parse_plugin_answer(const std::string& answer,
                                                                const std::string& api_version);

// Why a run failed, for people: "the credential plugin aws exited with 255; it said: not logged
// in". The plugin's text is on one line; everything that may be a secret is blanked.
std::string describe_failure(const ExecPlugin& plugin, const PluginRun& run);

// Blanks everything in a text that may be a secret: the words in `known`, PEM blocks, and long
// words of letters and digits.
std::string without_secrets(const std::string& text, const std::vector<std::string>& known);

} // namespace le_run::kubernetes

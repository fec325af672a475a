// What a credential plugin is asked and answers: client.authentication.k8s.io, v1 and v1beta1.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kubernetes/plugin_process.h"

namespace le_run::kubernetes {

struct ExecPlugin {
    std::string name;        // as the kubeconfig calls it
    std::string place;       // where the kubeconfig says so, for people
    std::string api_version; // in which it shall answer
    PluginCommand command;
    std::string install_hint;         // for people, one line; may be empty
    std::vector<std::string> secrets; // what no message may hold: values of its environment
};

struct PluginCredential {
    std::string token;           // secret; empty: none
    std::string certificate_pem; // both or none
    std::string key_pem;         // secret
    // Of token and certificate, the earlier; nothing: not known.
    std::optional<std::chrono::system_clock::time_point> expires;
};

bool is_exec_api_version(const std::string& text);

// An answer, checked. Else what is wrong with it, as the end of a sentence: "printed no JSON".
// Never quotes it.
std::variant<PluginCredential, std::string> parse_plugin_answer(const std::string& answer,
                                                                const std::string& api_version);

// Why a run failed, for people: "the credential plugin aws exited with 255: not logged in". What it
// said is on one line, with whatever may be a secret blanked.
std::string describe_failure(const ExecPlugin& plugin, const PluginRun& run);

// Blanks what may be a secret in a text for people: words that `known` holds, PEM blocks, and long
// words of letters and digits.
std::string without_secrets(const std::string& text, const std::vector<std::string>& known);

} // namespace le_run::kubernetes

// What kubectl itself makes of kubeconfigs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "helpers/process.h"

namespace le_run::test {

// `kubectl config view` of the chosen context, files embedded. Null: kubectl refuses. Nothing:
// there is no kubectl here.
inline std::optional<nlohmann::json> kubectl_view(const std::string& files,
                                                  const std::vector<std::string>& options = {}) {
    std::vector<std::string> argv{"kubectl",  "config",    "view", "--raw",
                                  "--minify", "--flatten", "-o",   "json"};
    argv.insert(argv.end(), options.begin(), options.end());
    try {
        Process kubectl({.argv = argv, .environment = {{"KUBECONFIG", files}}});
        if (kubectl.wait() != 0)
            return nlohmann::json();
        return nlohmann::json::parse(kubectl.out());
    } catch (const std::system_error&) {
        return std::nullopt;
    }
}

} // namespace le_run::test

// What kubectl itself makes of kubeconfigs.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "helpers/process.h"
#include "process/find_program.h"

namespace le_run::test {

// `kubectl config view` of the chosen context, files embedded. Null: kubectl refuses. Nothing:
// there is no kubectl here. Some builds of it ask the server for its version first, and run the
// user's plugin for that: neither is within its reach.
inline std::optional<nlohmann::json> kubectl_view(const std::string& files,
                                                  const std::vector<std::string>& options = {}) {
    const char* path = std::getenv("PATH");
    std::vector<std::string> argv{"",         "config",    "view", "--raw",
                                  "--minify", "--flatten", "-o",   "json"};
    argv.insert(argv.end(), options.begin(), options.end());
    try {
        argv.front() = process::find_program("kubectl", path == nullptr ? "/usr/bin" : path);
    } catch (const process::ProgramError&) {
        return std::nullopt;
    }
    const std::string nobody = "http://127.0.0.1:1";
    Process kubectl({.argv = argv,
                     .environment = {{"KUBECONFIG", files},
                                     {"HOME", "/nonexistent/home"},
                                     {"PATH", "/nonexistent"},
                                     {"HTTPS_PROXY", nobody},
                                     {"HTTP_PROXY", nobody}},
                     .inherit_environment = false});
    if (kubectl.wait() != 0) {
        return nlohmann::json();
    }
    return nlohmann::json::parse(kubectl.out());
}

} // namespace le_run::test

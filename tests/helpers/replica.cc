#include "helpers/replica.h"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace le_run::test {
namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

Words arguments(const Replica::Setup& setup) {
    Words result = setup.launcher + Words{le_run_binary()} + setup.options + Words{"--"};
    return result + (setup.command.empty() ? Words{TEST_WORKER} + setup.worker : setup.command);
}

} // namespace

Words operator+(Words a, const Words& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Environment operator+(Environment a, const Environment& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Environment without_settings() {
    Environment result;
    for (const char* name :
         {"PATH", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"}) {
        if (const char* value = std::getenv(name); value != nullptr) {
            result.emplace_back(name, value);
        }
    }
    return result;
}

Replica::Replica(const Setup& setup) : name_(setup.name) {
    Environment environment = without_settings();
    environment.emplace_back("TEST_WORKER_REPLICA", setup.name);
    environment.emplace_back("TEST_WORKER_RECORD", setup.record);
    environment.insert(environment.end(), setup.environment.begin(), setup.environment.end());
    process_ = std::make_unique<Process>(Command{.argv = arguments(setup),
                                                 .environment = environment,
                                                 .inherit_environment = false,
                                                 .is_pid_one = setup.is_pid_one});
}

std::vector<std::string> Replica::log_lines(const Words& words) const {
    std::vector<std::string> result;
    for (const std::string& line : lines_of(log())) {
        const std::string lowered = lower(line);
        if (std::all_of(words.begin(), words.end(), [&](const std::string& word) {
                return lowered.find(lower(word)) != std::string::npos;
            })) {
            result.push_back(line);
        }
    }
    return result;
}

pid_t Replica::guard() const {
    const auto children = children_of(pid());
    return children.empty() ? 0 : children.front();
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> result;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty()) {
            result.push_back(line);
        }
    }
    return result;
}

} // namespace le_run::test

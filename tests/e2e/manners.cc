#include "e2e/manners.h"

#include "helpers/catch.h"

namespace le_run::test {
namespace {

const char* name_of(Init init) {
    switch (init) {
    case Init::kLeRun:
        return "le-run";
    case Init::kTini:
        return "tini";
    case Init::kDumbInit:
        return "dumb-init";
    }
    return "";
}

const std::string& text_for(const Manner& manner, Init init) {
    switch (init) {
    case Init::kTini:
        return manner.tini;
    case Init::kDumbInit:
        return manner.dumb_init;
    case Init::kLeRun:
        break;
    }
    return manner.le_run;
}

// The init's words, the -- included.
Words words_of(Init init, const ScratchFolder& folder, const std::string& log_level) {
    switch (init) {
    case Init::kTini:
        return {"tini", "-s", "--"};
    case Init::kDumbInit:
        return {"dumb-init", "--"};
    case Init::kLeRun:
        break;
    }
    return {le_run_binary(), "--lock",  "file://" + folder.file("lock"),
            "--log-level",   log_level, "--"};
}

} // namespace

Environment crashing_plainly() {
    const char* given = std::getenv("ASAN_OPTIONS");
    std::string options = given == nullptr ? "" : given;
    for (const char* crash : {"segv", "sigbus", "abort", "sigill", "sigfpe", "sigtrap"}) {
        options += std::string(options.empty() ? "" : ":") + "handle_" + crash + "=0";
    }
    return {{"ASAN_OPTIONS", options}};
}

InitProcess::InitProcess(Init init, const InitStart& start)
    : process_(std::make_unique<Process>(Command{
          .argv = start.launcher + words_of(init, *folder_, start.log_level) + start.command,
          .environment = without_settings() + start.environment,
          .inherit_environment = false,
          .standard_input = start.standard_input,
          .folder = folder_->path(),
          .is_pid_one = start.is_pid_one})) {}

Manner all_alike(const std::string& text) { return {text, text, text}; }

void compare(const std::string& input, const Manner& expected,
             const std::function<std::string(Init)>& look) {
    const bool stands_apart =
        expected.le_run != expected.tini || expected.le_run != expected.dumb_init;
    INFO(input);
    CHECK((!stands_apart || *expected.reason != '\0'));
    for (const Init init : kInits) {
        INFO("under " << name_of(init));
        CHECK(look(init) == text_for(expected, init));
    }
}

} // namespace le_run::test

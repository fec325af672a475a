// le-run beside the two inits that it takes the place of in images, tini and dumb-init: the same
// program under each, and what each is expected to do.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include <sys/types.h>

#include "helpers/process.h"
#include "helpers/replica.h"

namespace le_run::test {

enum class Init { kLeRun, kTini, kDumbInit };
constexpr std::array<Init, 3> kInits = {Init::kLeRun, Init::kTini, Init::kDumbInit};

// For le-run as it is under sanitizers: signals that crash do so, and no report is written.
Environment crashing_plainly();

struct InitStart {
    Words command{};
    Words launcher{}; // before the init: a program that executes the rest
    Environment environment{};
    std::string standard_input{};
    bool is_pid_one = false;
    std::string log_level = "error"; // of le-run
};

// A running init with its program below it; its working directory is a scratch folder of its own.
// le-run leads alone, over a file there. tini is made a subreaper (-s), as its manual says for
// where it is not PID 1.
class InitProcess {
public:
    InitProcess(Init init, const InitStart& start);

    Process& process() { return *process_; }
    pid_t pid() const { return process_->pid(); }
    const ScratchFolder& folder() const { return *folder_; }

private:
    std::unique_ptr<ScratchFolder> folder_ = std::make_unique<ScratchFolder>();
    std::unique_ptr<Process> process_;
};

// What each does on one input, in words.
struct Manner {
    std::string le_run, tini, dumb_init;
    const char* reason = ""; // why le-run's is not what both others do
};
Manner all_alike(const std::string& text);

// Looks at what each init does, compares, and asks for a reason where le-run stands apart.
void compare(const std::string& input, const Manner& expected,
             const std::function<std::string(Init)>& look);

} // namespace le_run::test

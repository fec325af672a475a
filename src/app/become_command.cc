#include "app/become_command.h"

#include <chrono>
#include <cstring>

#include <unistd.h>

#include "app/exit_status.h"
#include "observe/log.h"
#include "process/execute.h"

namespace le_run::app {
namespace {

// Writes to standard error without observe::Log, because its thread must not exist before an exec.
void log_at_once(const options::Options& options, const observe::LogLine& line) {
    if (line.level < options.log_level) {
        return;
    }
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const std::string text =
        observe::render(line, options.log_format,
                        std::chrono::duration_cast<std::chrono::microseconds>(now).count()) +
        "\n";
    // Standard error may be closed or full. Then no place is left to report it.
    (void)!::write(STDERR_FILENO, text.data(), text.size());
}

} // namespace

int become_command(const options::Options& options, const sigset_t& signal_mask,
                   bool sigchld_ignored) {
    log_at_once(options, {observe::LogLevel::kInfo,
                          "not_electing",
                          "elects nothing (" + options.election_off + "): " + options.program +
                              " replaces le-run",
                          {{"reason", options.election_off}}});
    const process::Program program(options.program, options.command);
    std::vector<std::string> environment = options.environment;
    std::vector<char*> envp;
    for (std::string& entry : environment) {
        envp.push_back(entry.data());
    }
    envp.push_back(nullptr);
    if (sigchld_ignored) {
        ::signal(SIGCHLD, SIG_IGN);
    }
    ::sigprocmask(SIG_SETMASK, &signal_mask, nullptr);
    const int error = program.execute(envp.data());
    log_at_once(options, {observe::LogLevel::kError,
                          "exec_failed",
                          options.program + " could not be started: " + std::strerror(error),
                          {}});
    return exit_status_of_exec(error);
}

} // namespace le_run::app

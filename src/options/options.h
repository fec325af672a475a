// The user's settings. A flag wins over the environment, the environment over the file, the file
// over a default. All relations between them are checked before anything is started.
#pragma once

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "election/election_config.h"
#include "observe/log_choice.h"
#include "store/lock.h"

namespace le_run::options {

// The task that the first word names. kRun (no such word): contend, and run the command.
enum class Task { kRun, kCheck, kRbac, kStatus, kWait };

struct Options {
    Task task = Task::kRun;
    // Empty: elect. Otherwise the setting that turned the election off, for the log: the command
    // replaces le-run, and there may be no lock.
    std::string election_off;
    store::Lock lock;
    election::ElectionConfig election; // election.timing has the margins for the CPU limit
    int stop_signal = 0;
    bool allow_new_privileges = false;
    bool pid_namespace = false;
    observe::LogLevel log_level = observe::LogLevel::kInfo;
    observe::LogFormat log_format = observe::LogFormat::kText;
    std::vector<std::string> command; // only for a run
    std::string program;              // command[0] found in PATH
    std::vector<std::string>
        environment;               // for the child: inherited without le-run's option variables
    std::string cpu_limit_warning; // empty: none
    bool json = false;             // status
    bool watch = false;            // status
    std::string leader;            // wait; empty: anybody
};

// --help, --version and --print-config: print this on standard output and exit 0.
struct JustPrint {
    std::string text;
};

// The settings cannot be used. what() is one line for the user; exit with code().
class OptionsError : public std::runtime_error {
public:
    OptionsError(const std::string& text, int code) : std::runtime_error(text), code_(code) {}
    int code() const { return code_; }

private:
    int code_;
};

// Reads its arguments, the configuration file, PATH, the host name, the CPU limit and random bytes.
// Starts and writes nothing. Throws OptionsError.
std::variant<Options, JustPrint> parse_options(const std::vector<std::string>& arguments,
                                               const std::vector<std::string>& environment);

} // namespace le_run::options

#include "options/options.h"

#include <algorithm>
#include <csignal>

#include <sys/random.h>
#include <unistd.h>

#include "base/duration_text.h"
#include "base/exit_code.h"
#include "options/config_file.h"
#include "options/environment.h"
#include "options/flags.h"
#include "options/k8s_await_election.h"
#include "options/lock_choice.h"
#include "options/option_table.h"
#include "options/print_config.h"
#include "options/values.h"
#include "process/cpu_limit.h"
#include "process/find_program.h"
#include "process/signal_names.h"

namespace le_run::options {
namespace {

void add_other_places(Values& values, const std::vector<std::string>& environment) {
    add_environment(values, environment);
    if (const Value* file = find(values, "config")) {
        add_config_file(values, *file);
    }
    add_k8s_await_election(values, environment);
    for (const OptionText& option : kOptions) {
        if (option.fallback[0] != '\0') {
            add(values, option.name, {option.fallback, "default", Origin::kDefault});
        }
    }
}

Duration duration_of(const Value& value) {
    const auto duration = parse_duration(value.text);
    if (!duration) {
        fail(value, "not a duration: write it as 15s, 1m30s or 500ms");
    }
    return *duration;
}

template <class Choice>
using Choices = std::vector<std::pair<std::string, Choice>>;

const Choices<bool> kStandbyOrExit{{"standby", true}, {"exit", false}};

template <class Choice>
Choice read_choice(const Values& values, const std::string& name, const Choices<Choice>& choices) {
    const Value& value = values.at(name); // never throws, because there is a default
    std::string allowed;
    for (const auto& [text, choice] : choices) {
        if (value.text == text) {
            return choice;
        }
        allowed += (allowed.empty() ? "" : ", ") + text;
    }
    fail(value, "use one of: " + allowed);
}

bool read_bool(const Values& values, const std::string& name) {
    return read_choice<bool>(values, name,
                             {{"true", true}, {"1", true}, {"false", false}, {"0", false}});
}

std::uint64_t random_number() {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != sizeof number) {
        fail("the kernel gives no random numbers for --id: set --id");
    }
    return number;
}

election::HolderIdentity read_identity(const Values& values) {
    if (const Value* value = find(values, "id")) {
        constexpr std::size_t kLongest = 256;
        const bool printable = std::all_of(value->text.begin(), value->text.end(),
                                           [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
        if (value->text.empty() || value->text.size() > kLongest || !printable) {
            fail(*value, "use 1 to 256 printable ASCII characters");
        }
        return {value->text};
    }
    char host[256] = "localhost";
    ::gethostname(host, sizeof host - 1);
    char random[40];
    std::snprintf(random, sizeof random, "%016lx%016lx",
                  static_cast<unsigned long>(random_number()),
                  static_cast<unsigned long>(random_number()));
    return {std::string(host) + "_" + random};
}

void read_timing(const Values& values, Options* options) {
    election::Timing& timing = options->election.timing;
    const auto read = [&](const char* name, auto* target) {
        if (const Value* value = find(values, name)) {
            *target = duration_of(*value);
        }
    };
    read("lease-duration", &timing.lease_duration);
    read("renew-deadline", &timing.renew_deadline);
    read("retry-period", &timing.retry_period);
    read("lost-grace", &timing.lost_grace);
    read("stop-grace", &options->election.stop_grace);
    read("wait", &options->election.wait);
    read("hold", &options->election.hold);
    const auto limit = process::cpu_limit();
    timing.lambda = timing.kappa = election::margin_for(limit);

    std::string all;
    for (const std::string& broken : election::broken_relations(timing)) {
        all += (all.empty() ? "" : "; ") + broken;
    }
    if (!all.empty() && options->election_off.empty()) { // a CPU limit may also break a relation
        fail(all);
    }
    if (timing.lambda > election::Timing::kLeastMargin) {
        char cpus[32];
        std::snprintf(cpus, sizeof cpus, "%.3g", *limit);
        options->cpu_limit_warning =
            std::string("the CPU limit of ") + cpus + " CPUs calls for margins of " +
            format_duration(timing.lambda) + ": without a renewal the child is stopped after " +
            format_duration(timing.effective_renew_deadline()) + " and killed after " +
            format_duration(timing.usable());
        if (const Duration longer = election::lease_duration_for(timing);
            longer > timing.lease_duration) {
            options->cpu_limit_warning += "; --lease-duration " + format_duration(longer) +
                                          " restores the renew deadline of " +
                                          format_duration(timing.renew_deadline);
        }
    }
}

int read_stop_signal(const Values& values) {
    const Value& value = values.at("stop-signal");
    const auto number = process::parse_signal(value.text);
    if (!number || *number == SIGSTOP || *number == SIGCONT || *number == SIGCHLD) {
        fail(value, "not a signal that can ask a program to stop: use a name such as SIGTERM, "
                    "SIGINT or SIGQUIT");
    }
    return *number;
}

// Interprets each value and checks all relations between them. The lock may be missing.
Options settle(Values& values) {
    Options options;
    if (!read_bool(values, "enabled")) {
        options.election_off = values.at("enabled").source;
    }
    options.lock = read_lock(values).value_or(store::Lock{});
    options.election.id = read_identity(values);
    options.election.seed = random_number();
    read_timing(values, &options);
    options.stop_signal = read_stop_signal(values);
    options.election.standby_after_loss = read_choice(values, "on-lost", kStandbyOrExit);
    options.election.standby_after_work_ended = read_choice(values, "on-exit", kStandbyOrExit);
    options.log_level = read_choice<observe::LogLevel>(values, "log-level",
                                                       {{"debug", observe::LogLevel::kDebug},
                                                        {"info", observe::LogLevel::kInfo},
                                                        {"warning", observe::LogLevel::kWarning},
                                                        {"error", observe::LogLevel::kError}});
    options.log_format = read_choice<observe::LogFormat>(
        values, "log-format",
        {{"text", observe::LogFormat::kText}, {"json", observe::LogFormat::kJson}});
    options.allow_new_privileges = read_bool(values, "allow-new-privileges");
    options.pid_namespace = read_bool(values, "pid-namespace");
    return options;
}

struct TaskOption {
    const char* name;
    Task task;
};
constexpr TaskOption kTaskOptions[] = {
    {"json", Task::kStatus}, {"watch", Task::kStatus}, {"leader", Task::kWait}};

// Refuses an option that only one task uses, if the task is another one.
void read_task_options(const Values& values, Options* options) {
    for (const TaskOption& option : kTaskOptions) {
        const Value* value = find(values, option.name);
        if (value != nullptr && options->task != option.task) {
            const auto owner =
                std::find_if(kTasks.begin(), kTasks.end(),
                             [&](const TaskText& task) { return task.task == option.task; });
            fail(*value, std::string("only le-run ") + owner->name + " knows it: drop it");
        }
    }
    const auto is_set = [&](const char* name) {
        return find(values, name) != nullptr && read_bool(values, name);
    };
    options->json = is_set("json");
    options->watch = is_set("watch");
    if (const Value* leader = find(values, "leader")) {
        options->leader = leader->text;
    }
}

bool has_lock(const Values& values) {
    return find(values, "lock") != nullptr || find(values, "lease-lock-name") != nullptr;
}

std::string program_of(const std::string& command, const std::vector<std::string>& environment) {
    try {
        return process::find_program(
            command, variable(environment, "PATH").value_or("/usr/local/bin:/bin:/usr/bin"));
    } catch (const process::ProgramError& error) {
        throw OptionsError(error.what(), error.code());
    }
}

const TaskText* task_of(const std::vector<std::string>& arguments) {
    const auto found = std::find_if(kTasks.begin(), kTasks.end(), [&](const TaskText& task) {
        return !arguments.empty() && arguments.front() == task.name;
    });
    return found == kTasks.end() ? nullptr : &*found;
}

} // namespace

std::variant<Options, JustPrint> parse_options(const std::vector<std::string>& arguments,
                                               const std::vector<std::string>& environment) {
    const TaskText* task = task_of(arguments);
    // The first "--" ends le-run's own arguments; the command may have a further one.
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    const auto flags = read_flags({arguments.begin() + (task == nullptr ? 0 : 1), dashes});
    if (const auto* print = std::get_if<JustPrint>(&flags)) {
        return *print;
    }
    Values values = std::get<Values>(flags);
    const bool only_print = find(values, "print-config") != nullptr;
    const bool has_command = dashes != arguments.end() && dashes + 1 != arguments.end();
    if (!only_print && !has_command && task == nullptr) {
        fail(std::string("no command: write ") + kUsage);
    }
    add_other_places(values, environment);
    Options options = settle(values);
    if (only_print) {
        return JustPrint{print_config(values)};
    }
    options.task = task == nullptr ? Task::kRun : task->task;
    read_task_options(values, &options);
    const bool asks_only = options.task != Task::kRun && options.task != Task::kCheck;
    if ((options.election_off.empty() || asks_only) && !has_lock(values)) {
        fail("no lock: use --lock k8s://NAMESPACE/NAME or --lock file:///PATH, or set LE_RUN_LOCK; "
             "to run the command without an election, set LE_RUN_ENABLED=false");
    }
    if (has_command) {
        options.command.assign(dashes + 1, arguments.end());
    }
    if (has_command && !asks_only) { // only a run needs the program
        options.program = program_of(options.command.front(), environment);
    }
    options.environment = environment_of_child(environment);
    return options;
}

} // namespace le_run::options

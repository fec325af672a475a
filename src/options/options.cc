#include "options/options.h"

#include <algorithm>
#include <csignal>

#include <sys/random.h>
#include <unistd.h>

#include "cpu_limit.h"
#include "duration_text.h"
#include "exit_code.h"
#include "find_program.h"
#include "options/environment.h"
#include "options/flags.h"
#include "options/lock_choice.h"
#include "options/option_table.h"
#include "options/values.h"
#include "signal_names.h"

namespace le_run {
namespace {

void add_defaults(Values& values) {
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

template <class Enum>
void read_choice(const Values& values, const std::string& name,
                 const std::vector<std::pair<std::string, Enum>>& choices, Enum* target) {
    const Value& value = values.at(name); // there is a default
    std::string allowed;
    for (const auto& [text, choice] : choices) {
        if (value.text == text) {
            *target = choice;
            return;
        }
        allowed += (allowed.empty() ? "" : ", ") + text;
    }
    fail(value, "use one of: " + allowed);
}

std::uint64_t random_number() {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != sizeof number) {
        fail("the kernel gives no random numbers for --id: set --id");
    }
    return number;
}

HolderIdentity read_identity(const Values& values) {
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
    Timing& timing = options->election.timing;
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
    const auto limit = cpu_limit();
    timing.margin = margin_for(limit);

    std::string all;
    for (const std::string& broken : broken_relations(timing)) {
        all += (all.empty() ? "" : "; ") + broken;
    }
    if (!all.empty()) {
        fail(all);
    }
    if (timing.margin > Timing::kLeastMargin) {
        char cpus[32];
        std::snprintf(cpus, sizeof cpus, "%.3g", *limit);
        options->cpu_limit_warning =
            std::string("the CPU limit of ") + cpus + " CPUs calls for margins of " +
            format_duration(timing.margin) + ": without a renewal the child is stopped after " +
            format_duration(timing.effective_renew_deadline()) + " and killed after " +
            format_duration(timing.usable()) + "; --lease-duration " +
            format_duration(lease_duration_for(timing)) + " restores the renew deadline of " +
            format_duration(timing.renew_deadline);
    }
}

void read_stop_signal(const Values& values, Options* options) {
    const Value& value = values.at("stop-signal");
    const auto number = parse_signal(value.text);
    if (!number || *number == SIGSTOP || *number == SIGCONT || *number == SIGCHLD) {
        fail(value, "not a signal that can ask a program to stop: use a name such as SIGTERM, "
                    "SIGINT or SIGQUIT");
    }
    options->stop_signal = *number;
}

void read_command(const std::vector<std::string>& environment, Options* options) {
    const auto path = variable(environment, "PATH");
    try {
        options->program =
            find_program(options->command.front(), path.value_or("/usr/local/bin:/bin:/usr/bin"));
    } catch (const ProgramError& error) {
        throw OptionsError(error.what(), error.code());
    }
}

} // namespace

std::variant<Options, JustPrint> parse_options(const std::vector<std::string>& arguments,
                                               const std::vector<std::string>& environment) {
    // The first "--" ends le-run's own arguments, whatever the command's look like.
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    const auto flags = read_flags({arguments.begin(), dashes});
    if (const auto* print = std::get_if<JustPrint>(&flags)) {
        return *print;
    }
    Values values = std::get<Values>(flags);
    add_environment(values, environment);
    add_defaults(values);

    Options options;
    if (dashes == arguments.end() || dashes + 1 == arguments.end()) {
        fail(std::string("no command: write ") + kUsage);
    }
    options.command.assign(dashes + 1, arguments.end());
    options.lock = read_lock(values);
    options.election.id = read_identity(values);
    options.election.seed = random_number();
    read_timing(values, &options);
    read_stop_signal(values, &options);
    read_choice<bool>(values, "on-lost", {{"standby", true}, {"exit", false}},
                      &options.election.standby_after_loss);
    read_choice<bool>(values, "on-exit", {{"exit", false}, {"standby", true}},
                      &options.election.standby_after_work_ended);
    read_choice<LogLevel>(values, "log-level",
                          {{"debug", LogLevel::kDebug},
                           {"info", LogLevel::kInfo},
                           {"warning", LogLevel::kWarning},
                           {"error", LogLevel::kError}},
                          &options.log_level);
    read_choice<LogFormat>(values, "log-format",
                           {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
                           &options.log_format);
    const std::vector<std::pair<std::string, bool>> yes_or_no{
        {"true", true}, {"1", true}, {"false", false}, {"0", false}};
    read_choice(values, "allow-new-privileges", yes_or_no, &options.allow_new_privileges);
    read_choice(values, "pid-namespace", yes_or_no, &options.pid_namespace);
    read_command(environment, &options);
    options.environment = environment_of_child(environment);
    return options;
}

} // namespace le_run

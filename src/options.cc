#include "options.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <map>

#include <CLI/CLI.hpp>
#include <sys/random.h>
#include <unistd.h>

#include "cpu_limit.h"
#include "duration_text.h"
#include "exit_code.h"
#include "find_program.h"
#include "signal_names.h"

namespace le_run {
namespace {

struct OptionText {
    const char* name; // without dashes; LE_RUN_ + upper case is its environment variable
    const char* metavar;
    const char* help;
};

constexpr std::array<OptionText, 19> kOptions{{
    {"lock", "URL", "what is led over: k8s://[NAMESPACE/]NAME or file:///PATH"},
    {"lease-lock-name", "NAME", "the same as a k8s:// lock: name of the Lease"},
    {"lease-lock-namespace", "NAMESPACE",
     "its namespace (default: of the pod, else of the kubeconfig's context, else \"default\")"},
    {"kubeconfig", "FILE", "default: KUBECONFIG, else in-cluster, else ~/.kube/config"},
    {"id", "TEXT", "holder identity (default: host name + \"_\" + random, new at each start)"},
    {"lease-duration", "DURATION", "how long the lease outlives its last renewal (default: 15s)"},
    {"renew-deadline", "DURATION",
     "without a renewal for so long the child is stopped (default: 10s)"},
    {"retry-period", "DURATION", "between renewals, and between looks on standby (default: 2s)"},
    {"stop-signal", "SIGNAL", "what asks the child to stop (default: SIGTERM)"},
    {"stop-grace", "DURATION",
     "time to end after a requested stop, then SIGKILL (default: no limit)"},
    {"lost-grace", "DURATION",
     "time to end after renewals failed (default: all that the lease leaves)"},
    {"on-lost", "standby|exit", "what follows a lost lease (default: standby)"},
    {"on-exit", "exit|standby", "what follows a child that ended by itself (default: exit)"},
    {"wait", "DURATION", "give up with 75 when leadership was not won in that time; 0: try once"},
    {"log-level", "LEVEL", "debug, info, warning or error (default: info)"},
    {"log-format", "text|json", "of the log on standard error (default: text)"},
    {"allow-new-privileges", "",
     "let setuid programs in the child gain privileges that le-run cannot kill"},
    {"pid-namespace", "",
     "the child lives in a PID namespace that ends with le-run's guard process"},
    {"version", "", "print the version"},
}};

constexpr const char* kUsage = "le-run [options] -- command [args...]";

// Where a value came from, for messages, and the value.
struct Value {
    std::string source; // "--lock" or "LE_RUN_LOCK"
    std::string text;
    bool from_flag = false;
};
using Values = std::map<std::string, Value>;

[[noreturn]] void fail(const std::string& text) { throw OptionsError(text, kExitCannot); }

[[noreturn]] void fail(const Value& value, const std::string& what) {
    fail(value.source + " \"" + value.text + "\": " + what);
}

bool is_switch(const OptionText& option) { return option.metavar[0] == '\0'; }

std::string variable_of(const std::string& option) {
    std::string name = "LE_RUN_" + option;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return c == '-' ? '_' : static_cast<char>(std::toupper(c));
    });
    return name;
}

std::optional<std::string> variable(const std::vector<std::string>& environment,
                                    const std::string& name) {
    for (const std::string& entry : environment) {
        if (entry.size() > name.size() && entry[name.size()] == '=' &&
            entry.compare(0, name.size(), name) == 0) {
            return entry.substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

// --- command line and environment to values ---

std::variant<Values, JustPrint> read_flags(const std::vector<std::string>& flags) {
    CLI::App app("Runs one copy of a command among replicas: only while this one holds the lease.",
                 "le-run");
    app.footer("Each option --NAME can be given as LE_RUN_NAME in the environment; a flag wins.\n"
               "Exit codes: the child's own; 0 stopped; 75 lost or not won; 125 le-run cannot do "
               "its job;\n"
               "126 command not executable; 127 command not found; 128+n ended by signal n.");
    std::map<std::string, std::string> texts;
    std::map<std::string, bool> switches;
    for (const OptionText& option : kOptions) {
        const std::string flag = std::string("--") + option.name;
        if (is_switch(option)) {
            app.add_flag(flag, switches[option.name], option.help);
        } else {
            app.add_option(flag, texts[option.name], option.help)->type_name(option.metavar);
        }
    }
    try {
        app.parse(std::vector<std::string>(flags.rbegin(), flags.rend()));
    } catch (const CLI::CallForHelp&) {
        // CLI11 writes "le-run [OPTIONS]"; the command is not its business.
        std::string help = app.help();
        const std::string generated = "le-run [OPTIONS]";
        if (const auto at = help.find(generated); at != std::string::npos) {
            help.replace(at, generated.size(), kUsage);
        }
        return JustPrint{help};
    } catch (const CLI::ExtrasError&) {
        const auto extras = app.remaining();
        fail("unknown option or argument \"" + (extras.empty() ? std::string() : extras.front()) +
             "\": see le-run --help; the command goes behind --");
    } catch (const CLI::ParseError& error) {
        fail(std::string(error.what()) + ": see le-run --help");
    }
    if (switches["version"]) {
        return JustPrint{std::string("le-run ") + LE_RUN_VERSION + "\n"};
    }
    Values values;
    for (const OptionText& option : kOptions) {
        const std::string flag = std::string("--") + option.name;
        if (app.count(flag) > 0) {
            values[option.name] = {flag, is_switch(option) ? "true" : texts[option.name], true};
        }
    }
    return values;
}

void add_environment(Values& values, const std::vector<std::string>& environment) {
    for (const OptionText& option : kOptions) {
        const std::string name = variable_of(option.name);
        const auto text = variable(environment, name);
        const bool is_set = text && !text->empty();
        if (is_set && !values.contains(option.name) && std::string(option.name) != "version") {
            values[option.name] = {name, *text, false};
        }
    }
}

// --- values to options ---

const Value* find(const Values& values, const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : &found->second;
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
    const Value* value = find(values, name);
    if (value == nullptr) {
        return;
    }
    std::string allowed;
    for (const auto& [text, choice] : choices) {
        if (value->text == text) {
            *target = choice;
            return;
        }
        allowed += (allowed.empty() ? "" : ", ") + text;
    }
    fail(*value, "use one of: " + allowed);
}

Lock read_lock(const Values& values) {
    const Value* url = find(values, "lock");
    const Value* name = find(values, "lease-lock-name");
    const Value* lease_namespace = find(values, "lease-lock-namespace");
    const Value* kubeconfig = find(values, "kubeconfig");
    if (url != nullptr && name != nullptr) {
        if (url->from_flag == name->from_flag) {
            fail(*url, "given together with " + name->source + ": use one of them");
        }
        (url->from_flag ? name : url) = nullptr; // a flag wins over the environment
    }
    if (url == nullptr && name == nullptr) {
        fail("no lock: use --lock k8s://NAMESPACE/NAME or --lock file:///PATH, or set LE_RUN_LOCK");
    }
    Lock lock;
    if (url != nullptr) {
        const auto parsed = parse_lock_url(url->text);
        if (const auto* wrong = std::get_if<std::string>(&parsed)) {
            fail(*url, *wrong);
        }
        lock = std::get<Lock>(parsed);
    } else {
        if (const auto wrong = wrong_with_lease_name(name->text)) {
            fail(name->source + ": " + *wrong);
        }
        lock = KubernetesLock{{}, name->text, {}};
    }
    auto* kubernetes = std::get_if<KubernetesLock>(&lock);
    for (const Value* value : {lease_namespace, kubeconfig}) {
        if (kubernetes == nullptr && value != nullptr && value->from_flag) {
            fail(*value, "has no meaning for a file lock: drop it");
        }
    }
    if (kubernetes != nullptr && lease_namespace != nullptr) {
        if (const auto wrong = wrong_with_namespace(lease_namespace->text)) {
            fail(lease_namespace->source + ": " + *wrong);
        }
        if (kubernetes->lease_namespace && *kubernetes->lease_namespace != lease_namespace->text) {
            fail(*lease_namespace, url->source + " names another namespace, \"" +
                                       *kubernetes->lease_namespace + "\": give it once");
        }
        kubernetes->lease_namespace = lease_namespace->text;
    }
    if (kubernetes != nullptr && kubeconfig != nullptr) {
        kubernetes->kubeconfig = kubeconfig->text;
    }
    return lock;
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
    options->stop_signal = SIGTERM;
    if (const Value* value = find(values, "stop-signal")) {
        const auto number = parse_signal(value->text);
        if (!number || *number == SIGSTOP || *number == SIGCONT || *number == SIGCHLD) {
            fail(*value, "not a signal that can ask a program to stop: use a name such as SIGTERM, "
                         "SIGINT or SIGQUIT");
        }
        options->stop_signal = *number;
    }
}

void read_command(const std::vector<std::string>& environment, Options* options) {
    const auto path = variable(environment, "PATH");
    try {
        options->program =
            find_program(options->command.front(), path.value_or("/usr/local/bin:/bin:/usr/bin"));
    } catch (const ProgramError& error) {
        throw OptionsError(error.what(), error.code());
    }
    for (const std::string& entry : environment) {
        const auto is_ours = [&](const OptionText& option) {
            const std::string name = variable_of(option.name);
            return entry.compare(0, name.size(), name) == 0 && entry[name.size()] == '=';
        };
        if (std::none_of(kOptions.begin(), kOptions.end(), is_ours)) {
            options->environment.push_back(entry);
        }
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
    return options;
}

} // namespace le_run

// Every option, once: the flag, the variable, the key of the configuration file, the help and the
// default follow from this table.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "options/options.h"

namespace le_run::options {

enum class GivenIn { kFlag, kFlagOrVariable, kAnyPlace };

struct OptionText {
    const char* name;
    const char* metavar; // of the value; "": a switch, true or false
    const char* help;
    // What holds when it is not given: a value as a user would write it, or else (no value)
    // a description.
    const char* fallback = "";
    const char* without = "";
    GivenIn given_in = GivenIn::kAnyPlace;

    bool is_switch() const { return metavar[0] == '\0'; }
};

inline constexpr auto kOptions = std::to_array<OptionText>({
    {"lock", "URL", "what is led over: k8s://[NAMESPACE/]NAME or file:///PATH"},
    {"lease-lock-name", "NAME", "the same as a k8s:// lock: name of the Lease"},
    {"lease-lock-namespace", "NAMESPACE", "its namespace", "",
     "of the pod, else of the kubeconfig's context, else \"default\""},
    {"kubeconfig", "FILE", "where the API server and the credentials are", "",
     "KUBECONFIG, else in-cluster, else ~/.kube/config"},
    {"context", "NAME", "which of its contexts", "", "its current-context"},
    {"cluster", "NAME", "which of its clusters", "", "the context's"},
    {"user", "NAME", "which of its users", "", "the context's"},
    {"id", "TEXT", "holder identity", "", "host name + \"_\" + random, new at each start"},
    {"lease-duration", "DURATION", "how long the lease outlives its last renewal", "15s"},
    {"renew-deadline", "DURATION", "without a renewal for so long the child is stopped", "10s"},
    {"retry-period", "DURATION", "between renewals, and between looks on standby", "2s"},
    {"stop-signal", "SIGNAL", "what asks the child to stop, and le-run itself", "SIGTERM"},
    {"stop-grace", "DURATION", "time to end after a requested stop, then SIGKILL", "", "no limit"},
    {"lost-grace", "DURATION", "time to end after renewals failed", "",
     "all that the lease leaves"},
    {"on-lost", "standby|exit", "what follows a lost lease", "standby"},
    {"on-exit", "exit|standby", "what follows a child that ended by itself", "exit"},
    {"wait", "DURATION", "give up with 75 after that time, once the holder was seen to renew", "",
     "wait for ever"},
    {"hold", "DURATION",
     "keep the lease for so long after it was won, also when the child has ended before", "", "0s"},
    {"log-level", "debug|info|warning|error", "the least important lines to log", "info"},
    {"log-format", "text|json", "of the log on standard error", "text"},
    {"allow-new-privileges", "",
     "let setuid programs in the child gain privileges that le-run cannot kill", "false"},
    {"pid-namespace", "",
     "the child lives in a PID namespace that ends with le-run's guard process", "false"},
    {"enabled", "true|false", "false: the command replaces le-run at once, nothing is elected",
     "true"},
    {"config", "FILE", "YAML lines of NAME: VALUE for these options, see --print-config", "", "",
     GivenIn::kFlagOrVariable},
    {"print-config", "", "print each option's value and where it came from; start nothing", "", "",
     GivenIn::kFlag},
    {"version", "", "print the version", "", "", GivenIn::kFlag},
});

// The words that may come first, instead of a run.
struct TaskText {
    const char* name;
    Task task;
    const char* help;
};
inline constexpr auto kTasks = std::to_array<TaskText>({
    {"check", Task::kCheck, "say line by line whether a lease can be won so, here; change nothing"},
    {"rbac", Task::kRbac, "print what grants the rights on the lease, for kubectl apply -f -"},
});

// Flags of kube-scheduler and kube-controller-manager, and the options that they set.
struct OtherName {
    const char* name;
    const char* option; // "": read_flags knows
};
inline constexpr auto kLeaderElectFlags = std::to_array<OtherName>({
    {"leader-elect", "enabled"},
    {"leader-elect-lease-duration", "lease-duration"},
    {"leader-elect-renew-deadline", "renew-deadline"},
    {"leader-elect-retry-period", "retry-period"},
    {"leader-elect-resource-name", "lease-lock-name"},
    {"leader-elect-resource-namespace", "lease-lock-namespace"},
    {"leader-elect-resource-lock", ""},
});

// LE_RUN_ and the name in upper case.
std::string variable_of(const OptionText& option);

// Of the options that may be given there: a flag, besides a flag a variable, any place.
std::vector<std::string> names_of_options(GivenIn where);

} // namespace le_run::options

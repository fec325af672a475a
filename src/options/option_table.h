// The only table of options. It gives the flag, the variable, the key of the configuration file,
// the help and the default of each.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "options/options.h"

namespace le_run::options {

enum class GivenIn { kFlag, kFlagOrVariable, kAnyPlace };

struct OptionText {
    const char* name;
    const char* metavar; // the value's name in the help; "": a switch, true or false
    const char* help;
    // If the option is not given: `fallback` is its value, as a user would write it. If there is no
    // such value, `without` describes what happens.
    const char* fallback = "";
    const char* without = "";
    GivenIn given_in = GivenIn::kAnyPlace;

    bool is_switch() const { return metavar[0] == '\0'; }
};

inline constexpr auto kOptions = std::to_array<OptionText>({
    {"lock", "URL", "the lease: k8s://[NAMESPACE/]NAME or file:///PATH"},
    {"lease-lock-name", "NAME", "name of the Lease, instead of --lock"},
    {"lease-lock-namespace", "NAMESPACE", "namespace of the Lease", "",
     "of the pod, else of the kubeconfig's context, else \"default\""},
    {"kubeconfig", "FILE", "says where the API server and the credentials are", "",
     "KUBECONFIG, else in-cluster, else ~/.kube/config"},
    {"context", "NAME", "context of the kubeconfig", "", "its current-context"},
    {"cluster", "NAME", "cluster of the kubeconfig", "", "the context's"},
    {"user", "NAME", "user of the kubeconfig", "", "the context's"},
    {"id", "TEXT", "holder identity, unique for each process", "",
     "host name + \"_\" + random, new at each start"},
    {"lease-duration", "DURATION", "how long the lease outlives its last renewal", "15s"},
    {"renew-deadline", "DURATION", "stop the child after so long without a renewal", "10s"},
    {"retry-period", "DURATION",
     "time between two renewals; without a watch, also between two reads on standby", "2s"},
    {"stop-signal", "SIGNAL",
     "signal that asks the child to stop; sent to le-run, it asks le-run to stop", "SIGTERM"},
    {"stop-grace", "DURATION", "time to end after a requested stop, then SIGKILL", "", "no limit"},
    {"lost-grace", "DURATION", "time to end after failed renewals, then SIGKILL", "",
     "all that the lease leaves"},
    {"on-lost", "standby|exit", "what le-run does after a lost lease", "standby"},
    {"on-exit", "exit|standby", "what le-run does after the child has ended by itself", "exit"},
    {"wait", "DURATION",
     "exit with 75 if leadership is not won in that time, and the holder is seen to renew", "",
     "wait for ever"},
    {"hold", "DURATION",
     "keep the lease for so long after it was won, also when the child ends earlier", "", "0s"},
    {"log-level", "debug|info|warning|error", "least important lines to log", "info"},
    {"log-format", "text|json", "form of the log on standard error", "text"},
    {"allow-new-privileges", "",
     "let setuid programs in the child gain privileges; le-run may be unable to kill them",
     "false"},
    {"pid-namespace", "", "run the child in a PID namespace that ends with le-run's guard process",
     "false"},
    {"enabled", "true|false", "false: elect nothing, and let the command replace le-run at once",
     "true"},
    {"config", "FILE", "YAML file with lines of NAME: VALUE for these options", "", "",
     GivenIn::kFlagOrVariable},
    {"json", "", "status: print one JSON object a line", "", "", GivenIn::kFlag},
    {"watch", "", "status: print each change, until it is ended", "", "", GivenIn::kFlag},
    {"leader", "TEXT", "wait: until the candidate with this identity leads", "", "anybody",
     GivenIn::kFlag},
    {"print-config", "", "print each option's value and where it came from; start nothing", "", "",
     GivenIn::kFlag},
    {"version", "", "print the version", "", "", GivenIn::kFlag},
});

// The tasks: a first word that asks for something other than a run.
struct TaskText {
    const char* name;
    Task task;
    const char* help;
};
inline constexpr auto kTasks = std::to_array<TaskText>({
    {"check", Task::kCheck,
     "tell line by line whether a lease can be won with these options; change nothing"},
    {"rbac", Task::kRbac, "print the rights that the lease needs, for kubectl apply -f -"},
    {"status", Task::kStatus,
     "say who leads; exit code 0: somebody, 1: nobody, 2: one that is dead"},
    {"wait", Task::kWait, "wait until somebody leads, or the candidate of --leader"},
});

// Flags of kube-scheduler and kube-controller-manager, and the options that they set.
struct OtherName {
    const char* name;
    const char* option; // "": read_flags handles it
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

// The names of all options that may be given in `where`: as a flag; as a flag or variable;
// anywhere.
std::vector<std::string> names_of_options(GivenIn where);

} // namespace le_run::options

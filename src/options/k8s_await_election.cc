#include "options/k8s_await_election.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "options/environment.h"

namespace le_run::options {
namespace {

constexpr std::string_view kPrefix = "K8S_AWAIT_ELECTION_";

enum class Unit { kNone, kSeconds };

struct AwaitVariable {
    const char* name;        // behind the prefix
    const char* option;      // that it sets
    const char* refusal;     // why it cannot be honoured
    Unit unit = Unit::kNone; // kSeconds: a whole number of them, where the option is a duration
};

// The rest has no effect here: NAME is for that program's log, and the others only say more of
// SERVICE_NAME.
constexpr auto kVariables = std::to_array<AwaitVariable>({
    {"ENABLED", "enabled", nullptr},
    {"LOCK_NAME", "lease-lock-name", nullptr},
    {"LOCK_NAMESPACE", "lease-lock-namespace", nullptr},
    {"IDENTITY", "id", nullptr},
    {"LEASE_DURATION", "lease-duration", nullptr, Unit::kSeconds},
    {"RENEW_DEADLINE", "renew-deadline", nullptr, Unit::kSeconds},
    {"RETRY_PERIOD", "retry-period", nullptr, Unit::kSeconds},
    {"STATUS_ENDPOINT", nullptr,
     "le-run has no status endpoint: remove the variable, and the probe that asks there"},
    {"SERVICE_NAME", nullptr,
     "le-run writes no Service's endpoints: remove the variable, and let a readiness probe of "
     "the worker choose the pod"},
    {"NAME", nullptr, nullptr},
    {"SERVICE_NAMESPACE", nullptr, nullptr},
    {"SERVICE_PORTS_JSON", nullptr, nullptr},
    {"POD_IP", nullptr, nullptr},
    {"NODE_NAME", nullptr, nullptr},
});

const AwaitVariable* find_variable(std::string_view name) {
    const auto* const found = std::find_if(kVariables.begin(), kVariables.end(),
                                           [&](const auto& each) { return name == each.name; });
    return found == kVariables.end() ? nullptr : found;
}

// Any of them, also an empty one. Refuses names that nobody knows.
bool is_used(const std::vector<std::string>& environment) {
    bool used = false;
    for (const std::string& entry : environment) {
        if (!entry.starts_with(kPrefix)) {
            continue;
        }
        const std::string_view name =
            std::string_view(entry).substr(0, entry.find('=')).substr(kPrefix.size());
        if (find_variable(name) != nullptr) {
            used = true;
        } else if (!is_service_link(name)) {
            std::string known;
            for (const AwaitVariable& variable : kVariables) {
                known += (known.empty() ? "" : ", ") + std::string(variable.name);
            }
            fail(std::string(kPrefix).append(name) +
                 ": k8s-await-election has no such variable: after " + std::string(kPrefix) +
                 " use one of " + known);
        }
    }
    return used;
}

// There, every text means yes; what looks like a no is a mistake that nobody noticed.
void check_enabled(const Value& value) {
    std::string text = value.text;
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const char* yes : {"1", "true", "yes", "on"}) {
        if (text == yes) {
            return;
        }
    }
    fail(value, "k8s-await-election takes any text as yes, also this one: write 1 to elect, or "
                "leave it empty to elect nothing");
}

// There, what is no whole number is ignored, and the default holds.
Value in_go_notation(Value value) {
    const bool is_number = std::all_of(value.text.begin(), value.text.end(),
                                       [](char c) { return c >= '0' && c <= '9'; });
    if (!is_number) {
        fail(value, "k8s-await-election takes whole seconds, and ignores anything else: write "
                    "15, not 15s");
    }
    value.text += "s";
    return value;
}

void turn_off(Values& values) {
    const std::string enabled = std::string(kPrefix) + "ENABLED";
    for (const char* option : {"lock", "lease-lock-name"}) {
        if (const Value* lock = find(values, option)) {
            fail(*lock, "this is a lock, but " + enabled +
                            " is empty, which elects nothing: set that to 1, or give "
                            "--enabled=true or --enabled=false");
        }
    }
    add(values, "enabled", {"false", enabled + " is empty", Origin::kEnvironment});
}

} // namespace

void add_k8s_await_election(Values& values, const std::vector<std::string>& environment) {
    if (!is_used(environment)) {
        return;
    }
    const auto value_of = [&](const AwaitVariable& each) {
        const std::string name = std::string(kPrefix) + each.name;
        return Value{variable(environment, name).value_or(""), name, Origin::kEnvironment};
    };
    Value enabled = value_of(kVariables.front());
    const bool is_empty = enabled.text.empty();
    if (is_empty && find(values, "enabled") == nullptr) {
        turn_off(values);
        return;
    }
    if (!is_empty) {
        check_enabled(enabled);
        enabled.text = "true";
        add(values, "enabled", enabled);
    }
    for (const AwaitVariable& each : kVariables) {
        const Value value = value_of(each);
        if (value.text.empty() || &each == &kVariables.front()) {
            continue;
        }
        if (each.refusal != nullptr) {
            fail(value, each.refusal);
        }
        if (each.option != nullptr) {
            add(values, each.option, each.unit == Unit::kSeconds ? in_go_notation(value) : value);
        }
    }
}

} // namespace le_run::options

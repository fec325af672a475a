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
    const char* name;        // after the prefix
    const char* option;      // the option that it sets
    const char* refusal;     // why le-run refuses it
    Unit unit = Unit::kNone; // kSeconds: it has whole seconds, and the option is a duration
};

// The others have no effect in le-run: NAME is for that program's log, and the rest only adds to
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

// Whether any of the variables is set, even to an empty value. Refuses unknown names.
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

// In k8s-await-election every text means yes. A text that looks like a no is a mistake.
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

// k8s-await-election ignores a value that is not a whole number, and uses the default.
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

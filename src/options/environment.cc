#include "options/environment.h"

#include <algorithm>

#include "options/option_table.h"
#include "options/suggestion.h"
#include "options/values.h"

namespace le_run::options {
namespace {

bool is_variable(const std::string& entry, const std::string& name) {
    return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

constexpr std::string_view kPrefix = "LE_RUN_";

// Images and packages set this variable beside le-run; it is not a setting.
constexpr const char* kVersion = "LE_RUN_VERSION";

bool is_known(std::string_view name) {
    for (const char* other : {kHeldLock, kHolderIdentity, kFencingToken, kVersion}) {
        if (name == other) {
            return true;
        }
    }
    return std::any_of(kOptions.begin(), kOptions.end(), [&](const OptionText& option) {
        return option.given_in != GivenIn::kFlag && name == variable_of(option);
    });
}

// A setting with a misspelt name would have no effect, and nobody would notice.
[[noreturn]] void fail_as_unknown(const std::string& name) {
    const auto meant =
        nearest(name.substr(kPrefix.size()), names_of_options(GivenIn::kFlagOrVariable));
    std::string remedy = "write LE_RUN_ and the name of an option of le-run --help, or choose "
                         "another prefix for a variable of your own";
    for (const OptionText& option : kOptions) {
        if (name == variable_of(option)) { // this option has no variable
            remedy = std::string("it can only be a flag: --") + option.name;
        } else if (meant == option.name) {
            remedy = "write " + variable_of(option);
        }
    }
    fail("the environment has " + name + ", which le-run does not know: " + remedy);
}

void refuse_unknown(const std::vector<std::string>& environment) {
    for (const std::string& entry : environment) {
        const std::string name = entry.substr(0, entry.find('='));
        if (name.starts_with(kPrefix) && !is_known(name) &&
            !is_service_link(std::string_view(name).substr(kPrefix.size()))) {
            fail_as_unknown(name);
        }
    }
}

// "PORT", "PORT_8080_TCP", "PORT_8080_TCP_ADDR".
bool is_port(std::string_view name) {
    if (!name.starts_with("PORT")) {
        return false;
    }
    name.remove_prefix(4);
    for (const std::string_view last : {"_PROTO", "_PORT", "_ADDR"}) {
        if (name.ends_with(last)) {
            name.remove_suffix(last.size());
            break;
        }
    }
    for (const std::string_view protocol : {"_TCP", "_UDP", "_SCTP"}) {
        if (name.ends_with(protocol)) {
            name.remove_suffix(protocol.size());
            return name.size() > 1 && name.front() == '_' &&
                   name.find_first_not_of("0123456789", 1) == std::string_view::npos;
        }
    }
    return name.empty();
}

bool is_link(std::string_view name) {
    return name == "SERVICE_HOST" || name == "SERVICE_PORT" || name.starts_with("SERVICE_PORT_") ||
           is_port(name);
}

} // namespace

bool is_service_link(std::string_view name) {
    for (;;) { // the Service may have a longer name
        if (is_link(name)) {
            return true;
        }
        const auto end_of_word = name.find('_');
        if (end_of_word == std::string_view::npos) {
            return false;
        }
        name.remove_prefix(end_of_word + 1);
    }
}

std::optional<std::string> variable(const std::vector<std::string>& environment,
                                    const std::string& name) {
    for (const std::string& entry : environment) {
        if (is_variable(entry, name)) {
            return entry.substr(name.size() + 1);
        }
    }
    return std::nullopt;
}

void add_environment(Values& values, const std::vector<std::string>& environment) {
    refuse_unknown(environment);
    for (const OptionText& option : kOptions) {
        const std::string name = variable_of(option);
        const auto text = variable(environment, name);
        if (text && !text->empty() && option.given_in != GivenIn::kFlag) {
            add(values, option.name, {*text, name, Origin::kEnvironment});
        }
    }
}

std::vector<std::string> environment_of_child(const std::vector<std::string>& environment) {
    std::vector<std::string> kept;
    std::copy_if(
        environment.begin(), environment.end(), std::back_inserter(kept),
        [](const std::string& entry) {
            return std::none_of(kOptions.begin(), kOptions.end(), [&](const OptionText& option) {
                return option.given_in != GivenIn::kFlag && is_variable(entry, variable_of(option));
            });
        });
    return kept;
}

} // namespace le_run::options

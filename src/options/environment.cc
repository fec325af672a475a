#include "options/environment.h"

#include <algorithm>

#include "options/option_table.h"

namespace le_run {
namespace {

bool is_variable(const std::string& entry, const std::string& name) {
    return entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name);
}

} // namespace

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

} // namespace le_run

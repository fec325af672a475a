#include "options/option_table.h"

#include <algorithm>
#include <cctype>

namespace le_run::options {

std::string variable_of(const OptionText& option) {
    std::string name = std::string("LE_RUN_") + option.name;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return c == '-' ? '_' : static_cast<char>(std::toupper(c));
    });
    return name;
}

std::vector<std::string> names_of_options(GivenIn where) {
    std::vector<std::string> names;
    for (const OptionText& option : kOptions) {
        if (option.given_in >= where) {
            names.emplace_back(option.name);
        }
    }
    return names;
}

} // namespace le_run::options

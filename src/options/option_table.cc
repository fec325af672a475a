#include "options/option_table.h"

#include <algorithm>
#include <cctype>

namespace le_run {

std::string variable_of(const OptionText& option) {
    std::string name = std::string("LE_RUN_") + option.name;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
        return c == '-' ? '_' : static_cast<char>(std::toupper(c));
    });
    return name;
}

} // namespace le_run

#include "options/print_config.h"

#include <algorithm>

#include <yaml-cpp/yaml.h>

#include "base/one_line.h"
#include "options/option_table.h"

namespace le_run::options {
namespace {

constexpr std::size_t kCommentColumn = 40;

std::string yaml_of(const std::string& text) {
    YAML::Emitter quoted;
    quoted << text;
    return quoted.c_str();
}

std::string with_comment(std::string line, const std::string& comment) {
    line.resize(std::max(line.size() + 1, kCommentColumn), ' ');
    return line + "# " + one_line(comment) + "\n"; // a file's name may hold line ends
}

} // namespace

std::string print_config(const Values& values) {
    std::string all =
        "# le-run would use these values; the comment after each says where it came from.\n";
    for (const OptionText& option : kOptions) {
        const std::string key = std::string(option.name) + ": ";
        const Value* value = find(values, option.name);
        if (option.given_in == GivenIn::kFlag) {
            continue;
        }
        if (value == nullptr) {
            const std::string without = option.without;
            all += with_comment("# " + key, without.empty() ? "not given" : "default: " + without);
            continue;
        }
        const std::string shown = without_credentials(value->text);
        // A blanked value is not the real value, so it becomes a comment.
        const bool fits_a_file = option.given_in == GivenIn::kAnyPlace && shown == value->text;
        all += with_comment((fits_a_file ? "" : "# ") + key + yaml_of(shown), value->source);
    }
    return all;
}

} // namespace le_run::options

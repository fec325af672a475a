// Configuration files: what is taken can be printed and read back, what is refused is said in one
// line that quotes no value.
#include "fuzz.h"
#include "options/config_file.h"
#include "options/option_table.h"
#include "options/options.h"
#include "options/print_config.h"

using namespace le_run;
using namespace le_run::options;
using namespace le_run::fuzz;

namespace {

// In values of the corpus, and in no name.
constexpr std::string_view kMark = "5ecret";
constexpr const char* kFile = "/etc/le-run.yaml";

bool is_option_of_a_file(const std::string& name) {
    return std::any_of(kOptions.begin(), kOptions.end(), [&](const OptionText& option) {
        return name == option.name && option.given_in == GivenIn::kAnyPlace;
    });
}

void check_taken(const Values& values) {
    for (const auto& [name, value] : values) {
        LE_CHECK(is_option_of_a_file(name) && value.origin == Origin::kFile);
        LE_CHECK(!value.text.empty() && !has_control_characters(value.text));
        LE_CHECK(value.source.starts_with(kFile) && value.source.ends_with(": " + name));
    }
    const std::string printed = print_config(values);
    Values again;
    add_config_text(again, kFile, printed);
    for (const auto& [name, value] : values) {
        const bool is_blanked = without_credentials(value.text) != value.text;
        LE_CHECK(is_blanked ? again.count(name) == 0 : again.at(name).text == value.text);
    }
}

void check_refusal(const std::string& why) {
    LE_CHECK(why.starts_with(kFile) && why.size() < 300 && !has_control_characters(why));
    if (why.find("unknown key") == std::string::npos) {
        LE_CHECK(why.find(kMark) == std::string::npos);
    }
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(text_of(data, size));
    Values values;
    try {
        add_config_text(values, kFile, text);
    } catch (const OptionsError& error) {
        check_refusal(error.what());
        return 0;
    }
    check_taken(values);
    return 0;
}

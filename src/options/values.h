// What was given for each option, as text, and where: the step between the places that options
// are read from and their meaning.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace le_run::options {

enum class Origin { kDefault, kFile, kEnvironment, kFlag }; // the greater one wins

struct Value {
    std::string text;
    std::string source; // for messages: "--lock", "LE_RUN_LOCK"
    Origin origin = Origin::kDefault;
};

using Values = std::map<std::string, Value>; // by the option's name

// What keeps a text from being the value of any option, wherever it was given: nothing in it,
// blanks at an end, line ends, control characters and characters that cannot be seen, bytes that
// are no UTF-8. With such a text a lock would be another than the one that is read in it.
std::optional<std::string> wrong_with_text(const std::string& text);

// Keeps the value of the greater origin. Throws OptionsError for two of one origin, under two
// names, and for a text that no value may have.
void add(Values& values, const std::string& option, Value value);

// Nothing was given and there is no default: nullptr.
const Value* find(const Values& values, const std::string& option);

// What stands before the @ of a URL is blanked.
std::string without_credentials(const std::string& text);

// Throw OptionsError with kExitCannot; the second says where the value came from and shows it.
[[noreturn]] void fail(const std::string& text);
[[noreturn]] void fail(const Value& value, const std::string& what);
[[noreturn]] void fail_as_given_twice(const Value& value, const Value& other);

} // namespace le_run::options

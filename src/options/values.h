// The text that was given for each option, and where it was given. options.cc interprets the texts.
#pragma once

#include <map>
#include <optional>
#include <string>

namespace le_run::options {

enum class Origin { kDefault, kFile, kEnvironment, kFlag }; // a greater one wins

struct Value {
    std::string text;
    std::string source; // for messages: "--lock", "LE_RUN_LOCK"
    Origin origin = Origin::kDefault;
};

using Values = std::map<std::string, Value>; // by the option's name

// Why a text cannot be the value of any option: it is empty, has blanks at an end, line ends,
// control or invisible characters, or bytes that are not UTF-8. Such a text may name another lock
// than the one that a person reads in it.
std::optional<std::string> wrong_with_text(const std::string& text);

// Keeps the value with the greater origin. Throws OptionsError for two values of one origin, under
// two names, and for a text that wrong_with_text() refuses.
void add(Values& values, const std::string& option, Value value);

// nullptr: nothing was given, and there is no default.
const Value* find(const Values& values, const std::string& option);

// Blanks the part of a URL before the @.
std::string without_credentials(const std::string& text);

// Both throw OptionsError with kExitCannot. The second shows the value and where it came from.
[[noreturn]] void fail(const std::string& text);
[[noreturn]] void fail(const Value& value, const std::string& what);
[[noreturn]] void fail_as_given_twice(const Value& value, const Value& other);

} // namespace le_run::options

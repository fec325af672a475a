// What was given for each option, as text, and where: the step between the places that options
// are read from and their meaning.
#pragma once

#include <map>
#include <string>

namespace le_run {

enum class Origin { kDefault, kFile, kEnvironment, kFlag }; // the greater one wins

struct Value {
    std::string text;
    std::string source; // for messages: "--lock", "LE_RUN_LOCK"
    Origin origin = Origin::kDefault;
};

using Values = std::map<std::string, Value>; // by the option's name

// Keeps the value of the greater origin. Two of one origin, under two names: throws OptionsError.
void add(Values& values, const std::string& option, Value value);

// Nothing was given and there is no default: nullptr.
const Value* find(const Values& values, const std::string& option);

// What stands before the @ of a URL is blanked.
std::string without_credentials(const std::string& text);

// Throw OptionsError with kExitCannot; the second says where the value came from and shows it.
[[noreturn]] void fail(const std::string& text);
[[noreturn]] void fail(const Value& value, const std::string& what);
[[noreturn]] void fail_as_given_twice(const Value& value, const Value& other);

} // namespace le_run

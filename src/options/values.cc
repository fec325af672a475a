#include "options/values.h"

#include <utility>

#include "exit_code.h"
#include "options/options.h"

namespace le_run {

void add(Values& values, const std::string& option, Value value) {
    const auto [place, is_new] = values.try_emplace(option, value);
    if (is_new) {
        return;
    }
    if (place->second.origin == value.origin) {
        fail_as_given_twice(place->second, value);
    }
    if (place->second.origin < value.origin) {
        place->second = std::move(value);
    }
}

const Value* find(const Values& values, const std::string& option) {
    const auto found = values.find(option);
    return found == values.end() ? nullptr : &found->second;
}

void fail(const std::string& text) { throw OptionsError(text, kExitCannot); }

void fail(const Value& value, const std::string& what) {
    fail(value.source + " \"" + value.text + "\": " + what);
}

void fail_as_given_twice(const Value& value, const Value& other) {
    fail(value, "given together with " + other.source + ": use one of them");
}

} // namespace le_run

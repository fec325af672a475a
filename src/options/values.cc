#include "options/values.h"

#include <algorithm>
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

std::string without_credentials(const std::string& text) {
    const auto scheme = text.find("://");
    const auto at = text.rfind('@');
    if (scheme == std::string::npos || at == std::string::npos || at < scheme + 3 ||
        text[scheme + 3] == '/') { // file:///a@b
        return text;
    }
    return text.substr(0, scheme + 3) + "***" + text.substr(at);
}

void fail(const std::string& text) {
    std::string line = text;
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
    throw OptionsError(line, kExitCannot);
}

void fail(const Value& value, const std::string& what) {
    fail(value.source + " \"" + without_credentials(value.text) + "\": " + what);
}

void fail_as_given_twice(const Value& value, const Value& other) {
    fail(value, "given together with " + other.source + ": use one of them");
}

} // namespace le_run

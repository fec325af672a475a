#include "options/values.h"

#include <utility>

#include "base/exit_code.h"
#include "base/one_line.h"
#include "options/options.h"

namespace le_run::options {

std::optional<std::string> wrong_with_text(const std::string& text) {
    if (text.empty()) {
        return "has no value: write one, or remove the setting";
    }
    if (text.back() == '\n' || text.back() == '\r') {
        return "ends with a line break: remove it (echo -n writes none into a secret or a "
               "variable)";
    }
    if (one_line(text, text.size()) != text) {
        return "holds a line break, a control or an invisible character, or bytes that are not "
               "UTF-8: "
               "remove it";
    }
    if (text.front() == ' ' || text.back() == ' ') {
        return "begins or ends with a blank: remove it";
    }
    return std::nullopt;
}

void add(Values& values, const std::string& option, Value value) {
    if (const auto wrong = wrong_with_text(value.text)) {
        fail(value, *wrong);
    }
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

void fail(const std::string& text) { throw OptionsError(one_line(text), kExitCannot); }

void fail(const Value& value, const std::string& what) {
    fail(value.source + " \"" + without_credentials(value.text) + "\": " + what);
}

void fail_as_given_twice(const Value& value, const Value& other) {
    fail(value, "given together with " + other.source + ": use one of them");
}

} // namespace le_run::options

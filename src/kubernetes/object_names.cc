#include "kubernetes/object_names.h"

#include <algorithm>

namespace le_run::kubernetes {
namespace {

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_label(const std::string& text) {
    return !text.empty() && is_lower_or_digit(text.front()) && is_lower_or_digit(text.back()) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

} // namespace

std::optional<std::string> wrong_with_lease_name(const std::string& name) {
    std::size_t begin = 0;
    bool sound = !name.empty() && name.size() <= 253;
    while (sound && begin <= name.size()) {
        const auto end = std::min(name.find('.', begin), name.size());
        sound = is_label(name.substr(begin, end - begin));
        begin = end + 1;
    }
    if (sound) {
        return std::nullopt;
    }
    return "\"" + name +
           "\" is not a DNS name: use at most 253 lower-case letters, digits, '-' and '.'";
}

std::optional<std::string> wrong_with_namespace(const std::string& name) {
    if (is_label(name) && name.size() <= 63) {
        return std::nullopt;
    }
    return "\"" + name + "\" is not a DNS label: use at most 63 lower-case letters, digits and '-'";
}

} // namespace le_run::kubernetes

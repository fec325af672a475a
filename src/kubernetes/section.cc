#include "kubernetes/section.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/config_error.h"
#include "kubernetes/base64.h"

namespace le_run::kubernetes {
namespace {

enum class Kind { kNull, kText, kTruth, kNumber, kList, kMapping };

std::optional<bool> truth_of(std::string_view text) {
    constexpr std::array<std::pair<std::string_view, bool>, 8> kWords{{{"y", true},
                                                                       {"yes", true},
                                                                       {"true", true},
                                                                       {"on", true},
                                                                       {"n", false},
                                                                       {"no", false},
                                                                       {"false", false},
                                                                       {"off", false}}};
    for (const auto& [word, meaning] : kWords) {
        // "yes", "Yes" and "YES", but not "yEs".
        std::string upper(word);
        std::transform(upper.begin(), upper.end(), upper.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        const std::string title = upper.substr(0, 1) + std::string(word.substr(1));
        if (text == word || text == upper || text == title) {
            return meaning;
        }
    }
    return std::nullopt;
}

bool is_all(std::string_view text, std::string_view digits) {
    return !text.empty() && text.find_first_not_of(digits) == std::string_view::npos;
}

// "12", "1_000", "-0x1f", "0b1", "0o7", "1.5e3", ".inf", ".nan"
bool is_number(std::string written) {
    constexpr std::string_view kDecimal = "0123456789";
    written.erase(std::remove(written.begin(), written.end(), '_'), written.end());
    std::string_view text = written;
    if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
        text.remove_prefix(1);
    }
    for (const std::string_view word : {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"}) {
        if (text == word) {
            return true;
        }
    }
    const std::string_view prefix = text.substr(0, 2);
    if (prefix == "0x") {
        return is_all(text.substr(2), "0123456789abcdefABCDEF");
    }
    if (prefix == "0b" || prefix == "0o") {
        return is_all(text.substr(2), prefix == "0b" ? "01" : "01234567");
    }
    if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
        std::string_view exponent = text.substr(e + 1);
        if (!exponent.empty() && (exponent.front() == '-' || exponent.front() == '+')) {
            exponent.remove_prefix(1);
        }
        if (!is_all(exponent, kDecimal)) {
            return false;
        }
        text = text.substr(0, e);
    }
    const auto point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    if (point == std::string_view::npos) {
        return is_all(whole, kDecimal);
    }
    return (whole.empty() || is_all(whole, kDecimal)) && is_all(text.substr(point + 1), kDecimal);
}

const std::string kYamlTag = "tag:yaml.org,2002:"; // "!!"

bool is_tagged(const YAML::Node& node, const char* name) { return node.Tag() == kYamlTag + name; }

// A quoted value, or one with a foreign tag, is a text. A tag of YAML itself names the type.
Kind kind_of(const YAML::Node& node) {
    if (!node.IsDefined() || node.IsNull() || (node.IsScalar() && is_tagged(node, "null"))) {
        return Kind::kNull;
    }
    if (node.IsSequence()) {
        return Kind::kList;
    }
    if (node.IsMap()) {
        return Kind::kMapping;
    }
    const bool is_plain = node.Tag() == "?"; // neither quoted nor tagged
    if ((is_plain || is_tagged(node, "bool")) && truth_of(node.Scalar())) {
        return Kind::kTruth;
    }
    const bool may_be_number = is_plain || is_tagged(node, "int") || is_tagged(node, "float");
    return may_be_number && is_number(node.Scalar()) ? Kind::kNumber : Kind::kText;
}

bool is_utf8(const std::string& bytes) {
    try {
        return !nlohmann::json(bytes).dump().empty();
    } catch (const nlohmann::json::type_error&) {
        return false;
    }
}

// The content of a kText. As in kubectl, !!binary is base64. Nothing: the base64 is wrong, or its
// bytes are not a text.
std::optional<std::string> content_of(const YAML::Node& node) {
    if (!is_tagged(node, "binary")) {
        return node.Scalar();
    }
    auto bytes = decode_base64(node.Scalar());
    return bytes && is_utf8(*bytes) ? bytes : std::nullopt;
}

const char* name_of(Kind kind) {
    switch (kind) {
    case Kind::kNull:
        return "nothing";
    case Kind::kText:
        return "a text";
    case Kind::kTruth:
        return "a truth value";
    case Kind::kNumber:
        return "a number";
    case Kind::kList:
        return "a list";
    case Kind::kMapping:
        return "a mapping";
    }
    return "";
}

// `left`: how many nodes may still be visited. Aliases can make a small file endlessly large.
std::optional<nlohmann::ordered_json> to_json(const YAML::Node& node, int depth, int& left) {
    if (depth == 0 || --left < 0) {
        return std::nullopt;
    }
    switch (kind_of(node)) {
    case Kind::kNull:
        return nlohmann::ordered_json(nullptr);
    case Kind::kText: {
        auto content = content_of(node);
        return content ? std::optional<nlohmann::ordered_json>(*std::move(content)) : std::nullopt;
    }
    case Kind::kTruth:
        return nlohmann::ordered_json(*truth_of(node.Scalar()));
    case Kind::kNumber: {
        const auto number = nlohmann::ordered_json::parse(node.Scalar(), nullptr, false);
        return number.is_number() ? number : nlohmann::ordered_json(node.Scalar());
    }
    case Kind::kList: {
        auto list = nlohmann::ordered_json::array();
        for (const YAML::Node& one : node) {
            auto converted = to_json(one, depth - 1, left);
            if (!converted) {
                return std::nullopt;
            }
            list.push_back(*std::move(converted));
        }
        return list;
    }
    case Kind::kMapping: {
        auto object = nlohmann::ordered_json::object();
        for (const auto& pair : node) {
            auto converted = to_json(pair.second, depth - 1, left);
            if (!converted || !pair.first.IsScalar()) {
                return std::nullopt;
            }
            object[pair.first.Scalar()] = *std::move(converted);
        }
        return object;
    }
    }
    return std::nullopt;
}

// Of several equal keys, the last counts. "<<" adds the keys of other mappings.
std::optional<YAML::Node> find_in(const YAML::Node& mapping, const std::string& key, int depth) {
    std::optional<YAML::Node> found;
    std::vector<YAML::Node> merged;
    for (const auto& pair : mapping) {
        if (!pair.first.IsScalar()) {
            continue;
        }
        if (pair.first.Scalar() == key) {
            found = pair.second;
        }
        if (pair.first.Scalar() == "<<" && pair.second.IsMap()) {
            merged.push_back(pair.second);
        }
        for (const YAML::Node& one : pair.first.Scalar() == "<<" && pair.second.IsSequence()
                                         ? YAML::Node(pair.second)
                                         : YAML::Node()) {
            merged.push_back(one);
        }
    }
    for (std::size_t i = 0; !found && depth > 0 && i < merged.size(); ++i) {
        if (merged[i].IsMap()) {
            found = find_in(merged[i], key, depth - 1);
        }
    }
    return found;
}

} // namespace

void Section::fail(const std::string& key, const std::string& what) const {
    const char* dot = path_.empty() || key.empty() ? "" : ".";
    throw ConfigError("kubeconfig " + file_ + ": " + path_ + dot + key + " " + what);
}

void Section::fail_type(const std::string& key, const YAML::Node& node,
                        const std::string& wanted) const {
    const Kind kind = kind_of(node);
    const bool needs_quotes = kind == Kind::kTruth || kind == Kind::kNumber;
    const bool is_shown = needs_quotes && !path_.starts_with("users["); // secrets are there
    fail(key, std::string("is ") + name_of(kind) + (is_shown ? " (" + node.Scalar() + ")" : "") +
                  "; write " + wanted + (needs_quotes && wanted == "a text" ? ", in quotes" : ""));
}

std::optional<YAML::Node> Section::find(const std::string& key) const {
    constexpr int kDeepestMerge = 4;
    if (!node_.IsMap()) {
        return std::nullopt;
    }
    auto found = find_in(node_, key, kDeepestMerge);
    return found && kind_of(*found) != Kind::kNull ? found : std::nullopt;
}

std::string Section::text_of(const std::string& key, const YAML::Node& node) const {
    if (kind_of(node) != Kind::kText) {
        fail_type(key, node, "a text");
    }
    auto content = content_of(node);
    if (!content) {
        fail(key,
             "is !!binary, but not the base64 of a text; write the text itself, without a tag");
    }
    return *std::move(content);
}

std::vector<std::string> Section::texts_of(const std::string& key, const YAML::Node& node) const {
    if (!node.IsSequence()) {
        fail_type(key, node, "a list of texts");
    }
    std::vector<std::string> all;
    for (const YAML::Node& one : node) {
        all.push_back(text_of(key + "[" + std::to_string(all.size()) + "]", one));
    }
    return all;
}

std::string Section::text(const std::string& key) const {
    const auto value = find(key);
    return value ? text_of(key, *value) : "";
}

bool Section::truth(const std::string& key) const {
    const auto value = find(key);
    if (!value) {
        return false;
    }
    if (kind_of(*value) != Kind::kTruth) {
        fail_type(key, *value, "true or false, without quotes");
    }
    return *truth_of(value->Scalar());
}

std::vector<std::string> Section::texts(const std::string& key) const {
    const auto value = find(key);
    return value ? texts_of(key, *value) : std::vector<std::string>();
}

std::vector<std::pair<std::string, std::vector<std::string>>>
Section::texts_by_name(const std::string& key) const {
    std::vector<std::pair<std::string, std::vector<std::string>>> all;
    const auto value = find(key);
    if (!value) {
        return all;
    }
    if (!value->IsMap()) {
        fail_type(key, *value, "a mapping from names to lists of texts");
    }
    for (const auto& pair : *value) {
        const std::string name = text_of(key + " (one of its keys)", pair.first);
        all.emplace_back(name, texts_of(key + "." + name, pair.second));
    }
    return all;
}

Section Section::section(const std::string& key) const {
    const auto value = find(key);
    if (value && !value->IsMap()) {
        fail_type(key, *value, "a mapping");
    }
    return {file_, path_ + (path_.empty() ? "" : ".") + key, value.value_or(YAML::Node())};
}

std::vector<Section> Section::sections(const std::string& key) const {
    std::vector<Section> all;
    const auto value = find(key);
    if (!value) {
        return all;
    }
    if (!value->IsSequence()) {
        fail_type(key, *value, "a list");
    }
    for (const YAML::Node& one : *value) {
        const std::string place = key + "[" + std::to_string(all.size()) + "]";
        if (kind_of(one) != Kind::kNull && !one.IsMap()) {
            fail_type(place, one, "a mapping");
        }
        all.emplace_back(file_, path_ + (path_.empty() ? "" : ".") + place, one);
    }
    return all;
}

nlohmann::ordered_json Section::json(const std::string& key) const {
    constexpr int kDeepest = 32;
    int left = 10'000;
    const auto value = find(key);
    if (!value) {
        return nullptr;
    }
    auto converted = to_json(*value, kDeepest, left);
    if (!converted) {
        fail(key, "is too large, too deep or not representable as JSON; make it smaller");
    }
    return *std::move(converted);
}

} // namespace le_run::kubernetes

#include "store/kubernetes/watch_event.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace le_run::kubernetes_store {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kGone = 410;

// The string at `path`; empty if it is absent or is not a string.
std::string text_at(const Json& json, std::initializer_list<const char*> path) {
    const Json* value = &json;
    for (const char* name : path) {
        if (!value->is_object()) {
            return {};
        }
        const auto found = value->find(name);
        if (found == value->end()) {
            return {};
        }
        value = &*found;
    }
    return value->is_string() ? value->get<std::string>() : std::string();
}

WatchEvent error_event(const Json& status) {
    WatchEvent event;
    const auto code = status.find("code");
    const bool is_gone = code != status.end() && code->is_number_integer() && *code == kGone;
    event.type = is_gone ? WatchEvent::Type::kExpired : WatchEvent::Type::kError;
    event.text = text_at(status, {"message"});
    return event;
}

} // namespace

store::Parsed<WatchEvent> parse_watch_event(std::string_view line) {
    auto parsed = store::parse_json(line);
    if (const auto* bad = std::get_if<store::Malformed>(&parsed)) {
        return *bad;
    }
    Json& tree = std::get<Json>(parsed);
    const std::string type = text_at(tree, {"type"});
    const auto object = tree.is_object() ? tree.find("object") : tree.end();
    if (!tree.is_object() || object == tree.end() || !object->is_object()) {
        return store::Malformed{"it is not a watch event with a `type` and an `object`"};
    }
    if (type == "ERROR") {
        return error_event(*object);
    }
    WatchEvent event;
    event.version = text_at(*object, {"metadata", "resourceVersion"});
    if (type == "BOOKMARK") {
        event.type = WatchEvent::Type::kBookmark;
        return event;
    }
    if (type != "ADDED" && type != "MODIFIED" && type != "DELETED") {
        return store::Malformed{"the `type` of the watch event is unknown"};
    }
    event.type = type == "DELETED" ? WatchEvent::Type::kDeleted : WatchEvent::Type::kChanged;
    if (event.type == WatchEvent::Type::kChanged) {
        event.lease = store::lease_object_of(std::move(*object));
    }
    return event;
}

std::vector<std::string> LineSplitter::add(std::string_view bytes) {
    std::vector<std::string> lines;
    while (!bytes.empty()) {
        const auto end = std::min(bytes.find('\n'), bytes.size());
        begun_.append(bytes.substr(0, end));
        if (begun_.size() > kLongestLine) {
            overflowed_ = true;
            begun_.clear();
        }
        if (end == bytes.size()) {
            break;
        }
        bytes.remove_prefix(end + 1);
        if (!begun_.empty()) {
            lines.push_back(std::exchange(begun_, {}));
        }
    }
    return lines;
}

} // namespace le_run::kubernetes_store

// Parses the stream of a watch from a Kubernetes API server: one JSON object in each line.
//
// Pure; nothing throws.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/lease_json.h"

namespace le_run::kubernetes_store {

struct WatchEvent {
    enum class Type {
        kChanged, // ADDED, MODIFIED: `lease`
        kDeleted,
        kBookmark, // `version` only
        kExpired,  // 410: the server has forgotten the requested version
        kError,    // `text`
    };
    Type type = Type::kError;
    store::Parsed<store::LeaseObject> lease; // the object, if it can be read
    std::string version;                     // metadata.resourceVersion of the object; empty: none
    std::string text;
};

// Parses one line without its line end.
store::Parsed<WatchEvent> parse_watch_event(std::string_view line);

// Splits a stream into lines; its pieces may end anywhere.
class LineSplitter {
public:
    // Longer than any object that an API server stores.
    static constexpr std::size_t kLongestLine = 12 * 1024 * 1024;

    // Returns the lines that `bytes` complete, without empty ones.
    std::vector<std::string> add(std::string_view bytes);
    // Takes the last line, which has no line end; empty: there is none.
    std::string rest() { return std::exchange(begun_, {}); }
    // A line grew beyond kLongestLine and was dropped. Do not trust the lines after it.
    bool has_overflowed() const { return overflowed_; }

private:
    std::string begun_;
    bool overflowed_ = false;
};

} // namespace le_run::kubernetes_store

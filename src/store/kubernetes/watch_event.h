// The watch of a Kubernetes API server as bytes: one JSON object in each line.
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
        kChanged, // ADDED, MODIFIED: `lease` and `object`
        kDeleted,
        kBookmark, // `version` only
        kExpired,  // 410: the version that was asked for is too old
        kError,    // `text`
    };
    Type type = Type::kError;
    store::Parsed<store::LeaseObject> lease; // what can be read of the object
    std::string object;                      // JSON
    std::string version;                     // metadata.resourceVersion of the object; empty: none
    std::string text;
};

// One line, without its end.
store::Parsed<WatchEvent> parse_watch_event(std::string_view line);

// Puts lines together from pieces that end anywhere.
class LineSplitter {
public:
    // Longer than any object that an API server stores.
    static constexpr std::size_t kLongestLine = 12 * 1024 * 1024;

    // The lines that `bytes` complete, without empty ones.
    std::vector<std::string> add(std::string_view bytes);
    // The last line, which no line end has completed; empty: none. It is forgotten.
    std::string rest() { return std::exchange(begun_, {}); }
    // A line grew beyond kLongestLine and was dropped: what follows is not to be trusted.
    bool has_overflowed() const { return overflowed_; }

private:
    std::string begun_;
    bool overflowed_ = false;
};

} // namespace le_run::kubernetes_store

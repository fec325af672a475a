// The Lease as JSON: the object that coordination.k8s.io/v1 sends and that a lock file keeps.
//
// The bytes of an answer are parsed once. The tree stays with the lease as its StoredObject. The
// next write edits a copy of the tree and makes bytes of it.
//
// Pure functions over bytes that others wrote. Nothing throws: bytes that cannot be read give
// Malformed. Four things are refused, because le-run could not write them back unchanged: nesting
// deeper than kMaxJsonDepth, a key given twice, an integer beyond 64 bits, and bytes that are not
// UTF-8. Reading takes time in proportion to the bytes (times the logarithm of the number of keys),
// even with many labels or annotations.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json_fwd.hpp>

#include "election/lease.h"

namespace le_run::store {

inline constexpr int kMaxJsonDepth = 64;

// Why bytes could not be read: one clause for people, e.g. "`spec.renewTime` is a number, not a
// time".
struct Malformed {
    std::string text;
};

template <typename T>
using Parsed = std::variant<T, Malformed>;

// The parts of a Lease object that le-run reads.
struct LeaseObject {
    election::LeaseRecord record;
    std::string name;             // metadata.name; empty: absent
    std::string uid;              // metadata.uid; empty: absent
    std::string resource_version; // metadata.resourceVersion; empty: absent
    std::shared_ptr<const election::StoredObject> object{}; // the whole tree
};

// Reads a whole Lease object. kind must be Lease and apiVersion of the group coordination.k8s.io.
// An absent spec is an empty record. The caller checks name, uid and resource_version.
Parsed<LeaseObject> parse_lease_object(std::string_view bytes);
// The same for JSON that is parsed already. The result keeps `tree`.
Parsed<LeaseObject> lease_object_of(nlohmann::ordered_json tree);

// Why `tree` is not a Lease object; nothing: it is one, even if its parts cannot be read.
std::optional<Malformed> why_no_lease(const nlohmann::ordered_json& tree);

// The bytes of a create: without uid and resourceVersion. `lease_namespace` may be empty (a file
// has none).
std::string make_lease_object(const std::string& lease_namespace, const std::string& name,
                              const election::LeaseRecord& record);

// Takes a copy of `object`, which comes from a LeaseObject. Replaces the record's fields, sets
// metadata.resourceVersion, and gives the bytes. Every other field stays. Fields of the record
// without a value are removed.
std::string edit_lease_object(const election::StoredObject& object,
                              const election::LeaseRecord& record,
                              const std::string& resource_version);

// The same for trees, for a store that adds fields of its own.
const nlohmann::ordered_json& tree_of(const election::StoredObject& object);
nlohmann::ordered_json new_lease_tree(const std::string& lease_namespace, const std::string& name);
void edit_lease_tree(nlohmann::ordered_json& tree, const election::LeaseRecord& record,
                     const std::string& resource_version);

// Any JSON within the bounds above.
Parsed<nlohmann::ordered_json> parse_json(std::string_view bytes);
// Never throws: bytes that are not UTF-8 become U+FFFD.
std::string dump_json(const nlohmann::ordered_json& json);

// MicroTime as Go writes it, with exactly six decimals and Z. The API server takes no other form.
// Clamped to the years 0001 to 9999.
std::string format_micro_time(WallTime time);
// Reads any RFC 3339 time: with Z or an offset, with 0 to 18 decimals (cut to microseconds). Also
// reads years of more than four digits, because an API server stores and shows them, as Go does.
Parsed<WallTime> parse_micro_time(std::string_view text);

// The parts of a Status object (the body of an error) that le-run reads. Absent fields are empty.
struct ApiStatus {
    std::string reason;       // "NotFound", "AlreadyExists", ...
    std::string message;      // for people
    std::string details_name; // the object's name
    std::string details_kind; // its resource, "leases"
};
Parsed<ApiStatus> parse_api_status(std::string_view bytes);

} // namespace le_run::store

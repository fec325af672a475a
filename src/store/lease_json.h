// The Lease as JSON: the object that coordination.k8s.io/v1 sends and that a lock file keeps.
//
// Pure functions over bytes that others wrote. Nothing throws: bytes that cannot be read give
// Malformed. Four things are refused, because le-run could not write them back unchanged: nesting
// deeper than kMaxJsonDepth, a key given twice, an integer beyond 64 bits, and bytes that are not
// UTF-8. Reading takes time in proportion to the bytes (times the logarithm of the number of keys),
// even with many labels or annotations.
#pragma once

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
};

// Reads a whole Lease object. kind must be Lease and apiVersion of the group coordination.k8s.io.
// An absent spec is an empty record. The caller checks name, uid and resource_version.
Parsed<LeaseObject> parse_lease_object(std::string_view bytes);
// The same for JSON that is parsed already.
Parsed<LeaseObject> lease_object_of(const nlohmann::ordered_json& tree);

// Why `tree` is not a Lease object; nothing: it is one, even if its parts cannot be read.
std::optional<Malformed> why_no_lease(const nlohmann::ordered_json& tree);

// The object of a create: without uid and resourceVersion. `lease_namespace` may be empty (a file
// has none).
std::string make_lease_object(const std::string& lease_namespace, const std::string& name,
                              const election::LeaseRecord& record);

// Takes a received Lease object, replaces the record's fields, and sets metadata.resourceVersion.
// Every other field stays. Fields of the record without a value are removed.
Parsed<std::string> edit_lease_object(std::string_view bytes, const election::LeaseRecord& record,
                                      const std::string& resource_version);

// The same for parts, for a store that keeps the record inside another object.
// Any JSON within the bounds above.
Parsed<nlohmann::ordered_json> parse_json(std::string_view bytes);
// Never throws: bytes that are not UTF-8 become U+FFFD.
std::string dump_json(const nlohmann::ordered_json& json);
// `spec` is the object with holderIdentity and the other fields (null: an empty record). `path`
// names it in errors ("spec").
Parsed<election::LeaseRecord> parse_lease_record(const nlohmann::ordered_json& spec,
                                                 const std::string& path);
// `spec` must be an object or null.
void edit_lease_record(nlohmann::ordered_json& spec, const election::LeaseRecord& record);

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

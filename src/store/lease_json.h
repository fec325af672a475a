// The Lease as JSON: what coordination.k8s.io/v1 sends and what a file keeps (the same object).
//
// Pure functions over bytes that others wrote. Nothing throws: what cannot be read comes back as
// Malformed. Bounds: an object nested deeper than kMaxJsonDepth, a key given twice, an integer
// beyond 64 bits and bytes that are not UTF-8 are refused, because they could not be written back
// as they were received. Reading takes time in proportion to the bytes (times the logarithm of the
// number of keys), however many labels or annotations there are.
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

// What le-run reads of a Lease object.
struct LeaseObject {
    election::LeaseRecord record;
    std::string name;             // metadata.name; empty: absent
    std::string uid;              // metadata.uid; empty: absent
    std::string resource_version; // metadata.resourceVersion; empty: absent
};

// Reads a whole Lease object. kind must be Lease and apiVersion of the group coordination.k8s.io;
// an absent spec is an empty record. It is the caller's to ask for name, uid and resource_version.
Parsed<LeaseObject> parse_lease_object(std::string_view bytes);
// The same, of JSON that has been parsed.
Parsed<LeaseObject> lease_object_of(const nlohmann::ordered_json& tree);

// Why `tree` is no Lease object at all; nothing: it is one, whether its parts can be read or not.
std::optional<Malformed> why_no_lease(const nlohmann::ordered_json& tree);

// The object of a create: without uid and resourceVersion. `lease_namespace` may be empty (a file
// has none).
std::string make_lease_object(const std::string& lease_namespace, const std::string& name,
                              const election::LeaseRecord& record);

// `bytes`, a Lease object as it was received, with the record's fields replaced and
// metadata.resourceVersion set; every other field stays. A field that the record does not have is
// removed.
Parsed<std::string> edit_lease_object(std::string_view bytes, const election::LeaseRecord& record,
                                      const std::string& resource_version);

// The same for parts, for a store that keeps the record inside something of its own.
// Any JSON within the bounds above.
Parsed<nlohmann::ordered_json> parse_json(std::string_view bytes);
// Never throws: bytes of a string that are not UTF-8 become U+FFFD.
std::string dump_json(const nlohmann::ordered_json& json);
// `spec` is the object with holderIdentity and so on (null: an empty record); `path` names it in
// errors ("spec").
Parsed<election::LeaseRecord> parse_lease_record(const nlohmann::ordered_json& spec,
                                                 const std::string& path);
// `spec` must be an object or null.
void edit_lease_record(nlohmann::ordered_json& spec, const election::LeaseRecord& record);

// MicroTime as Go writes it, the only form the API server takes: exactly six decimals and Z.
// Clamped to the years 0001 to 9999.
std::string format_micro_time(WallTime time);
// Reads any RFC 3339 time: an offset instead of Z, no or up to 18 decimals (cut to microseconds).
// And years beyond its four digits: an API server stores them, and shows them as Go does.
Parsed<WallTime> parse_micro_time(std::string_view text);

// What le-run reads of a Status object (the body of an error). Fields that are not there are empty.
struct ApiStatus {
    std::string reason;       // "NotFound", "AlreadyExists", ...
    std::string message;      // for people
    std::string details_name; // the object's name
    std::string details_kind; // its resource, "leases"
};
Parsed<ApiStatus> parse_api_status(std::string_view bytes);

} // namespace le_run::store

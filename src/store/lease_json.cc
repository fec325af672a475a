#include "store/lease_json.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/check.h"

namespace le_run::store {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kGroup = "coordination.k8s.io/";

// Builds the tree while the text is read, and refuses what the library would accept silently.
class Builder : public nlohmann::json_sax<Json> {
public:
    const std::string& complaint() const { return complaint_; }
    Json take_tree() { return std::move(tree_); }

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t& text) override {
        // The library reads an integer beyond 64 bits as a float. le-run would write back another
        // number.
        if (text.find_first_of(".eE") == string_t::npos) {
            return refuse("a number is too large");
        }
        return add(value);
    }
    bool string(string_t& value) override { return add(std::move(value)); }
    bool binary(binary_t&) override { return true; } // never comes in a text
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool end_object() override {
        const std::string* twice = key_given_twice();
        if (twice != nullptr) {
            return refuse("the key " + dump_json(twice->substr(0, 60)) + " is given twice");
        }
        return close();
    }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_array() override { return close(); }
    // The library's own insertion compares all earlier keys: that took 14 s with 80,000 labels.
    bool key(string_t& name) override {
        auto& members = open_.back()->get_ref<Json::object_t&>();
        member_ = &members.emplace_back(std::move(name), nullptr).second;
        return true;
    }
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception&) override {
        return refuse("not JSON (at byte " + std::to_string(position) + ")");
    }

private:
    bool add(Json value) {
        place(std::move(value));
        return true;
    }
    bool open(Json value) {
        open_.push_back(&place(std::move(value)));
        return open_.size() <= kMaxJsonDepth ||
               refuse("nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
    }
    bool close() {
        open_.pop_back();
        return true;
    }
    // Looks in the innermost object. It sorts, because chosen keys can make hashing slow.
    const std::string* key_given_twice() {
        const auto& members = open_.back()->get_ref<Json::object_t&>();
        keys_.clear();
        for (const auto& member : members) {
            keys_.push_back(&member.first);
        }
        std::sort(keys_.begin(), keys_.end(), [](auto* a, auto* b) { return *a < *b; });
        const auto twice = std::adjacent_find(keys_.begin(), keys_.end(),
                                              [](auto* a, auto* b) { return *a == *b; });
        return twice == keys_.end() ? nullptr : *twice;
    }
    Json& place(Json value) {
        if (!open_.empty() && open_.back()->is_array()) {
            open_.back()->push_back(std::move(value));
            return open_.back()->back();
        }
        Json& target = open_.empty() ? tree_ : *member_;
        target = std::move(value);
        return target;
    }
    bool refuse(std::string text) {
        complaint_ = std::move(text);
        return false;
    }

    Json tree_;
    std::vector<Json*> open_; // open objects and arrays, the innermost last; only that one grows
    Json* member_ = nullptr;  // the member of the innermost object whose value comes next
    std::vector<const std::string*> keys_; // for key_given_twice(); kept to reuse its memory
    std::string complaint_;
};

std::string type_in_words(const Json& value) {
    if (value.is_string()) {
        return "a text";
    }
    if (value.is_number()) {
        return "a number";
    }
    if (value.is_boolean()) {
        return "true or false";
    }
    if (value.is_array()) {
        return "a list";
    }
    return value.is_object() ? "an object" : "null";
}

Malformed wrong_type(const std::string& path, const Json& value, const std::string& wanted) {
    return {"`" + path + "` is " + type_in_words(value) + ", not " + wanted};
}

// The member, or nullptr if it is absent or null.
const Json* member(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

Parsed<std::string> text_member(const Json& object, const char* name, const std::string& path) {
    const Json* value = member(object, name);
    if (value == nullptr) {
        return std::string();
    }
    if (!value->is_string()) {
        return wrong_type(path + "." + name, *value, "a text");
    }
    return value->get<std::string>();
}

// An int32 that is not below `least`.
Parsed<std::optional<std::int64_t>> number_member(const Json& object, const char* name,
                                                  const std::string& path, std::int64_t least) {
    const Json* value = member(object, name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_number_integer()) {
        return wrong_type(path + "." + name, *value, "a whole number");
    }
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    const bool huge = value->is_number_unsigned() && value->get<std::uint64_t>() > kMost;
    const std::int64_t number = huge ? 0 : value->get<std::int64_t>();
    if (huge || number > kMost || number < least) {
        return Malformed{"`" + path + "." + name + "` is " + value->dump() + ", not between " +
                         std::to_string(least) + " and " + std::to_string(kMost)};
    }
    return number;
}

Parsed<std::optional<WallTime>> time_member(const Json& object, const char* name,
                                            const std::string& path) {
    const Json* value = member(object, name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_string()) {
        return wrong_type(path + "." + name, *value, "a time");
    }
    const auto time = parse_micro_time(value->get_ref<const std::string&>());
    if (const auto* bad = std::get_if<Malformed>(&time)) {
        return Malformed{"`" + path + "." + name + "` is " + bad->text};
    }
    return std::get<WallTime>(time);
}

// Moves a parsed value into `out`. False: there is no value, and `why` says why.
template <typename Value, typename Target>
bool take(Parsed<Value> parsed, Target& out, Malformed& why) {
    if (auto* bad = std::get_if<Malformed>(&parsed)) {
        why = std::move(*bad);
        return false;
    }
    out = std::get<Value>(std::move(parsed));
    return true;
}

// Sets the member, or removes it if there is no value.
template <typename Value>
void put(Json& object, const char* name, const std::optional<Value>& value) {
    if (value) {
        object[name] = *value;
    } else {
        object.erase(name);
    }
}

std::optional<std::string> as_text(const std::optional<WallTime>& time) {
    return time ? std::optional(format_micro_time(*time)) : std::nullopt;
}

// `spec`: the object with holderIdentity and so on.
Parsed<election::LeaseRecord> parse_lease_record(const Json& spec) {
    const std::string path = "spec";
    election::LeaseRecord record;
    Malformed why;
    std::optional<std::int64_t> transitions;
    if (!take(text_member(spec, "holderIdentity", path), record.holder.text, why) ||
        !take(number_member(spec, "leaseDurationSeconds", path, 1), record.lease_duration_seconds,
              why) ||
        !take(time_member(spec, "acquireTime", path), record.acquire_time, why) ||
        !take(time_member(spec, "renewTime", path), record.renew_time, why) ||
        !take(number_member(spec, "leaseTransitions", path, 0), transitions, why)) {
        return why;
    }
    record.transitions = transitions.value_or(0);
    return record;
}

// `spec`: an object or null.
void edit_lease_record(Json& spec, const election::LeaseRecord& record) {
    spec["holderIdentity"] = record.holder.text; // a release writes "", not null, as client-go does
    put(spec, "leaseDurationSeconds", record.lease_duration_seconds);
    put(spec, "acquireTime", as_text(record.acquire_time));
    put(spec, "renewTime", as_text(record.renew_time));
    spec["leaseTransitions"] = record.transitions;
}

// The tree of a Lease object that has been read.
struct LeaseTree : election::StoredObject {
    explicit LeaseTree(Json json) : tree(std::move(json)) {}
    Json tree;
};

} // namespace

Parsed<Json> parse_json(std::string_view bytes) {
    Builder builder;
    if (!Json::sax_parse(bytes.begin(), bytes.end(), &builder)) {
        return Malformed{builder.complaint()};
    }
    return builder.take_tree();
}

std::string dump_json(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Parsed<LeaseObject> parse_lease_object(std::string_view bytes) {
    auto parsed = parse_json(bytes);
    if (auto* bad = std::get_if<Malformed>(&parsed)) {
        return std::move(*bad);
    }
    return lease_object_of(std::get<Json>(std::move(parsed)));
}

std::optional<Malformed> why_no_lease(const Json& tree) {
    if (!tree.is_object()) {
        return Malformed{"it is " + type_in_words(tree) + ", not an object"};
    }
    std::string kind, version;
    Malformed why;
    if (!take(text_member(tree, "kind", "object"), kind, why) ||
        !take(text_member(tree, "apiVersion", "object"), version, why)) {
        return why;
    }
    if (kind != "Lease" || version.compare(0, kGroup.size(), kGroup) != 0) {
        return Malformed{
            "it is not a Lease of coordination.k8s.io (kind and apiVersion say otherwise)"};
    }
    if (const Json* metadata = member(tree, "metadata"); metadata && !metadata->is_object()) {
        return wrong_type("metadata", *metadata, "an object");
    }
    if (const Json* spec = member(tree, "spec"); spec && !spec->is_object()) {
        return wrong_type("spec", *spec, "an object");
    }
    return std::nullopt;
}

Parsed<LeaseObject> lease_object_of(Json tree) {
    if (const auto bad = why_no_lease(tree)) {
        return *bad;
    }
    LeaseObject lease;
    Malformed why;
    if (const Json* metadata = member(tree, "metadata")) {
        if (!take(text_member(*metadata, "name", "metadata"), lease.name, why) ||
            !take(text_member(*metadata, "uid", "metadata"), lease.uid, why) ||
            !take(text_member(*metadata, "resourceVersion", "metadata"), lease.resource_version,
                  why)) {
            return why;
        }
    }
    if (const Json* spec = member(tree, "spec")) {
        if (!take(parse_lease_record(*spec), lease.record, why)) {
            return why;
        }
    }
    lease.object = std::make_shared<LeaseTree>(std::move(tree));
    return lease;
}

const Json& tree_of(const election::StoredObject& object) {
    const auto* lease = dynamic_cast<const LeaseTree*>(&object);
    LE_CHECK(lease != nullptr);
    return lease->tree;
}

Json new_lease_tree(const std::string& lease_namespace, const std::string& name) {
    Json tree = {{"kind", "Lease"}, {"apiVersion", "coordination.k8s.io/v1"}};
    tree["metadata"]["name"] = name;
    if (!lease_namespace.empty()) {
        tree["metadata"]["namespace"] = lease_namespace;
    }
    return tree;
}

void edit_lease_tree(Json& tree, const election::LeaseRecord& record,
                     const std::string& resource_version) {
    tree["metadata"]["resourceVersion"] = resource_version;
    edit_lease_record(tree["spec"], record);
}

std::string make_lease_object(const std::string& lease_namespace, const std::string& name,
                              const election::LeaseRecord& record) {
    Json tree = new_lease_tree(lease_namespace, name);
    edit_lease_record(tree["spec"], record);
    return dump_json(tree);
}

std::string edit_lease_object(const election::StoredObject& object,
                              const election::LeaseRecord& record,
                              const std::string& resource_version) {
    Json tree = tree_of(object);
    edit_lease_tree(tree, record, resource_version);
    return dump_json(tree);
}

Parsed<ApiStatus> parse_api_status(std::string_view bytes) {
    const auto parsed = parse_json(bytes);
    if (const auto* bad = std::get_if<Malformed>(&parsed)) {
        return *bad;
    }
    const Json& tree = std::get<Json>(parsed);
    const Json* kind = tree.is_object() ? member(tree, "kind") : nullptr;
    if (kind == nullptr || *kind != "Status") {
        return Malformed{"it is not a Status object"};
    }
    // A field of another type counts as absent.
    const auto text = [](const Json& object, const char* name) {
        const Json* value = member(object, name);
        return value && value->is_string() ? value->get<std::string>() : std::string();
    };
    ApiStatus status{text(tree, "reason"), text(tree, "message"), {}, {}};
    if (const Json* details = member(tree, "details"); details && details->is_object()) {
        status.details_name = text(*details, "name");
        status.details_kind = text(*details, "kind");
    }
    return status;
}

} // namespace le_run::store

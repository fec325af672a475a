// A Lease as others wrote it: what is read is within its bounds, and writing it back loses nothing.
#include <limits>

#include <nlohmann/json.hpp>

#include "fuzz.h"
#include "store/lease_json.h"

using namespace le_run;
using namespace le_run::store;
using namespace le_run::fuzz;
using Json = nlohmann::ordered_json;

namespace {

Json parse(const std::string& bytes) {
    const auto parsed = parse_json(bytes);
    LE_CHECK(std::holds_alternative<Json>(parsed));
    return std::get<Json>(parsed);
}

LeaseObject lease_of(const std::string& bytes) {
    const auto parsed = parse_lease_object(bytes);
    LE_CHECK(std::holds_alternative<LeaseObject>(parsed));
    return std::get<LeaseObject>(parsed);
}

std::string edit(const LeaseObject& lease, const election::LeaseRecord& record) {
    return edit_lease_object(*lease.object, record, "4711");
}

// Without what le-run writes; an object that le-run had to make is as good as none.
Json rest_of(Json tree) {
    const auto strip = [&tree](const char* part, std::initializer_list<const char*> names) {
        if (tree.contains(part) && tree[part].is_object()) {
            for (const char* name : names) {
                tree[part].erase(name);
            }
        }
        if (tree.contains(part) && tree[part].empty()) {
            tree.erase(part);
        }
    };
    strip("metadata", {"resourceVersion"});
    strip("spec", {"holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime",
                   "leaseTransitions"});
    return tree;
}

std::optional<WallTime> as_written(const std::optional<WallTime>& time) {
    if (!time) {
        return std::nullopt;
    }
    return std::get<WallTime>(parse_micro_time(format_micro_time(*time)));
}

void check_write_back(const std::string& bytes, const LeaseObject& before,
                      const election::LeaseRecord& record) {
    const std::string written = edit(before, record);
    const LeaseObject after = lease_of(written);
    election::LeaseRecord wanted = record;
    wanted.acquire_time = as_written(record.acquire_time);
    wanted.renew_time = as_written(record.renew_time);
    LE_CHECK(after.record == wanted);
    LE_CHECK(after.name == before.name && after.uid == before.uid);
    LE_CHECK(after.resource_version == "4711");
    LE_CHECK(rest_of(parse(written)) == rest_of(parse(bytes)));
    LE_CHECK(edit(after, after.record) == written);
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(text_of(data, size));
    const auto parsed = parse_json(bytes);
    if (const auto* wrong = std::get_if<Malformed>(&parsed)) {
        LE_CHECK(!wrong->text.empty() && wrong->text.size() < 500);
        LE_CHECK(std::holds_alternative<Malformed>(parse_lease_object(bytes)));
        return 0;
    }
    const std::string dumped = dump_json(std::get<Json>(parsed));
    LE_CHECK(parse(dumped) == std::get<Json>(parsed) && dump_json(parse(dumped)) == dumped);

    const auto read = parse_lease_object(bytes);
    if (const auto* wrong = std::get_if<Malformed>(&read)) {
        LE_CHECK(!wrong->text.empty() && !has_control_characters(wrong->text));
        return 0;
    }
    const auto& lease = std::get<LeaseObject>(read);
    LE_CHECK(tree_of(*lease.object) == std::get<Json>(parsed));
    constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
    const auto& seconds = lease.record.lease_duration_seconds;
    LE_CHECK(!seconds || (*seconds >= 1 && *seconds <= kMost));
    LE_CHECK(lease.record.transitions >= 0 && lease.record.transitions <= kMost);
    check_write_back(bytes, lease, lease.record);
    check_write_back(bytes, lease, {}); // as a release
    check_write_back(bytes, lease, {{"me"}, 15, WallTime{1}, WallTime{2}, 3});
    return 0;
}

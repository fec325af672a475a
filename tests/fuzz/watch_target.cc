// The watch stream: bytes that end anywhere, lines, events, and the Leases in them.
#include <nlohmann/json.hpp>

#include "fuzz.h"
#include "store/kubernetes/watch_event.h"
#include "store/lease_json.h"

using namespace le_run;
using namespace le_run::store;
using namespace le_run::fuzz;

namespace {

using Json = nlohmann::ordered_json;
using Type = kubernetes_store::WatchEvent::Type;

void check_event(const std::string& line) {
    const auto parsed = kubernetes_store::parse_watch_event(line);
    if (const auto* wrong = std::get_if<Malformed>(&parsed)) {
        LE_CHECK(!wrong->text.empty() && wrong->text.size() < 500);
        return;
    }
    const auto& event = std::get<kubernetes_store::WatchEvent>(parsed);
    LE_CHECK(event.version.size() <= line.size() && event.text.size() <= line.size());
    // What an event has of a Lease is as good as one that was read: the object is whole, and can be
    // written back.
    const auto* lease = std::get_if<LeaseObject>(&event.lease);
    if (event.type != Type::kChanged || lease == nullptr) {
        return;
    }
    LE_CHECK(lease->object != nullptr && lease->resource_version == event.version);
    const Json event_tree = std::get<Json>(parse_json(line));
    LE_CHECK(tree_of(*lease->object) == event_tree["object"]);
    const auto again = parse_lease_object(edit_lease_object(*lease->object, lease->record, "7"));
    LE_CHECK(std::holds_alternative<LeaseObject>(again));
    LE_CHECK(std::get<LeaseObject>(again).resource_version == "7");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    // The first byte says how the rest is cut into pieces; the lines do not depend on that.
    const std::size_t piece = 1 + data[0];
    const std::string_view bytes = text_of(data + 1, size - 1);
    kubernetes_store::LineSplitter whole, pieces;
    const auto lines = whole.add(bytes);
    std::vector<std::string> same;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        for (auto& line : pieces.add(bytes.substr(at, piece))) {
            same.push_back(std::move(line));
        }
    }
    LE_CHECK(lines == same);
    for (const auto& line : lines) {
        LE_CHECK(!line.empty() && line.find('\n') == std::string::npos);
        check_event(line);
    }
    return 0;
}

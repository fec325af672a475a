// The watch stream: bytes that end anywhere, lines, events, and the Leases in them.
#include "fuzz.h"
#include "store/kubernetes/watch_event.h"
#include "store/lease_json.h"

using namespace le_run;
using namespace le_run::store;
using namespace le_run::fuzz;

namespace {

using Type = kubernetes_store::WatchEvent::Type;

void check_event(const std::string& line) {
    const auto parsed = kubernetes_store::parse_watch_event(line);
    if (const auto* wrong = std::get_if<Malformed>(&parsed)) {
        LE_CHECK(!wrong->text.empty() && wrong->text.size() < 500);
        return;
    }
    const auto& event = std::get<kubernetes_store::WatchEvent>(parsed);
    const bool has_object = event.type == Type::kChanged;
    LE_CHECK(has_object == !event.object.empty());
    LE_CHECK(event.version.size() <= line.size() && event.text.size() <= line.size());
    if (!has_object) {
        return;
    }
    // The object is as good as one that was read: it can be parsed and written back.
    LE_CHECK(std::holds_alternative<LeaseObject>(parse_lease_object(event.object)) ==
             std::holds_alternative<LeaseObject>(event.lease));
    if (const auto* object = std::get_if<LeaseObject>(&event.lease)) {
        LE_CHECK(object->resource_version == event.version);
        const auto edited = edit_lease_object(event.object, object->record, "7");
        LE_CHECK(std::holds_alternative<std::string>(edited));
    }
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

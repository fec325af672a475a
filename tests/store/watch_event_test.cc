// The watch stream as bytes.
#include "helpers/catch.h"
#include "store/kubernetes/watch_event.h"

using namespace le_run;
using namespace le_run::kubernetes_store;
using namespace le_run::store;
using Type = WatchEvent::Type;

namespace {

WatchEvent event_of(const std::string& line) {
    const auto parsed = parse_watch_event(line);
    if (const auto* bad = std::get_if<Malformed>(&parsed)) {
        FAIL(bad->text);
    }
    return std::get<WatchEvent>(parsed);
}

std::string complaint_about(const std::string& line) {
    const auto parsed = parse_watch_event(line);
    const auto* bad = std::get_if<Malformed>(&parsed);
    return bad == nullptr ? "" : bad->text;
}

} // namespace

TEST_CASE("watch events: what changed, was deleted, a bookmark") {
    const std::string object =
        R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":)"
        R"({"resourceVersion":"41","x":[1]},"spec":{"holderIdentity":"a"}})";
    for (const std::string type : {"ADDED", "MODIFIED"}) {
        const auto changed = event_of(R"({"type":")" + type + R"(","object":)" + object + "}");
        CHECK(changed.type == Type::kChanged);
        CHECK(changed.version == "41");
        REQUIRE(std::holds_alternative<LeaseObject>(changed.lease));
        CHECK(dump_json(tree_of(*std::get<LeaseObject>(changed.lease).object)) == object);
        CHECK(std::get<LeaseObject>(changed.lease).record.holder.text == "a");
    }
    const auto deleted = event_of(R"({"type":"DELETED","object":)" + object + "}");
    CHECK(deleted.type == Type::kDeleted);
    CHECK(deleted.version == "41");
    const auto bookmark = event_of(
        R"({"object":{"kind":"Lease","metadata":{"resourceVersion":"42"}},"type":"BOOKMARK"})");
    CHECK(bookmark.type == Type::kBookmark);
    CHECK(bookmark.version == "42");
}

TEST_CASE("watch events: an error that a new start mends, and others") {
    const auto expired = event_of(
        R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"
}
})");
    CHECK(expired.type == Type::kExpired);
    CHECK(expired.version.empty());
    const auto other =
        event_of(R"({"type":"ERROR","object":{"kind":"Status","code":500,"message":"broken"}})");
    CHECK(other.type == Type::kError);
    CHECK(other.text == "broken");
    CHECK(event_of(R"({"type":"ERROR","object":{"code":"410","message":7}})").type == Type::kError);
}

TEST_CASE("watch events: what is none is said to be none") {
    CHECK(complaint_about("").find("not JSON") == 0);
    CHECK(complaint_about("{").find("not JSON") == 0);
    for (const std::string line :
         {"[]", "7", "{}", R"({"type":"ADDED"})", R"({"type":"ADDED","object":[]})",
          R"({"type":7,"object":{}})", R"({"type":"RENAMED","object":{}})"}) {
        INFO(line);
        CHECK_FALSE(complaint_about(line).empty());
    }
    const auto odd = event_of(R"({"type":"ADDED","object":{"metadata":{"resourceVersion":41}}})");
    CHECK(odd.version.empty());
    CHECK(std::holds_alternative<Malformed>(odd.lease));
}

TEST_CASE("watch events: lines from pieces that end anywhere") {
    const std::string bytes = "one\ntwo\r\n\n\nthree\nfo";
    const std::vector<std::string> whole{"one", "two\r", "three"};
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
        LineSplitter splitter;
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < bytes.size(); at += size) {
            for (auto& line : splitter.add(std::string_view(bytes).substr(at, size))) {
                lines.push_back(std::move(line));
            }
        }
        CHECK(lines == whole);
        CHECK(splitter.add("ur\n") == std::vector<std::string>{"four"});
        CHECK_FALSE(splitter.has_overflowed());
    }
}

TEST_CASE("watch events: a line without end is not kept") {
    LineSplitter splitter;
    const std::string piece(1024 * 1024, 'x');
    for (std::size_t kept = 0; kept <= LineSplitter::kLongestLine; kept += piece.size()) {
        CHECK(splitter.add(piece).empty());
    }
    CHECK(splitter.has_overflowed());
}

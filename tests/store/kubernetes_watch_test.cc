// The watch against scripted answers: where it resumes, and what it does when it cannot.
#include "helpers/catch.h"
#include "helpers/wait_until.h"
#include "kubernetes/kubeconfig.h"
#include "store/contract.h"
#include "store/kubernetes/kubernetes_store.h"
#include "store/scripted_server.h"

using namespace le_run;
using namespace le_run::election;
using namespace le_run::test;
using namespace std::chrono_literals;

namespace {

std::string lease_of(const std::string& holder, const std::string& version) {
    return R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"w",)"
           R"("namespace":"n","uid":"u-1","resourceVersion":")" +
           version + R"("},"spec":{"holderIdentity":")" + holder +
           R"(","leaseDurationSeconds":15}})";
}

std::string event(const std::string& type, const std::string& object) {
    return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

std::string chunk(const std::string& bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return size + bytes + "\r\n";
}

constexpr const char* kStream = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr const char* kStreamEnd = "0\r\n\r\n";

// The store of lease n/w, a server that answers as it was told, and what the watch says.
struct Watched {
    boost::asio::io_context loop;
    ScriptedServer server{loop};
    std::unique_ptr<store::LeaseStore> store;
    std::vector<std::string> told;

    Watched() {
        kubernetes::ClusterConfig config;
        config.endpoint.tls = false;
        config.endpoint.host = "127.0.0.1";
        config.endpoint.port = server.port();
        config.source = "the test";
        store = kubernetes_store::make_kubernetes_store(loop, std::move(config), "n", "w");
    }
    void read() { // version 41
        server.answer(200, lease_of("a", "41"));
        REQUIRE(describe(read_and_wait(loop, *store)) == "Found a");
    }
    void watch() {
        store->watch([this](const WatchNews& news) {
            if (const auto* found = std::get_if<StoredLease>(&news)) {
                told.push_back(found->record.holder.text + found->version.text);
            } else if (const auto* works = std::get_if<WatchWorks>(&news)) {
                told.push_back(works->is_seamless ? "seamless" : "works");
            } else if (const auto* fails = std::get_if<WatchFails>(&news)) {
                told.push_back("fails: " + fails->text);
            } else {
                told.push_back("absent");
            }
        });
    }
    void run_until(const std::function<bool()>& fact) {
        const auto end = std::chrono::steady_clock::now() + kPatience;
        loop.restart();
        while (!fact() && std::chrono::steady_clock::now() < end) {
            loop.run_one_until(end);
        }
        REQUIRE(fact());
    }
    void run_until_told(std::size_t count) {
        run_until([&] { return told.size() >= count; });
    }
    // The first line of each request for a watch.
    std::vector<std::string> watches() const {
        std::vector<std::string> lines;
        for (const std::string& request : server.requests()) {
            const std::string line = request.substr(0, request.find(" HTTP"));
            if (line.find("watch=true") != std::string::npos) {
                lines.push_back(line);
            }
        }
        return lines;
    }
};

bool ends_with(const std::string& text, const std::string& end) { return text.ends_with(end); }

} // namespace

TEST_CASE("watch: exactly this Lease, from the version that was read on") {
    Watched w;
    w.read();
    w.server.answer_raw(kStream + chunk(event("MODIFIED", lease_of("a", "42"))) +
                        chunk(event("MODIFIED", lease_of("", "43"))) +
                        chunk(event("DELETED", lease_of("", "44"))));
    w.watch();
    CHECK(w.told.empty());
    w.run_until_told(4);
    CHECK(w.told == std::vector<std::string>{"seamless", "a42", "43", "absent"});
    const std::string target = w.watches().at(0);
    CHECK(target.starts_with("GET /apis/coordination.k8s.io/v1/namespaces/n/leases?"));
    CHECK(target.find("fieldSelector=metadata.name%3Dw&") != std::string::npos);
    CHECK(target.find("allowWatchBookmarks=true") != std::string::npos);
    CHECK(target.find("timeoutSeconds=") != std::string::npos);
    CHECK(ends_with(target, "resourceVersion=41"));
}

TEST_CASE("watch: what is older than a version that was read is not told") {
    Watched w;
    w.read();
    w.server.answer_raw(kStream + chunk(event("MODIFIED", lease_of("", "9"))) +
                        chunk(event("DELETED", lease_of("", "40"))) +
                        chunk(event("MODIFIED", lease_of("a", "41"))) +
                        chunk(event("MODIFIED", lease_of("b", "142"))));
    w.watch();
    w.run_until_told(3);
    CHECK(w.told == std::vector<std::string>{"seamless", "a41", "b142"});
}

TEST_CASE("watch: an event in pieces, two in one piece") {
    Watched w;
    w.read();
    const std::string first = event("MODIFIED", lease_of("a", "42"));
    const std::string second = event("MODIFIED", lease_of("b", "43"));
    w.server.answer_raw(kStream + chunk(first.substr(0, 30)) + chunk(first.substr(30) + second));
    w.watch();
    w.run_until_told(3);
    CHECK(w.told == std::vector<std::string>{"seamless", "a42", "b43"});
}

TEST_CASE("watch: a connection that breaks or ends is resumed where it was, without a word") {
    Watched w;
    w.read();
    w.server.answer_raw(kStream + chunk(event("MODIFIED", lease_of("a", "42"))) + "5\r\nhal");
    w.server.answer_raw(kStream +
                        chunk(event("BOOKMARK", R"({"metadata":{"resourceVersion":"77"}})")) +
                        kStreamEnd);
    w.server.answer_raw(kStream + chunk(event("MODIFIED", lease_of("b", "78"))));
    w.watch();
    w.run_until_told(3);
    CHECK(w.told == std::vector<std::string>{"seamless", "a42", "b78"});
    w.run_until([&] { return w.watches().size() >= 3; });
    CHECK(ends_with(w.watches().at(1), "resourceVersion=42"));
    CHECK(ends_with(w.watches().at(2), "resourceVersion=77"));
}

const std::string kGone = R"({"kind":"Status","code":410,"message":"too old"})";

TEST_CASE(
    "watch: after a forgotten version (410) the Lease is read, and the watch goes on from there") {
    Watched w;
    w.read();
    SECTION("410 as an event") {
        w.server.answer_raw(kStream + chunk(event("ERROR", kGone)) + kStreamEnd);
    }
    SECTION("410 as an answer") { w.server.answer(410, kGone); }
    w.server.answer(200, lease_of("b", "90"));
    w.server.answer_raw(kStream + chunk(event("MODIFIED", lease_of("c", "91"))));
    w.watch();
    w.run_until([&] { return !w.told.empty() && w.told.back() == "c91"; });
    std::erase(w.told, "seamless");
    CHECK(w.told == std::vector<std::string>{"b90", "c91"});
    CHECK(ends_with(w.watches().at(0), "resourceVersion=41"));
    CHECK(ends_with(w.watches().at(1), "resourceVersion=90"));
}

TEST_CASE("watch: what is read after a 410 is forgotten too: begun without a version") {
    Watched w;
    w.read();
    w.server.answer(410, kGone);
    w.server.answer(200, lease_of("a", "41"));
    w.server.answer_raw(kStream + chunk(event("ADDED", lease_of("b", "90"))));
    w.watch();
    w.run_until_told(3);
    CHECK(w.told == std::vector<std::string>{"a41", "works", "b90"});
    CHECK(w.watches().at(1).find("resourceVersion") == std::string::npos);
}

// As an API server on etcd 3.4.30 answers a watch without a version.
TEST_CASE("watch: an ERROR event is no sign that the watch works, and is said once") {
    const std::string no_progress = event(
        "ERROR", R"({"kind":"Status","code":500,"message":"RequestWatchProgress is disabled"})");
    Watched w;
    for (int i = 0; i < 3; ++i) {
        w.server.answer_raw(kStream + chunk(no_progress) + kStreamEnd);
    }
    w.watch();
    w.run_until([&] { return w.watches().size() == 4; });
    REQUIRE(w.told.size() == 1);
    CHECK(w.told[0].find("RequestWatchProgress is disabled") != std::string::npos);
    // The store has read a version meanwhile: the next try begins there.
    w.read();
    w.server.answer_hanging(500, "no");
    w.server.answer_raw(kStream + chunk(event("MODIFIED", lease_of("a", "42"))));
    w.run_until_told(3);
    CHECK(w.told[1] == "seamless");
    CHECK(w.told[2] == "a42");
    CHECK(ends_with(w.watches().back(), "resourceVersion=41"));
}

// As proxies, login pages and caches answer it.
TEST_CASE("watch: a 200 without an event is said once, and an event or a bookmark ends that") {
    const auto [answer, words] = GENERATE(table<std::string, std::string>({
        {"<html>\n<body>Sign in</body>\n</html>\n", "cannot be read"},
        {"<html><body>Sign in</body></html>", "<html><body>Sign in</body></html>"},
        {"", "without an event"},
        {R"({"kind":"LeaseList","apiVersion":"coordination.k8s.io/v1","metadata":{},"items":[]})",
         "not a watch event"},
        {R"({"kind":"LeaseList","items":[]})"
         "\n",
         "LeaseList"},
    }));
    INFO(answer);
    const bool has_version = GENERATE(false, true);
    Watched w;
    if (has_version) {
        w.read();
    }
    for (int i = 0; i < 3; ++i) {
        w.server.answer_raw(kStream + (answer.empty() ? "" : chunk(answer)) + kStreamEnd);
    }
    w.server.answer_raw(kStream +
                        chunk(event("BOOKMARK", R"({"metadata":{"resourceVersion":"77"}})")));
    w.watch();
    w.run_until([&] {
        return !w.told.empty() && w.told.back().find("fails") != 0 && w.watches().size() >= 4;
    });
    std::erase(w.told, "seamless");
    std::erase(w.told, "works");
    REQUIRE(w.told.size() == 1);
    CHECK_THAT(w.told[0], contains("cannot watch lease n/w") && contains(words));
}

TEST_CASE("watch: what stays open works again with the first event, and not before") {
    const std::string answer = GENERATE("", "<html><body>Sign in</body></html>", "<html>\n");
    INFO(answer);
    Watched w;
    w.read();
    for (int i = 0; i < 2; ++i) {
        w.server.answer(500, "no");
    }
    w.server.answer_open(kStream + (answer.empty() ? "" : chunk(answer)));
    w.watch();
    w.run_until([&] { return w.watches().size() == 3; });
    w.loop.restart();
    w.loop.run_for(2500ms);
    CHECK(w.told.size() == 1);
}

TEST_CASE("watch: versions that go back (a restored etcd): begun anew from what was read") {
    Watched w;
    w.read();
    w.server.answer_open(kStream + chunk(event("MODIFIED", lease_of("a", "5000"))));
    w.watch();
    w.run_until_told(2);
    w.server.answer(200, lease_of("a", "3001"));
    CHECK(describe(read_and_wait(w.loop, *w.store)) == "Found a");
    w.server.answer_raw(kStream + chunk(event("MODIFIED", lease_of("b", "3002"))));
    w.run_until_told(5);
    CHECK(w.told[2].find("went back") != std::string::npos);
    CHECK(w.told[3] == "seamless");
    CHECK(w.told[4] == "b3002");
    CHECK(ends_with(w.watches().at(1), "resourceVersion=3001"));
}

TEST_CASE(
    "watch: an answer that was overtaken by an event does not look like versions going back") {
    Watched w;
    w.read();
    bool is_read = false;
    w.store->async_read(10s, [&](const ReadOutcome&) { is_read = true; }); // hangs at first
    w.run_until([&] { return w.server.requests().size() == 2; });
    w.server.answer_open(kStream + chunk(event("MODIFIED", lease_of("a", "50"))) +
                         chunk(event("BOOKMARK", R"({"metadata":{"resourceVersion":"70"}})")));
    w.watch();
    w.run_until_told(2);
    w.server.answer_hanging(200, lease_of("a", "49"));
    w.run_until([&] { return is_read; });
    // A bookmark's version is not the Lease's.
    w.server.answer(200, lease_of("a", "50"));
    CHECK(describe(read_and_wait(w.loop, *w.store)) == "Found a");
    w.loop.restart();
    w.loop.run_for(200ms);
    CHECK(w.told == std::vector<std::string>{"seamless", "a50"});
    CHECK(w.watches().size() == 1);
}

TEST_CASE("watch: a change that is read and never told: begun anew from the last one told") {
    Watched w;
    w.read();
    w.server.answer_open(kStream + chunk(event("MODIFIED", lease_of("a", "42"))));
    w.watch();
    w.run_until_told(2);
    w.server.answer(200, lease_of("b", "44"));
    CHECK(describe(read_and_wait(w.loop, *w.store)) == "Found b");
    w.server.answer_raw(kStream + chunk(event("MODIFIED", lease_of("b", "44"))));
    w.run_until_told(5);
    CHECK(w.told[2].find("the server did not send a change of the Lease") != std::string::npos);
    CHECK(w.told[3] == "seamless");
    CHECK(w.told[4] == "b44");
    CHECK(ends_with(w.watches().at(1), "resourceVersion=42"));
}

TEST_CASE("watch: a Lease that was not there yet is watched from the present on") {
    Watched w;
    w.server.answer_raw(kStream + chunk(event("ADDED", lease_of("b", "7"))));
    w.watch();
    w.run_until_told(2);
    CHECK(w.told == std::vector<std::string>{"works", "b7"});
    CHECK(w.watches().at(0).find("resourceVersion") == std::string::npos);
}

TEST_CASE("watch: forbidden is said once, with the verb to add, and asked for again") {
    Watched w;
    w.read();
    for (int i = 0; i < 3; ++i) {
        w.server.answer(403,
                        R"({"kind":"Status","status":"Failure","reason":"Forbidden","code":403,)"
                        R"("message":"User \"u\" cannot watch resource \"leases\""})");
    }
    w.server.answer_raw(kStream + chunk(event("MODIFIED", lease_of("b", "43"))));
    w.watch();
    w.run_until_told(3);
    CHECK(w.told.at(0).find("fails: cannot watch lease n/w") == 0);
    CHECK(w.told.at(0).find("verbs: [\"get\", \"update\", \"watch\"]") != std::string::npos);
    CHECK(w.told.at(1) == "seamless");
    CHECK(w.told.at(2) == "b43");
}

TEST_CASE("watch: what fails twice is said once, tried again, and works again") {
    Watched w;
    w.read();
    for (int i = 0; i < 3; ++i) {
        w.server.answer(500, "no");
    }
    w.server.answer_raw(kStream + chunk(event("MODIFIED", lease_of("b", "43"))));
    w.watch();
    w.run_until_told(3);
    CHECK(w.told.at(0).find("fails: cannot watch lease n/w") == 0);
    CHECK(w.told.at(1) == "seamless");
    CHECK(w.told.at(2) == "b43");
}

TEST_CASE("watch: events that cannot be read are said to be, and change nothing") {
    Watched w;
    w.read();
    w.server.answer_raw(kStream + chunk("rubbish\n" + event("MODIFIED", "{}") +
                                        event("MODIFIED", lease_of("b", "43"))));
    w.watch();
    w.run_until_told(3);
    CHECK(w.told.at(0) == "seamless");
    CHECK(w.told.at(1).find("fails: cannot watch lease n/w") == 0);
    CHECK(w.told.at(2) == "b43");
}

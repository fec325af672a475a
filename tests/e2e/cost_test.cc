// What leading and waiting cost the API server and the machine: requests in the server's audit log,
// connections, files. What le-run costs in time is tests/bench.
#include <csignal>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "helpers/arena.h"
#include "helpers/catch.h"
#include "helpers/faulty_front.h"

using namespace le_run::test;

namespace {

// The defaults: no answer of a loaded machine takes a request timeout of 2 s.
const Words kUsual = {"--lease-duration", "15s", "--renew-deadline", "10s", "--retry-period", "2s"};
constexpr std::int64_t kRetryPeriod = 2'000'000'000; // ns
constexpr int kRenewals = 5;

// What `holder` wrote while it led: the acquisition and the renewals.
std::vector<LeaseWrite> writes_of(const Arena& arena, const std::string& holder) {
    std::vector<LeaseWrite> writes;
    for (LeaseWrite& write : arena.cluster().history()) {
        if (write.holder == holder) {
            writes.push_back(std::move(write));
        }
    }
    return writes;
}

// Waits until `holder` has renewed so many times more.
bool has_renewed(const Arena& arena, const std::string& holder, int more = kRenewals) {
    const std::size_t enough = writes_of(arena, holder).size() + static_cast<std::size_t>(more);
    return wait_until([&] { return writes_of(arena, holder).size() >= enough; });
}

// Whether a file or something in a folder is opened from now on, by whomever.
class Opened {
public:
    explicit Opened(const Words& paths) : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
        for (const std::string& path : paths) {
            REQUIRE(::inotify_add_watch(inotify_, path.c_str(), IN_OPEN) >= 0);
        }
    }
    ~Opened() { ::close(inotify_); }
    Opened(const Opened&) = delete;
    Opened& operator=(const Opened&) = delete;

    bool any() const {
        pollfd events{inotify_, POLLIN, 0};
        return ::poll(&events, 1, 0) == 1;
    }

private:
    int inotify_;
};

} // namespace

TEST_CASE("cost: a leader sends one write in each retry period, a standby nothing") {
    Arena arena(LockKind::kKubernetes);
    const auto all = [&](const std::string& verb) {
        return arena.cluster().requests_of("replica", verb);
    };
    const int before = all(""); // of the arena's own making, and reads
    const auto reads = [&, first = all("get")] { return all("get") - first; };
    Replica& a = arena.start_leader("a", {.timing = kUsual});
    Replica& b = arena.start_standby("b", {.options = {"--log-level", "debug"}, .timing = kUsual});
    REQUIRE(wait_until([&] { return b.logged({"watching"}); }));
    REQUIRE(has_renewed(arena, "a"));
    CHECK(reads() == 2); // each once, before it contended
    a.signal(SIGTERM);
    REQUIRE(arena.has_started("b"));
    CHECK(a.wait() == 0);
    b.signal(SIGTERM);
    CHECK(b.wait() == 0);
    REQUIRE(wait_until([&] { return writes_of(arena, "").size() == 2; })); // the releases

    const std::vector<LeaseWrite> writes = writes_of(arena, "a");
    const auto renewals = static_cast<std::int64_t>(writes.size()) - 1;
    const auto periods = (writes.back().received_ns - writes.front().received_ns) / kRetryPeriod;
    CHECK(renewals <= periods + periods / 2 + 2);
    // Whatever was written was accepted, and each read once before it contended and once before it
    // released.
    const std::size_t written = writes.size() + writes_of(arena, "b").size() + 2;
    CHECK(all("create") + all("update") == static_cast<int>(written));
    CHECK(reads() == 4);
    CHECK(all("watch") == 2);
    CHECK(all("") - before == static_cast<int>(written) + 4 + 2);
}

TEST_CASE("cost: a leader's renewals share one connection, and its watch has another") {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    Replica& a = arena.start_leader("a", {.timing = kUsual, .port = front.port()});
    REQUIRE(has_renewed(arena, "a"));
    CHECK(front.connections() == 2); // each is a TLS handshake
    CHECK(a.log_lines({"renewal failing"}).empty());
}

TEST_CASE("cost: a renewal that hangs is given up so early that two more fit") {
    Arena arena(LockKind::kKubernetes);
    FaultyFront front(arena.cluster().access());
    Replica& a = arena.start_leader("a", {.timing = kUsual, .port = front.port()});
    REQUIRE(has_renewed(arena, "a", 1));
    const int before = front.connections();
    front.set(FaultyFront::Mode::kHang);
    SECTION("and one of them saves the lease") {
        REQUIRE(wait_until([&] { return a.logged({"renewal failing"}); }));
        front.set(FaultyFront::Mode::kPass);
        REQUIRE(has_renewed(arena, "a", 2));
        CHECK(wait_until([&] { return a.logged({"renewal works again"}); }));
        CHECK(arena.record().newest("a").asked.empty());
    }
    SECTION("and both are made") {
        REQUIRE(wait_until([&] { return a.logged({"stopping the child"}); }));
        CHECK(front.connections() >= before + 2); // one each: the first try's is not used again
    }
    CHECK(arena.record().starts("a") == 1);
}

TEST_CASE("cost: where a CA is given the system's CA certificates are not opened") {
    const bool is_given = GENERATE(true, false);
    Arena arena(LockKind::kKubernetes);
    const ScratchFolder& scratch = arena.scratch();
    const std::string bundle = scratch.write("bundle.pem", arena.cluster().access().text("ca.crt"));
    std::string config = arena.cluster().kubeconfig_text();
    if (!is_given) { // the server is then trusted for the bundle
        const auto at = config.find("certificate-authority:");
        config.erase(at, config.find('\n', at) - at);
    }
    const Opened opened({bundle});
    arena.start_leader("a", {.lock = {"--kubeconfig", scratch.write("config", config), "--lock",
                                      arena.cluster().lock()},
                             .environment = {{"SSL_CERT_FILE", bundle}}});
    CHECK(opened.any() == !is_given);
}

#include "faults/store_faults.h"

#include <csignal>
#include <functional>
#include <memory>

#include "faults/expectations.h"
#include "faults/scene.h"

namespace le_run::test::faults {
namespace {

using nlohmann::json;

// "2026-01-02T03:04:05.000000Z"
constexpr const char* kFarFuture = "9999-12-31T23:59:59.999999Z";
constexpr const char* kFarPast = "0001-01-01T00:00:00.000000Z";

class Hand {
public:
    explicit Hand(Scene& scene) : scene_(scene), cluster_(scene.arena().cluster()) {}

    void start_both();
    void server_fails(const std::function<void()>& begin, const std::function<void()>& end);
    void lease_is_taken(const json& spec, const std::string& word);
    void lease_is_freed_for_a_fresh_replica(const std::function<void()>& free);
    void lease_is_freed_for_client_go(const std::function<void()>& free);
    void lease_vanishes(const std::function<void()>& free, const std::string& word);
    void lease_is_put_right(const json& spec);
    void lease_of_a_year();

private:
    int starts() const {
        return scene_.arena().record().starts("a") + scene_.arena().record().starts("b");
    }
    std::string renew_time() const { return cluster_.lease().value()["spec"]["renewTime"]; }
    void await_loss(const std::string& word);
    void start_calm_leader();
    void lease_is_freed(const std::function<void()>& free, const std::function<bool()>& is_taken);
    void end_all();

    Scene& scene_;
    const Cluster& cluster_;
    Replica* a_ = nullptr;
    Replica* b_ = nullptr;
};

void Hand::start_both() {
    a_ = &scene_.lead("a", scene_.start_of("daemonizing", {"--drain", "300"}));
    b_ = &scene_.arena().start_standby("b", scene_.start_of("plain"));
}

void Hand::await_loss(const std::string& word) {
    scene_.await("a losing its lease", [&] { return a_->logged({"lost", word}); });
    scene_.await("a's tree gone", [&] { return a_->logged({"tree gone"}); });
}

// Whoever leads now is asked to end first, then the other.
void Hand::end_all() {
    scene_.check_order();
    const bool a_leads = !scene_.is_tree_gone("a");
    for (Replica* replica : a_leads ? std::array{a_, b_} : std::array{b_, a_}) {
        const bool works = scene_.arena().record().starts(replica->name()) > 0 &&
                           !scene_.is_tree_gone(replica->name());
        replica->signal(SIGTERM);
        const auto code = replica->wait();
        scene_.require(code == (works ? kChildsOwnCode : 0) || code == kChildsOwnCode,
                       replica->name() + " exited with " +
                           (code ? std::to_string(*code) : "nothing"));
        scene_.require(scene_.is_tree_gone(replica->name()),
                       "processes of " + replica->name() + " outlived its le-run's own end");
    }
    scene_.check_order();
    scene_.check_nothing_left();
}

// Longer than the lease: the work has ended before it could be taken, and later somebody leads.
void Hand::server_fails(const std::function<void()>& begin, const std::function<void()>& end) {
    start_both();
    const std::int64_t began = boot_now();
    begin();
    scene_.await("a's tree gone", [&] { return a_->logged({"tree gone"}); });
    const WorkLife work = scene_.arena().record().lives_of("a").at(0);
    scene_.require(scene_.is_tree_gone("a"), "a's work lives, and le-run says it is gone");
    scene_.require(work.asked == std::vector{SIGTERM}, "a's worker was not asked to end");
    // Its lease was renewed before the fault for the last time.
    scene_.require(work.last.boot_ns < began + kLeaseDuration, "a's work outlived its lease");
    scene_.await("the end of the lease", [&] { return boot_now() > began + kLeaseDuration; });
    end();
    scene_.await("somebody leading", [&] { return starts() >= 2; });
    end_all();
}

// The work is killed at once, without a stop signal, and nothing is written over the other record.
void Hand::lease_is_taken(const json& spec, const std::string& word) {
    start_both();
    cluster_.edit_lease(spec);
    const json edited = cluster_.lease().value().at("spec");
    await_loss(word);
    const WorkLife work = scene_.arena().record().lives_of("a").at(0);
    scene_.require(work.asked.empty(), "a's worker was asked, though there was no time to");
    scene_.require(!a_->logged({"released"}), "a released a lease that was not its own");
    scene_.require(cluster_.lease().value().at("spec") == edited, "the record was written over");
    scene_.await("somebody leading when it has run out", [&] { return starts() >= 2; });
    end_all();
}

// The documented exceptions: the Lease is freed by hand just after a renewal of a's, which is a
// calm leader. Who contends cannot know that it still works; a, which may not watch, notices with
// its next renewal.
void Hand::lease_is_freed(const std::function<void()>& free,
                          const std::function<bool()>& is_taken) {
    scene_.await("a renewal", [&, seen = renew_time()] { return renew_time() != seen; });
    free();
    scene_.await("the lease taken", is_taken);
    scene_.require(!scene_.is_tree_gone("a"), "a's work had ended; that is better than documented");
    scene_.await("a losing its lease", [&] { return a_->logged({"lost"}); });
    scene_.await("a's tree gone", [&] { return a_->logged({"tree gone"}); });
    scene_.require(scene_.is_tree_gone("a"), "a's work lives, and le-run says it is gone");
    scene_.require(scene_.arena().record().lives_of("a").at(0).asked.empty(),
                   "a's worker was asked, though there was no time to");
    scene_.require(!a_->logged({"released"}), "a released a lease that was not its own");
    a_->signal(SIGTERM);
    scene_.end(*a_, 0);
}

void Hand::start_calm_leader() {
    cluster_.forbid_watching();
    ReplicaStart start = scene_.start_of("daemonizing");
    start.timing = {"--lease-duration", "60s", "--renew-deadline", "40s", "--retry-period", "10s"};
    a_ = &scene_.lead("a", start);
}

void Hand::lease_is_freed_for_a_fresh_replica(const std::function<void()>& free) {
    start_calm_leader();
    const auto free_and_start = [&] {
        free();
        b_ = &scene_.arena().start("b", scene_.start_of("plain"));
    };
    lease_is_freed(free_and_start, [&] { return scene_.arena().record().starts("b") > 0; });
    const std::string tokens = scene_.arena().record().token_disorder();
    scene_.require(tokens.empty(), tokens);
    scene_.judge().except(scene_.arena().record().overlap());
    b_->signal(SIGTERM);
    scene_.end(*b_, kChildsOwnCode);
    scene_.check_nothing_left();
}

void Hand::lease_is_freed_for_client_go(const std::function<void()>& free) {
    start_calm_leader();
    std::unique_ptr<Process> program;
    const auto free_and_start = [&] {
        free();
        program = std::make_unique<Process>(client_go_example(cluster_, "client-go"));
    };
    lease_is_freed(free_and_start, [&] { return cluster_.holder() == "client-go"; });
    scene_.judge().except("client-go led while a's work lived");
    program->signal(SIGTERM);
    program->wait();
    scene_.check_nothing_left();
}

// Whoever saw the holder waits its record out.
void Hand::lease_vanishes(const std::function<void()>& free, const std::string& word) {
    start_both();
    free();
    await_loss(word);
    scene_.await("somebody leading", [&] { return starts() >= 2; });
    end_all();
}

// The same holder since the same time: whatever else was changed, the next renewal puts it right.
void Hand::lease_is_put_right(const json& spec) {
    start_both();
    cluster_.edit_lease(spec);
    const json edited = cluster_.lease().value().at("spec");
    scene_.await("the record as a writes it", [&] {
        const json now = cluster_.lease().value().at("spec");
        return now.at("leaseDurationSeconds") == 8 && now.at("renewTime") != edited["renewTime"];
    });
    const std::int64_t then = boot_now();
    scene_.await("a leading on for longer than a lease", [&] {
        return scene_.arena().record().newest("a").last.boot_ns > then + kLeaseDuration;
    });
    scene_.require(!a_->logged({"lost"}), "a lost its lease");
    scene_.require(scene_.arena().record().starts("b") == 0, "b leads");
    end_all();
}

void Hand::lease_of_a_year() {
    cluster_.create_lease({{"holderIdentity", "eternal"},
                           {"leaseDurationSeconds", 365 * 24 * 3600},
                           {"acquireTime", "2026-01-02T03:04:05.000000Z"},
                           {"renewTime", "2026-01-02T03:04:05.000000Z"},
                           {"leaseTransitions", 0}});
    const std::int64_t began = boot_now();
    a_ = &scene_.arena().start("a", scene_.start_of("plain"));
    b_ = &scene_.arena().start("b", scene_.start_of("plain"));
    for (Replica* replica : {a_, b_}) {
        scene_.await("a warning", [&] {
            return replica->logged({"warning", "eternal", "holds the lease for"});
        });
    }
    scene_.await("longer than one's own lease",
                 [&] { return boot_now() > began + 2 * kLeaseDuration; });
    scene_.require(starts() == 0, "a lease of a year was not obeyed");
    cluster_.edit_lease({{"holderIdentity", ""}, {"leaseDurationSeconds", 1}});
    scene_.await("somebody leading after its release", [&] { return starts() == 1; });
    end_all();
}

void edit_the_lease(StoreFault fault, Hand& hand, const Cluster& cluster) {
    const auto empty = [&] { cluster.edit_lease({{"holderIdentity", ""}}); };
    const auto remove = [&] { cluster.delete_lease(); };
    switch (fault) {
    case StoreFault::kOtherHolder:
        return hand.lease_is_taken({{"holderIdentity", "intruder"}, {"leaseDurationSeconds", 10}},
                                   "intruder");
    case StoreFault::kNonsenseHolder:
        return hand.lease_is_taken({{"holderIdentity", std::string(10'000, 'x') + "\n\t\"\\"},
                                    {"leaseDurationSeconds", 10}},
                                   "xxxxx");
    case StoreFault::kNonsenseTimes: // the same name, but since another time: another process
        return hand.lease_is_taken({{"acquireTime", kFarFuture}, {"renewTime", kFarPast}},
                                   "identity");
    case StoreFault::kNonsenseRenewTime:
        return hand.lease_is_put_right({{"renewTime", kFarFuture}});
    case StoreFault::kNonsenseDuration:
        return hand.lease_is_put_right(
            {{"leaseDurationSeconds", 2147483647}, {"leaseTransitions", 2147483647}});
    case StoreFault::kEmptied:
        return hand.lease_vanishes(empty, "removed the holder");
    case StoreFault::kEmptiedForClientGo:
        return hand.lease_is_freed_for_client_go(empty);
    case StoreFault::kEmptySpec:
        return hand.lease_vanishes(
            [&] {
                cluster.edit_lease({{"holderIdentity", nullptr},
                                    {"leaseDurationSeconds", nullptr},
                                    {"acquireTime", nullptr},
                                    {"renewTime", nullptr},
                                    {"leaseTransitions", nullptr}});
            },
            "removed the holder");
    case StoreFault::kDeleted:
        return hand.lease_vanishes(remove, "deleted");
    case StoreFault::kDeletedForFresh:
        return hand.lease_is_freed_for_a_fresh_replica(remove);
    case StoreFault::kDeletedForClientGo:
        return hand.lease_is_freed_for_client_go(remove);
    case StoreFault::kYear:
        return hand.lease_of_a_year();
    case StoreFault::kServerStopped:
    case StoreFault::kServerKilled:
    case StoreFault::kEtcdStopped:
    case StoreFault::kEtcdKilled:
        return; // fail_the_server()
    }
}

void fail_the_server(StoreFault fault, Judge& judge) {
    ApiServer server;
    Scene scene(server.access(), judge);
    Hand hand(scene);
    if (fault == StoreFault::kServerStopped) {
        hand.server_fails([&] { server.freeze(); }, [&] { server.thaw(); });
    } else if (fault == StoreFault::kServerKilled) {
        hand.server_fails([&] { server.kill(); }, [&] { server.start_again(); });
    } else if (fault == StoreFault::kEtcdStopped) {
        hand.server_fails([&] { server.freeze_etcd(); }, [&] { server.thaw_etcd(); });
    } else {
        hand.server_fails([&] { server.kill_etcd(); }, [&] { server.start_etcd_again(); });
    }
}

} // namespace

bool needs_own_server(StoreFault fault) {
    return fault == StoreFault::kServerStopped || fault == StoreFault::kServerKilled ||
           fault == StoreFault::kEtcdStopped || fault == StoreFault::kEtcdKilled;
}

void run_store_fault(StoreFault fault, Judge& judge) {
    if (needs_own_server(fault)) {
        fail_the_server(fault, judge);
        return;
    }
    Scene scene(LockKind::kKubernetes, judge);
    Hand hand(scene);
    edit_the_lease(fault, hand, scene.arena().cluster());
}

} // namespace le_run::test::faults

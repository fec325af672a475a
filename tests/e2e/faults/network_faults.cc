#include "faults/network_faults.h"

#include <csignal>
#include <thread>

#include <unistd.h>

#include "base/exit_code.h"
#include "faults/expectations.h"
#include "faults/scene.h"
#include "helpers/faulty_front.h"

namespace le_run::test::faults {
namespace {

using FrontMode = FaultyFront::Mode;

// Room for an outage that is noticed on a loaded machine and still is a short one.
const Words kVeryLongLease = {"--lease-duration", "30s",  "--renew-deadline", "20s",
                              "--retry-period",   "500ms"};

FrontMode mode_of(Outage outage) {
    switch (outage) {
    case Outage::kHang:
        return FrontMode::kHang;
    case Outage::kRefuse:
        return FrontMode::kRefuse;
    case Outage::kDrop:
        return FrontMode::kDropAnswers;
    case Outage::kDrip:
        return FrontMode::kDrip;
    case Outage::kReset:
    case Outage::kDns: // what it takes to need a lookup
        return FrontMode::kReset;
    case Outage::k429:
        return FrontMode::kAnswer429;
    case Outage::k500:
        return FrontMode::kAnswer500;
    case Outage::k503:
        return FrontMode::kAnswer503;
    case Outage::k401:
        return FrontMode::kAnswer401;
    }
    return FrontMode::kPass;
}

class Network {
public:
    Network(Outage outage, Judge& judge)
        : outage_(outage), scene_(LockKind::kKubernetes, judge),
          front_(scene_.arena().cluster().access()) {}

    void outlive_a_short_fault();
    void lose_by_a_long_fault();
    void outlive_a_lost_name();
    void survive(std::chrono::milliseconds time);

private:
    ReplicaStart start_of_a(const Words& timing) const;
    ReplicaStart start_of_a_by_name() const;
    void start_standby(const Words& timing);
    void finish();

    const Outage outage_;
    Scene scene_;
    FaultyFront front_;
    Replica* a_ = nullptr;
    Replica* b_ = nullptr;
};

ReplicaStart Network::start_of_a(const Words& timing) const {
    ReplicaStart start = scene_.start_of("daemonizing", {"--drain", "300"});
    start.timing = timing;
    start.port = front_.port();
    return start;
}

void Network::start_standby(const Words& timing) {
    ReplicaStart start = scene_.start_of("plain");
    start.timing = timing;
    b_ = &scene_.arena().start_standby("b", start);
}

void Network::outlive_a_short_fault() {
    a_ = &scene_.lead("a", start_of_a(kVeryLongLease));
    start_standby(kVeryLongLease);
    front_.set(mode_of(outage_));
    scene_.await("failing renewals", [&] { return a_->logged({"renewal failing"}); });
    front_.set(FrontMode::kPass);
    scene_.await("good renewals", [&] { return a_->logged({"renewal works"}); });
    scene_.require(!a_->logged({"stopping the child"}), "a short outage ended the work");
    scene_.require(scene_.arena().record().newest("a").asked.empty(), "the work was asked to end");
    scene_.require(scene_.arena().record().starts("b") == 0, "b leads");
    a_->signal(SIGTERM);
    scene_.end(*a_, kChildsOwnCode);
    scene_.check_successor("b", 0, boot_now() + kLeaseDuration);
    finish();
}

void Network::lose_by_a_long_fault() {
    a_ = &scene_.lead("a", start_of_a(kLongerLease));
    start_standby(kLongerLease);
    const std::int64_t began = boot_now();
    front_.set(mode_of(outage_));
    scene_.check_successor("b", began + kLeaseDuration / 2, began + 2 * kLeaseDuration);
    scene_.require(scene_.is_tree_gone("a"), "a's work still lives while b's does");
    const WorkLife work = scene_.arena().record().newest("a");
    scene_.require(work.asked == std::vector{SIGTERM} && work.ended_itself,
                   "a's worker was not asked and left to end");
    scene_.require(a_->logged({"renewal failing", "left"}), "no word of failing renewals");
    scene_.require(a_->logged({"lost"}), "no word of the loss");
    front_.set(FrontMode::kPass);
    scene_.await("a contending again", [&] { return a_->log_lines({"contending"}).size() >= 2; });
    b_->signal(SIGTERM);
    scene_.end(*b_, kChildsOwnCode);
    scene_.await("a leading again", [&] { return scene_.arena().record().starts("a") == 2; });
    scene_.check_order();
    a_->signal(SIGTERM);
    scene_.end(*a_, kChildsOwnCode);
    scene_.check_nothing_left();
}

// Sees its own files where the lookup of names begins; any name server but them refuses.
ReplicaStart Network::start_of_a_by_name() const {
    const ScratchFolder& scratch = scene_.arena().scratch();
    const Cluster& cluster = scene_.arena().cluster();
    scratch.write("hosts", std::string("127.0.0.1 ") + kApiServerName + "\n");
    const std::string servers =
        scratch.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
    const std::string sources = scratch.write("nsswitch.conf", "hosts: files dns\n");
    const std::string mounts =
        "set -e; mount --bind " + scratch.file("hosts") + " /etc/hosts; mount --bind " + servers +
        " /etc/resolv.conf; mount --bind " + sources + " /etc/nsswitch.conf; exec \"$@\"";
    ReplicaStart start = start_of_a(kLongerLease);
    start.launcher = {"unshare", "--mount", "sh", "-c", mounts, "mounts"};
    start.lock = {"--lock", cluster.lock(), "--kubeconfig",
                  cluster.kubeconfig({.port = front_.port(), .host = kApiServerName})};
    return start;
}

// The address that was good last stays in use: a lookup that fails costs nothing, however long. A
// replica that never had one waits.
void Network::outlive_a_lost_name() {
    const ReplicaStart by_name = start_of_a_by_name();
    a_ = &scene_.lead("a", by_name);
    start_standby(kLongerLease);
    const auto renewals = [&] { return scene_.arena().cluster().history().size(); };
    scene_.arena().scratch().write("hosts", "");
    front_.set(FrontMode::kReset);
    scene_.await("failing renewals", [&] { return a_->logged({"renewal failing"}); });
    const std::int64_t lost = boot_now();
    front_.set(FrontMode::kPass);
    Replica& c = scene_.arena().start("c", by_name);
    scene_.await("c waiting", [&] { return c.logged({"waiting for the store", kApiServerName}); });
    scene_.await("a leading on for longer than a lease", [&] {
        return scene_.arena().record().newest("a").last.boot_ns > lost + 2 * kLeaseDuration;
    });
    const auto before = renewals();
    scene_.require(wait_until([&] { return renewals() > before; }), "a does not renew any more");
    scene_.require(scene_.arena().record().starts("b") == 0, "b leads");
    scene_.arena().scratch().write("hosts", std::string("127.0.0.1 ") + kApiServerName + "\n");
    scene_.await("c on standby", [&] { return c.logged({"new leader"}); });
    c.signal(SIGTERM);
    scene_.end(c, kExitStopped);
    a_->signal(SIGTERM);
    scene_.end(*a_, kChildsOwnCode);
    scene_.check_successor("b", 0, boot_now() + kLeaseDuration);
    finish();
}

void Network::survive(std::chrono::milliseconds time) {
    a_ = &scene_.arena().start("a", start_of_a(kLongerLease));
    b_ = &scene_.arena().start("b", scene_.start_of("plain"));
    std::this_thread::sleep_for(time /
                                4); // during the start, the acquisition or the first renewals
    front_.set(mode_of(outage_));
    std::this_thread::sleep_for(time);
    front_.set(FrontMode::kPass);
    const auto starts = [&] {
        return scene_.arena().record().starts("a") + scene_.arena().record().starts("b");
    };
    scene_.await("somebody leading", [&] { return starts() > 0; });
    a_->signal(SIGTERM);
    const auto code = a_->wait();
    scene_.require(code == kChildsOwnCode || code == kExitStopped, "a exited with another code");
    scene_.require(scene_.is_tree_gone("a"), "processes of a outlived its le-run's own end");
    scene_.check_successor("b", 0, boot_now() + 2 * kLeaseDuration);
    finish();
}

void Network::finish() {
    scene_.check_order();
    b_->signal(SIGTERM);
    scene_.end(*b_, kChildsOwnCode);
    scene_.check_nothing_left();
}

} // namespace

bool is_possible(Outage outage) { return outage != Outage::kDns || ::geteuid() == 0; }

void run_network_fault(Outage outage, Length length, Judge& judge) {
    Network network(outage, judge);
    if (length == Length::kShort) {
        network.outlive_a_short_fault();
    } else if (outage == Outage::kDns) {
        network.outlive_a_lost_name();
    } else {
        network.lose_by_a_long_fault();
    }
}

void run_network_fault_for(Outage outage, std::chrono::milliseconds time, Judge& judge) {
    Network(outage, judge).survive(time);
}

} // namespace le_run::test::faults

#include "faults/process_faults.h"

#include <csignal>
#include <set>
#include <thread>

#include <unistd.h>

#include "base/exit_code.h"
#include "faults/expectations.h"
#include "faults/scene.h"
#include "faults/strike.h"
#include "helpers/start_forest.h"

namespace le_run::test::faults {
namespace {

// Replica a, which is struck, and b, which is not.
class Stage {
public:
    Stage(const ProcessFault& fault, Judge& judge)
        : fault_(fault), expected_(expectation_of(fault)), scene_(LockKind::kFile, judge) {}

    void strike_the_leader();
    void strike_at(const Moment& moment);

private:
    ReplicaStart start_of_a(const Words& worker = {}) const;
    Victims find() const;
    void start_standby();
    void strike_now();
    void after_the_end();
    void check_death();
    void after_death();
    void after_death_with_a_guard();
    void while_it_goes_on();
    void while_it_is_frozen();
    void check_exception();
    void ask_a_to_stop();
    void end_a_struck_somewhere(const Moment& moment);
    void finish();

    const ProcessFault fault_;
    const Expectation expected_;
    Scene scene_;
    Replica* a_ = nullptr;
    Replica* b_ = nullptr;
    Victims victims_;
    std::int64_t struck_ = 0;
    bool is_struck_ = false; // the target was there
};

ReplicaStart Stage::start_of_a(const Words& worker) const {
    ReplicaStart start = scene_.start_of(name_of(fault_.shape, kShapeNames), worker);
    start.launcher = {"setsid"}; // a group of its own, or kill -9 -PGID would hit this program too
    if (fault_.mode == Mode::kPidOne) {
        start.is_pid_one = true;
        start.launcher =
            start.launcher +
            Words{"unshare", "--mount", "sh", "-c", "mount -t proc proc /proc; exec \"$@\"",
                  "proc"};
    }
    if (fault_.mode == Mode::kPidNamespace) {
        start.options.emplace_back("--pid-namespace");
    }
    return start;
}

Victims Stage::find() const { return find_victims(a_->pid(), scene_.work_pid("a")); }

void Stage::start_standby() {
    b_ = &scene_.arena().start("b", scene_.start_of("plain"));
    scene_.await("b on standby, or leading", [&] {
        return b_->logged({"new leader"}) || scene_.arena().record().starts("b") > 0;
    });
}

void Stage::strike_now() {
    victims_ = find();
    struck_ = boot_now();
    is_struck_ = strike(fault_.hit, fault_.target, victims_);
}

void Stage::strike_the_leader() {
    a_ = &scene_.lead("a", start_of_a());
    start_standby();
    victims_ = find();
    scene_.require(victims_.child != 0, "the child was not found");
    strike_now();
    switch (expected_.effect) {
    case Effect::kEnds:
        after_the_end();
        break;
    case Effect::kReleases:
        after_death_with_a_guard();
        break;
    case Effect::kExpires:
        after_death();
        break;
    case Effect::kGoesOn:
        while_it_goes_on();
        break;
    case Effect::kFreezes:
        while_it_is_frozen();
        break;
    }
    finish();
}

// le-run ends by itself, in order.
void Stage::after_the_end() {
    scene_.end(*a_, expected_.exit_code);
    scene_.require(a_->logged({"tree gone"}), "le-run does not say that the tree is gone");
    scene_.require(a_->logged({"released"}), "the lease was not released");
    // Much less than the lease: it was released.
    scene_.check_successor("b", struck_, boot_now() + kLeaseDuration / 2);
}

void Stage::after_death() {
    check_death();
    scene_.check_successor("b", struck_ + kLeaseDuration / 2, struck_ + 2 * kLeaseDuration);
    check_exception();
}

// How soon depends on the tree, which has what the lease leaves.
void Stage::after_death_with_a_guard() {
    check_death();
    scene_.check_successor("b", struck_, struck_ + 2 * kLeaseDuration);
    const auto says_released = [&] {
        return a_->logged({"le-run has ended", "in its place"}) && a_->logged({"info", "released"});
    };
    scene_.require(wait_until(says_released), "the lease was not released in le-run's place");
    check_exception();
}

void Stage::check_death() {
    const auto code = a_->wait();
    scene_.require(code == expected_.exit_code,
                   "a ended with " + (code ? std::to_string(*code) : "nothing"));
}

void Stage::while_it_goes_on() {
    std::set<std::string> renewals; // as the lock file shows them
    const bool renewed = wait_until([&] {
        renewals.insert(read_file(scene_.arena().lock_file()));
        return renewals.size() > 5;
    });
    scene_.require(renewed, "a does not renew any more");
    const Victims now = find();
    scene_.require(now.le_run == victims_.le_run && now.guard == victims_.guard &&
                       now.child == victims_.child,
                   "a's processes are not the same any more");
    scene_.require(!a_->logged({"lost"}), "a lost its lease");
    scene_.require(scene_.arena().record().starts("b") == 0, "b leads already");
    scene_.check_no_zombie(victims_.le_run);
    scene_.check_no_zombie(victims_.guard);
    ask_a_to_stop();
    after_the_end();
}

void Stage::while_it_is_frozen() {
    scene_.check_successor("b", struck_ + kLeaseDuration / 2, struck_ + 2 * kLeaseDuration);
    check_exception();
    for (const pid_t pid : {victims_.guard, victims_.le_run}) {
        ::kill(pid, SIGCONT);
    }
    scene_.await("a contending again", [&] { return a_->log_lines({"contending"}).size() >= 2; });
    scene_.require(scene_.is_tree_gone("a"), "a contends again, and its old work still lives");
    scene_.check_no_zombie(victims_.le_run);
    scene_.check_no_zombie(victims_.guard);
    ask_a_to_stop();
    scene_.end(*a_, expected_.exit_code);
}

// b leads: nothing of a's work may live, but for the documented exceptions.
void Stage::check_exception() {
    if (scene_.is_tree_gone("a")) {
        return;
    }
    scene_.require(expected_.is_exception, "a's work still lives while b's does");
    if (!expected_.is_exception) {
        return;
    }
    if (expected_.effect == Effect::kFreezes) {
        scene_.judge().except("a's work went on beside b's");
        return;
    }
    const auto left = scene_.orphans().size();
    scene_.judge().except(std::to_string(left) + " processes of a's tree lived beside b's work");
    end_orphans();
}

void Stage::ask_a_to_stop() { a_->signal(SIGTERM); }

void Stage::finish() {
    if (!expected_.is_exception) {
        scene_.check_order();
    } else {
        const std::string disorder = scene_.arena().record().token_disorder();
        scene_.require(disorder.empty(), disorder);
    }
    b_->signal(SIGTERM);
    scene_.end(*b_, kChildsOwnCode);
    scene_.check_nothing_left();
}

// --- at any moment ---

void Stage::strike_at(const Moment& moment) {
    const auto a = start_of_a({"--drain", "500"});
    if (moment.phase == Moment::Phase::kStart) {
        a_ = &scene_.arena().start("a", a);
    } else {
        a_ = &scene_.lead("a", a);
        start_standby();
    }
    if (moment.phase == Moment::Phase::kStopping) {
        victims_ = find();
        ask_a_to_stop();
    }
    std::this_thread::sleep_for(moment.delay); // when to strike is what the case is about
    strike_now();
    if (moment.phase == Moment::Phase::kStart) {
        start_standby();
    }
    end_a_struck_somewhere(moment);
    finish();
}

void Stage::end_a_struck_somewhere(const Moment& moment) {
    const bool is_frozen = is_struck_ && fault_.hit == Hit::kStop &&
                           (fault_.target == Target::kLeRun || fault_.target == Target::kBoth);
    if (is_frozen && a_->runs()) {
        scene_.await("b leading", [&] { return scene_.arena().record().starts("b") > 0; });
        check_exception();
        for (const pid_t pid : {victims_.guard, victims_.le_run}) {
            if (pid > 0) {
                ::kill(pid, SIGCONT);
            }
        }
    }
    const bool ends_by_itself = expected_.effect == Effect::kReleases ||
                                expected_.effect == Effect::kExpires ||
                                moment.phase == Moment::Phase::kStopping;
    if (!ends_by_itself || !a_->wait(std::chrono::seconds(10))) {
        // Before that it is not le-run yet, and the kernel would drop a SIGTERM to such a PID 1.
        scene_.await("a contending, or ended",
                     [&] { return a_->logged({"contending"}) || !a_->runs(); });
        a_->signal(SIGTERM);
    }
    const auto code = a_->wait();
    // What the fault does, what a stop does, and what SIGTERM does to a program that has only just
    // been executed.
    const std::set<int> allowed = {expected_.exit_code, kChildsOwnCode, kExitStopped,
                                   kExitSignalBase + SIGKILL, kExitSignalBase + SIGTERM};
    scene_.require(code && allowed.count(*code) != 0,
                   "a exited with " + (code ? std::to_string(*code) : "nothing: it still runs"));
    scene_.check_successor("b", 0, boot_now() + 2 * kLeaseDuration);
    if (!is_frozen) {
        check_exception();
    }
}

} // namespace

bool is_possible(const ProcessFault& fault) {
    const bool needs_root = fault.mode != Mode::kNormal || fault.shape == Shape::kOtherUid ||
                            fault.shape == Shape::kNestedPidNamespace;
    return (!needs_root || ::geteuid() == 0) &&
           (!is_big(fault.shape) || can_have_processes(kMostProcesses));
}

void run_process_fault(const ProcessFault& fault, Judge& judge) {
    Stage(fault, judge).strike_the_leader();
}

void run_process_fault_at(const ProcessFault& fault, const Moment& moment, Judge& judge) {
    Stage(fault, judge).strike_at(moment);
}

} // namespace le_run::test::faults

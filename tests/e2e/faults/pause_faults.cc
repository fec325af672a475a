#include "faults/pause_faults.h"

#include <csignal>
#include <thread>

#include "base/exit_code.h"
#include "faults/expectations.h"
#include "faults/scene.h"
#include "faults/strike.h"

namespace le_run::test::faults {
namespace {

using namespace std::chrono_literals;

// Of a lease of 8 s a third pause leaves a renewal its time when all are below 1.8 s. Of one of 6 s
// two above 1.6 s leave none; the renew deadline lets each of 2 s pass.
constexpr auto kShortPause = 1200ms;
constexpr auto kLongPause = 2s;
const Words kSixSeconds = {"--lease-duration", "6s",   "--renew-deadline", "3s",
                           "--retry-period",   "500ms"};
constexpr std::int64_t kSixSecondLease = 6 * kSecond;
constexpr std::int64_t kRemembered = 60 * kSecond; // as src/election/margin.h has it
constexpr std::int64_t kSlack = 10 * kSecond;      // of a loaded machine

class Stage {
public:
    Stage(const PauseFault& fault, Judge& judge)
        : fault_(fault), scene_(LockKind::kFile, judge), a_(start("a")),
          b_(fault.who == Paused::kAlone ? nullptr : &start("b")) {}

    void run() {
        for (int i = 0; i < fault_.times; ++i) {
            if (i == 1 || fault_.length == Pause::kShort) {
                await_renewals();
            } else if (i == 2) { // from the second one on nobody may renew
                scene_.await("a stepping down", [&] { return a_.logged({"not contending"}); });
            }
            pause();
            if (i < 2 || fault_.length == Pause::kShort) {
                paused_until_ = boot_now();
            }
        }
        fault_.length == Pause::kShort ? costs_nothing() : leads_again();
        if (b_ != nullptr) {
            b_->signal(SIGTERM);
            const bool has_led = scene_.arena().record().starts("b") > 0;
            scene_.end(*b_, has_led ? kChildsOwnCode : kExitStopped);
        }
        scene_.check_order();
        scene_.check_nothing_left();
    }

private:
    Replica& start(const std::string& name) {
        ReplicaStart start = scene_.start_of("plain");
        if (fault_.length == Pause::kLong) {
            start.timing = kSixSeconds;
        }
        return name == "a" ? scene_.lead(name, start) : scene_.arena().start_standby(name, start);
    }

    // le-run stops first and goes on last: it would continue a guard that it saw stopped. The guard
    // measures how long it sleeps, so it is stopped in its sleep.
    void pause() {
        std::vector<pid_t> stopped;
        for (const Replica* replica : {&a_, b_}) {
            if (replica == &a_ || fault_.who == Paused::kAll) {
                const Victims victims = find_victims(replica->pid(), 0);
                ::kill(victims.le_run, SIGSTOP);
                scene_.await("a guard asleep", [&] { return state_of(victims.guard) == 'S'; });
                ::kill(victims.guard, SIGSTOP);
                stopped.push_back(victims.le_run);
                stopped.push_back(victims.guard);
            }
        }
        if (fault_.length == Pause::kShort) {
            std::this_thread::sleep_for(kShortPause); // what the case is about
        } else {
            std::this_thread::sleep_for(kLongPause);
        }
        for (auto pid = stopped.rbegin(); pid != stopped.rend(); ++pid) {
            ::kill(*pid, SIGCONT);
        }
    }

    // So that the next pause meets a fresh lease.
    void await_renewals() {
        std::string seen = read_file(scene_.arena().lock_file());
        for (int count = 0; count < 2; ++count) {
            scene_.await("a renewal", [&] {
                return std::exchange(seen, read_file(scene_.arena().lock_file())) != seen;
            });
        }
    }

    void costs_nothing() {
        const std::int64_t until = paused_until_ + kLeaseDuration;
        const auto ticks = [&] { return scene_.arena().record().newest("a").last.boot_ns; };
        scene_.await("a's work, a lease duration later", [&] { return ticks() > until; });
        scene_.require(a_.logged({"warning", "paused twice"}), "a does not tell of its pauses");
        scene_.require(!a_.logged({"stopping the child"}), "a's work was asked to stop");
        scene_.require(scene_.arena().record().starts("b") == 0, "b leads already");
        a_.signal(SIGTERM);
        scene_.end(a_, kChildsOwnCode);
        scene_.check_successor("b", until, boot_now() + kLeaseDuration / 2);
    }

    void leads_again() {
        WorkRecord record = scene_.arena().record();
        const bool leads_again = wait_until(
            [&] {
                record = scene_.arena().record();
                return record.lives().size() > 1;
            },
            120s);
        scene_.require(leads_again, "nobody leads again");
        const std::int64_t began = record.lives().back().first.boot_ns;
        const std::int64_t promised = fault_.who == Paused::kAlone ? kRemembered : 0;
        scene_.require(began < paused_until_ + promised + kSixSecondLease + kSecond + kSlack,
                       "nobody led in time");
        scene_.require(a_.logged({"warning", "stepping down", "paused twice"}),
                       "a does not say why it steps down");
        scene_.require(a_.logged({"released"}), "the lease was not released");
        scene_.require(!a_.logged({"lost"}), "a lost its lease");
        scene_.judge().tell("led again " + std::to_string((began - paused_until_) / 1'000'000) +
                            " ms after the second pause");
        a_.signal(SIGTERM);
        const bool leads = record.starts("a") > 1;
        scene_.end(a_, leads ? kChildsOwnCode : kExitStopped);
    }

    const PauseFault fault_;
    Scene scene_;
    Replica& a_;
    Replica* b_;
    std::int64_t paused_until_ = 0; // what counts: by the second long one the lease is handed over
};

} // namespace

void run_pause_fault(const PauseFault& fault, Judge& judge) { Stage(fault, judge).run(); }

} // namespace le_run::test::faults

// What becomes of the program's descendants: orphans while it runs, and all of them at the end.
#include <algorithm>
#include <csignal>

#include "e2e/manners.h"
#include "helpers/catch.h"
#include "helpers/work_record.h"

using namespace le_run::test;

namespace {

enum class Place { kOrdinary, kPidOne };

// A program with a daemon that ignores every signal, and an orphan that has ended.
class Family {
public:
    Family(Init init, Place place, const Words& worker)
        : init_(init), under_(init, {.command = Words{TEST_WORKER, "--record", "record",
                                                      "--replica", "a", "--daemon", "--orphan"} +
                                                worker,
                                     .is_pid_one = place == Place::kPidOne}) {
        const auto has = [&](const char* role) {
            return WorkRecord(under_.folder().file("record")).newest("a", role).pid != 0;
        };
        REQUIRE(wait_until([&] { return has("daemon") && has("orphan") && has("worker"); }));
        known_ = descendants_of(under_.pid());
        // Without a subreaper the daemon is the test's.
        for (const pid_t orphan : adopted_orphans()) {
            known_.push_back(orphan);
        }
    }

    Process& process() { return under_.process(); }
    bool has_zombie() const {
        const auto all = descendants_of(under_.pid());
        return std::any_of(all.begin(), all.end(), [](pid_t pid) { return state_of(pid) == 'Z'; });
    }
    // What the test had to adopt: an orphan of which the init does not know.
    bool lost_orphan() const { return !adopted_orphans().empty(); }
    // After the end of the init. Where only its guard is left to do it, it takes a moment.
    bool survives() {
        const auto is_any_alive = [&] {
            reap_orphans();
            return std::any_of(known_.begin(), known_.end(), is_alive);
        };
        return init_ == Init::kLeRun ? !wait_until([&] { return !is_any_alive(); })
                                     : is_any_alive();
    }

private:
    Init init_;
    InitProcess under_;
    std::vector<pid_t> known_;
};

Manner at_the_end(Place place, const std::string& code) {
    return place == Place::kPidOne
               ? all_alike(code + ", nothing is left")
               : Manner{code + ", nothing is left", code + ", some live on",
                        code + ", some live on", "nothing of the work may outlive the lease"};
}

std::string end_of(Family& family) {
    const auto code = family.process().wait();
    return std::to_string(code.value_or(-1)) +
           (family.survives() ? ", some live on" : ", nothing is left");
}

} // namespace

TEST_CASE("manners: orphans are reaped, by an init that is PID 1 and by one that is not (file)") {
    const Place place = GENERATE(Place::kOrdinary, Place::kPidOne);
    compare(place == Place::kPidOne ? "as PID 1" : "not PID 1",
            place == Place::kPidOne
                ? all_alike("reaped")
                : Manner{"reaped", "reaped", "lost", "le-run is always a subreaper, tini with -s"},
            [&](Init init) {
                Family family(init, place, {});
                if (family.lost_orphan()) {
                    return std::string("lost");
                }
                const bool reaped = wait_until([&] { return !family.has_zombie(); });
                return std::string(reaped ? "reaped" : "kept as zombies");
            });
}

TEST_CASE("manners: whether anything is left after SIGTERM, SIGKILL and the program's own end "
          "(file)") {
    const Place place = GENERATE(Place::kOrdinary, Place::kPidOne);
    compare("SIGTERM", at_the_end(place, "0"), [&](Init init) {
        Family family(init, place, {});
        family.process().signal(SIGTERM);
        return end_of(family);
    });
    compare("SIGKILL", at_the_end(place, "137"), [&](Init init) {
        Family family(init, place, {});
        family.process().signal(SIGKILL);
        return end_of(family);
    });
    compare("the program ends by itself", at_the_end(place, "9"), [&](Init init) {
        Family family(init, place, {"--exit-after", "1000", "--exit-code", "9"});
        return end_of(family);
    });
}

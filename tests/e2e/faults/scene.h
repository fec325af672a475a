// What every case has: replicas that contend, the record of their work, and the judgement at the
// end.
#pragma once

#include <cstdint>
#include <string>

#include "faults/judge.h"
#include "helpers/arena.h"

namespace le_run::test::faults {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLeaseDuration = 8 * kSecond; // kLongerLease

std::int64_t boot_now(); // CLOCK_BOOTTIME in ns, as the record has it

class Scene {
public:
    Scene(LockKind kind, Judge& judge);
    Scene(const ApiServerAccess& server, Judge& judge);
    ~Scene(); // keeps the logs for the judge
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;

    Arena& arena() { return arena_; }
    const Arena& arena() const { return arena_; }
    Judge& judge() { return judge_; }
    void require(bool holds, const std::string& what) { judge_.require(holds, what); }
    // Waits for a fact without which the case cannot go on; throws when it does not come.
    template <class Fact>
    void await(const std::string& what, Fact fact) {
        if (!wait_until(fact)) {
            throw std::runtime_error("never seen: " + what);
        }
    }

    // A replica on the longer lease whose worker makes this tree and exits with kChildsOwnCode.
    ReplicaStart start_of(const std::string& shape, const Words& worker = {}) const;
    // Starts it and waits until its tree is there.
    Replica& lead(const std::string& name, const ReplicaStart& start);

    // Whether no process of the replica's work lives, by the lock that all of them hold: exact.
    bool is_tree_gone(const std::string& name) const;
    // The worker of `name` began between these instants, and no work of another lived then.
    void check_successor(const std::string& name, std::int64_t earliest, std::int64_t latest);
    // No overlap by the record, and tokens that grow.
    void check_order();
    // Zombies that `pid` has to reap now are soon reaped.
    void check_no_zombie(pid_t pid);
    // Asks for a stop and checks how le-run ends; its tree must be gone by then.
    void end(Replica& replica, int exit_code);
    // All has been ended: no process is left that this one would have to reap or kill.
    void check_nothing_left();
    // Living processes that were left to this one, and all below them.
    std::vector<pid_t> orphans() const;
    // The newest worker of a replica, as it numbers itself; 0 when there was none.
    pid_t work_pid(const std::string& name) const { return arena_.record().newest(name).pid; }

private:
    Judge& judge_;
    Arena arena_;
};

} // namespace le_run::test::faults

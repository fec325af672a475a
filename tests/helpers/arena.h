// Where replicas of one test contend: one lock, one record of all workers, and the replicas, ended
// with it.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "helpers/cluster.h"
#include "helpers/replica.h"
#include "helpers/work_record.h"

namespace le_run::test {

enum class LockKind { kFile, kKubernetes };

// What a replica of an arena is started with, beside the lock.
struct ReplicaStart {
    Words worker{};  // arguments of test-worker
    Words command{}; // instead of test-worker
    Words lock{};    // options that name the lock; empty: those of the arena
    Words options{}; // of le-run, after the lock's and the identity's
    Words timing = kShortLease;
    std::string id{};   // empty: the replica's name
    std::string port{}; // of a front before the API server; empty: the server's own
    Environment environment{};
    Words launcher{}; // before le-run: a program that executes the rest
    bool is_pid_one = false;
};

class Arena {
public:
    // kKubernetes: a namespace on the shared API server, or on `server`.
    explicit Arena(LockKind kind);
    explicit Arena(const ApiServerAccess& server);

    // Starts le-run; it lives until the arena ends.
    Replica& start(const std::string& name, const ReplicaStart& start = {});
    // The same, and waits until its worker runs.
    Replica& start_leader(const std::string& name, const ReplicaStart& start = {});
    // The same, and waits until it has seen who leads.
    Replica& start_standby(const std::string& name, const ReplicaStart& start = {});

    WorkRecord record() const { return WorkRecord(record_file()); }
    std::string record_file() const { return scratch_.file("record"); }
    const ScratchFolder& scratch() const { return scratch_; }
    // Waits until workers of `name` have started `count` times.
    bool has_started(const std::string& name, int count = 1) const;
    // How the replica is told of the lock, with the user's credentials and names.
    Words lock_options(const std::string& port = "") const;
    std::string lock() const;

    bool is_kubernetes() const { return cluster_ != nullptr; }
    const Cluster& cluster() const { return *cluster_; }
    std::string lock_file() const { return scratch_.file("lock"); }

    // What every replica has logged so far, under its name.
    std::string logs() const;

    // Empty when no work overlapped and the fencing tokens grew; else what is wrong.
    std::string disorder() const;
    // Empty when the Lease's history shows that `replica` released it (an empty holder for one
    // second), after its last process and before the first of `successor`; else what is wrong.
    // Always empty for a file: the record of the workers says the rest.
    std::string release_disorder(const std::string& replica, const std::string& successor) const;

private:
    ScratchFolder scratch_;
    std::unique_ptr<Cluster> cluster_;
    std::list<Replica> replicas_;
};

// The names of processes of a life, for waiting until they are really gone.
bool is_gone(const WorkLife& life);

} // namespace le_run::test

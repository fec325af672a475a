#include "helpers/arena.h"

#include <stdexcept>

namespace le_run::test {

Arena::Arena(LockKind kind) {
    if (kind == LockKind::kKubernetes) {
        cluster_ = std::make_unique<Cluster>(shared_api_server());
    }
}

Arena::Arena(const ApiServerAccess& server) : cluster_(std::make_unique<Cluster>(server)) {}

std::string Arena::lock() const { return cluster_ ? cluster_->lock() : "file://" + lock_file(); }

Words Arena::lock_options(const std::string& port) const {
    return cluster_ ? Words{"--lock", lock(), "--kubeconfig", cluster_->kubeconfig({.port = port})}
                    : Words{"--lock", lock()};
}

Replica& Arena::start(const std::string& name, const ReplicaStart& start) {
    const Words lock = start.lock.empty() ? lock_options(start.port) : start.lock;
    const Words identity = {"--id", start.id.empty() ? name : start.id};
    return replicas_.emplace_back(
        Replica::Setup{.name = name,
                       .record = record_file(),
                       .options = lock + identity + start.timing + start.options,
                       .worker = start.worker,
                       .command = start.command,
                       .environment = start.environment,
                       .launcher = start.launcher,
                       .is_pid_one = start.is_pid_one});
}

Replica& Arena::start_leader(const std::string& name, const ReplicaStart& start) {
    const int before = record().starts(name);
    Replica& replica = this->start(name, start);
    if (!has_started(name, before + 1)) {
        throw std::runtime_error(name + " did not start its work:\n" + replica.log());
    }
    return replica;
}

Replica& Arena::start_standby(const std::string& name, const ReplicaStart& start) {
    Replica& replica = this->start(name, start);
    const auto has_seen_it = [&] {
        return replica.logged({"held by"}) || replica.logged({"new leader"});
    };
    if (!wait_until(has_seen_it)) {
        throw std::runtime_error(name + " saw no leader:\n" + replica.log());
    }
    return replica;
}

bool Arena::has_started(const std::string& name, int count) const {
    return wait_until([&] { return record().starts(name) >= count; });
}

std::string Arena::logs() const {
    std::string result;
    for (const Replica& replica : replicas_) {
        result += "--- " + replica.name() + "\n" + replica.log();
    }
    return result;
}

std::string Arena::disorder() const {
    const WorkRecord all = record();
    return all.overlap() + all.token_disorder();
}

std::string Arena::release_disorder(const std::string& replica,
                                    const std::string& successor) const {
    if (!is_kubernetes()) {
        return "";
    }
    std::string last_holder;
    std::int64_t released = 0;
    for (const LeaseWrite& write : cluster().history()) {
        if (released == 0 && write.is_release() && last_holder == replica &&
            write.duration_seconds == 1) {
            released = write.received_ns;
        }
        last_holder = write.holder;
    }
    if (released == 0) {
        return replica + " has not released the Lease";
    }
    const WorkRecord all = record();
    for (const WorkLife& life : all.lives()) {
        if (life.replica == replica && life.last.real_ns >= released) {
            return replica + "'s " + life.role + " lived after the release";
        }
        if (life.replica == successor && life.first.real_ns <= released) {
            return successor + "'s " + life.role + " lived before the release";
        }
    }
    return "";
}

bool is_gone(const WorkLife& life) {
    reap_orphans();
    return !is_alive(life.pid);
}

} // namespace le_run::test

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
    if (!wait_until([&] { return replica.logged({"new leader"}); })) {
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

bool is_gone(const WorkLife& life) {
    reap_orphans();
    return !is_alive(life.pid);
}

} // namespace le_run::test

#include "options/lock_choice.h"

#include "kubernetes/object_names.h"

namespace le_run::options {
namespace {

kubernetes_store::KubernetesLock named_lock(const Value& name) {
    if (const auto wrong = kubernetes::wrong_with_lease_name(name.text)) {
        fail(name.source + ": " + *wrong);
    }
    return {{}, name.text, {}};
}

store::Lock url_lock(const Value& url) {
    const auto parsed = store::parse_lock_url(url.text);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) {
        fail(url, *wrong);
    }
    return std::get<store::Lock>(parsed);
}

// --lock and --lease-lock-name both name the lock: keeps only one.
void keep_one_name(Values& values) {
    const Value* url = find(values, "lock");
    const Value* name = find(values, "lease-lock-name");
    if (url == nullptr || name == nullptr) {
        return;
    }
    if (url->origin == name->origin) {
        fail_as_given_twice(*url, *name);
    }
    values.erase(url->origin > name->origin ? "lease-lock-name" : "lock");
}

// `named_by`: the option that names the lock, perhaps with a namespace.
void add_namespace(Values& values, kubernetes_store::KubernetesLock& lock, const Value& named_by) {
    const Value* given = find(values, "lease-lock-namespace");
    if (given == nullptr) {
        return;
    }
    if (lock.lease_namespace && given->origin < named_by.origin) {
        values.erase("lease-lock-namespace");
        return;
    }
    if (const auto wrong = kubernetes::wrong_with_namespace(given->text)) {
        fail(given->source + ": " + *wrong);
    }
    if (lock.lease_namespace && *lock.lease_namespace != given->text) {
        fail(*given, named_by.source + " names another namespace, \"" + *lock.lease_namespace +
                         "\": give it once");
    }
    lock.lease_namespace = given->text;
}

void drop_what_a_file_lock_lacks(Values& values) {
    for (const char* option :
         {"lease-lock-namespace", "kubeconfig", "context", "cluster", "user"}) {
        const Value* value = find(values, option);
        if (value != nullptr && value->origin == Origin::kFlag) {
            fail(*value, "has no meaning for a file lock: remove it");
        }
        values.erase(option);
    }
}

} // namespace

std::optional<store::Lock> read_lock(Values& values) {
    keep_one_name(values);
    const Value* url = find(values, "lock");
    const Value* name = find(values, "lease-lock-name");
    if (url == nullptr && name == nullptr) {
        return std::nullopt;
    }
    store::Lock lock = url != nullptr ? url_lock(*url) : named_lock(*name);
    auto* kubernetes = std::get_if<kubernetes_store::KubernetesLock>(&lock);
    if (kubernetes == nullptr) {
        drop_what_a_file_lock_lacks(values);
        return lock;
    }
    add_namespace(values, *kubernetes, url != nullptr ? *url : *name);
    const auto take = [&](const char* option, auto& target) {
        if (const Value* value = find(values, option)) {
            target = value->text;
        }
    };
    take("kubeconfig", kubernetes->kubeconfig);
    take("context", kubernetes->context);
    take("cluster", kubernetes->cluster);
    take("user", kubernetes->user);
    return lock;
}

} // namespace le_run::options

#include "options/lock_choice.h"

namespace le_run {
namespace {

KubernetesLock named_lock(const Value& name) {
    if (const auto wrong = wrong_with_lease_name(name.text)) {
        fail(name.source + ": " + *wrong);
    }
    return {{}, name.text, {}};
}

Lock url_lock(const Value& url) {
    const auto parsed = parse_lock_url(url.text);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) {
        fail(url, *wrong);
    }
    return std::get<Lock>(parsed);
}

// `name`: what says which lock it is.
void add_namespace(KubernetesLock& lock, const Value& given, const Value& name) {
    if (const auto wrong = wrong_with_namespace(given.text)) {
        fail(given.source + ": " + *wrong);
    }
    if (lock.lease_namespace && given.origin < name.origin) {
        return;
    }
    if (lock.lease_namespace && *lock.lease_namespace != given.text) {
        fail(given, name.source + " names another namespace, \"" + *lock.lease_namespace +
                        "\": give it once");
    }
    lock.lease_namespace = given.text;
}

} // namespace

Lock read_lock(const Values& values) {
    const Value* url = find(values, "lock");
    const Value* name = find(values, "lease-lock-name");
    if (url != nullptr && name != nullptr) {
        if (url->origin == name->origin) {
            fail_as_given_twice(*url, *name);
        }
        (url->origin > name->origin ? name : url) = nullptr;
    }
    if (url == nullptr && name == nullptr) {
        fail("no lock: use --lock k8s://NAMESPACE/NAME or --lock file:///PATH, or set LE_RUN_LOCK");
    }
    Lock lock = url != nullptr ? url_lock(*url) : named_lock(*name);
    const Value* lease_namespace = find(values, "lease-lock-namespace");
    const Value* kubeconfig = find(values, "kubeconfig");
    const Value* context = find(values, "context");
    const Value* cluster = find(values, "cluster");
    const Value* user = find(values, "user");
    auto* kubernetes = std::get_if<KubernetesLock>(&lock);
    if (kubernetes == nullptr) {
        for (const Value* value : {lease_namespace, kubeconfig, context, cluster, user}) {
            if (value != nullptr && value->origin == Origin::kFlag) {
                fail(*value, "has no meaning for a file lock: drop it");
            }
        }
        return lock;
    }
    if (lease_namespace != nullptr) {
        add_namespace(*kubernetes, *lease_namespace, url != nullptr ? *url : *name);
    }
    if (kubeconfig != nullptr) {
        kubernetes->kubeconfig = kubeconfig->text;
    }
    const auto text_of = [](const Value* value) { return value == nullptr ? "" : value->text; };
    kubernetes->context = text_of(context);
    kubernetes->cluster = text_of(cluster);
    kubernetes->user = text_of(user);
    return lock;
}

} // namespace le_run

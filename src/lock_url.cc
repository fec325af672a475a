#include "lock_url.h"

#include "kubernetes/object_names.h"

namespace le_run {
namespace {

constexpr const char* kForms = "use k8s://NAMESPACE/NAME, k8s://NAME or file:///PATH";

std::variant<Lock, std::string> parse_kubernetes(const std::string& rest) {
    KubernetesLock lock;
    const auto slash = rest.find('/');
    lock.name = slash == std::string::npos ? rest : rest.substr(slash + 1);
    if (slash != std::string::npos) {
        lock.lease_namespace = rest.substr(0, slash);
        if (const auto wrong = wrong_with_namespace(*lock.lease_namespace)) {
            return "the namespace " + *wrong;
        }
    }
    if (const auto wrong = wrong_with_lease_name(lock.name)) {
        return "the lease name " + *wrong;
    }
    return Lock(lock);
}

std::variant<Lock, std::string> parse_file(const std::string& rest) {
    if (rest.empty() || rest.front() != '/') {
        return std::string("a file lock needs its whole path, from the root folder on: write "
                           "file:///PATH, with three slashes");
    }
    if (rest.back() == '/') {
        return std::string("a file lock names a file, not a folder: use file://") + rest + "NAME";
    }
    return Lock(FileLock{rest});
}

} // namespace

std::variant<Lock, std::string> parse_lock_url(const std::string& url) {
    const auto starts_with = [&](const char* prefix) { return url.rfind(prefix, 0) == 0; };
    if (starts_with("k8s://")) {
        return parse_kubernetes(url.substr(6));
    }
    if (starts_with("file://")) {
        return parse_file(url.substr(7));
    }
    return std::string("it is not a lock URL: ") + kForms;
}

} // namespace le_run

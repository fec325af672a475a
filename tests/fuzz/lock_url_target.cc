// Lock URLs: what is taken for a name is one, and what is taken can be written down again.
#include "fuzz.h"
#include "kubernetes/object_names.h"
#include "store/lock.h"

using namespace le_run;
using namespace le_run::fuzz;

namespace {

// As the API server has it: what goes into a path must not be another path.
bool is_dns(std::string_view text) {
    return !text.empty() && text.front() != '.' && text.back() != '.' &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") ==
               std::string_view::npos &&
           text.find("..") == std::string_view::npos && text.size() <= 253;
}

void check(const kubernetes_store::KubernetesLock& lock, const std::string& url) {
    LE_CHECK(is_dns(lock.name) && !kubernetes::wrong_with_lease_name(lock.name));
    std::string again = "k8s://";
    if (lock.lease_namespace) {
        LE_CHECK(is_dns(*lock.lease_namespace) && lock.lease_namespace->size() <= 63);
        LE_CHECK(lock.lease_namespace->find('.') == std::string::npos);
        again += *lock.lease_namespace + "/";
    }
    LE_CHECK(again + lock.name == url && !lock.kubeconfig);
}

void check(const file_store::FileLock& lock, const std::string& url) {
    LE_CHECK("file://" + lock.path == url);
    LE_CHECK(lock.path.front() == '/' && lock.path.back() != '/');
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string url(text_of(data, size));
    const auto parsed = store::parse_lock_url(url);
    if (const auto* wrong = std::get_if<std::string>(&parsed)) {
        LE_CHECK(!wrong->empty());
    } else {
        std::visit([&](const auto& lock) { check(lock, url); }, std::get<store::Lock>(parsed));
    }
    return 0;
}

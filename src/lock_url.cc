#include "lock_url.h"

#include <algorithm>

namespace le_run {
namespace {

constexpr const char* kForms = "use k8s://NAMESPACE/NAME, k8s://NAME or file:///PATH";

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_label(const std::string& text) {
    return !text.empty() && is_lower_or_digit(text.front()) && is_lower_or_digit(text.back()) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

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

std::optional<std::string> wrong_with_lease_name(const std::string& name) {
    std::size_t begin = 0;
    bool sound = !name.empty() && name.size() <= 253;
    while (sound && begin <= name.size()) {
        const auto end = std::min(name.find('.', begin), name.size());
        sound = is_label(name.substr(begin, end - begin));
        begin = end + 1;
    }
    if (sound) {
        return std::nullopt;
    }
    return "\"" + name +
           "\" is not a DNS name: use at most 253 lower-case letters, digits, '-' and '.'";
}

std::optional<std::string> wrong_with_namespace(const std::string& name) {
    if (is_label(name) && name.size() <= 63) {
        return std::nullopt;
    }
    return "\"" + name + "\" is not a DNS label: use at most 63 lower-case letters, digits and '-'";
}

} // namespace le_run

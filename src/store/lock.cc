#include "store/lock.h"

#include <array>
#include <string_view>

namespace le_run::store {
namespace {

using Parsed = std::variant<Lock, std::string>;

struct Kind {
    std::string_view scheme;
    std::string_view forms;
    Parsed (*parse)(const std::string& rest);
};

template <typename KindOfLock>
constexpr Kind kind() {
    return {KindOfLock::kScheme, KindOfLock::kForms, [](const std::string& rest) {
                return std::visit([](auto outcome) { return Parsed(std::move(outcome)); },
                                  KindOfLock::parse(rest));
            }};
}

constexpr std::array kKinds = {kind<kubernetes_store::KubernetesLock>(),
                               kind<file_store::FileLock>()};
static_assert(kKinds.size() == std::variant_size_v<Lock>);

// "A, B or C"
std::string all_forms() {
    std::string forms;
    for (const Kind& kind : kKinds) {
        forms += forms.empty() ? "" : &kind == &kKinds.back() ? " or " : ", ";
        forms += kind.forms;
    }
    return forms;
}

} // namespace

std::variant<Lock, std::string> parse_lock_url(const std::string& url) {
    for (const Kind& kind : kKinds) {
        if (url.starts_with(kind.scheme)) {
            return kind.parse(url.substr(kind.scheme.size()));
        }
    }
    return "it is not a lock URL: use " + all_forms();
}

} // namespace le_run::store

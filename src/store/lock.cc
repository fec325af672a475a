#include "store/lock.h"

#include <optional>
#include <string_view>

namespace le_run::store {
namespace {

using Parsed = std::variant<Lock, std::string>;

template <typename Kind>
bool try_to_parse(const std::string& url, std::optional<Parsed>& parsed) {
    if (!url.starts_with(Kind::kScheme)) {
        return false;
    }
    auto outcome = Kind::parse(url.substr(Kind::kScheme.size()));
    if (auto* lock = std::get_if<Kind>(&outcome)) {
        parsed = Lock(std::move(*lock));
    } else {
        parsed = std::move(std::get<std::string>(outcome));
    }
    return true;
}

// "A, B or C"
template <typename... Kinds>
std::string forms_of(const std::variant<Kinds...>*) {
    std::string forms;
    std::size_t left = sizeof...(Kinds);
    ((forms += std::string(Kinds::kForms) + (--left == 0 ? "" : left == 1 ? " or " : ", ")), ...);
    return forms;
}

template <typename... Kinds>
std::optional<Parsed> parse_as(const std::string& url, const std::variant<Kinds...>*) {
    std::optional<Parsed> parsed;
    [[maybe_unused]] const bool is_known = (try_to_parse<Kinds>(url, parsed) || ...);
    return parsed;
}

constexpr const Lock* kKinds = nullptr;

} // namespace

std::variant<Lock, std::string> parse_lock_url(const std::string& url) {
    if (auto parsed = parse_as(url, kKinds)) {
        return std::move(*parsed);
    }
    return "it is not a lock URL: use " + forms_of(kKinds);
}

} // namespace le_run::store

#include "store/file/renewal.h"

#include <cstdint>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "store/file/boot.h"
#include "store/lease_json.h"

namespace le_run::file_store {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kRenewal = "leRunRenewal";
constexpr const char* kVersion = "resourceVersion";
constexpr const char* kBootId = "bootId";
constexpr const char* kBoottime = "boottime";
constexpr const char* kRaw = "raw";

std::optional<std::string> text_in(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string()
               ? std::optional(found->get_ref<const std::string&>())
               : std::nullopt;
}

// The value of a clock that began with the boot.
std::optional<Duration> time_in(const Json& object, const char* name) {
    const auto found = object.find(name);
    const auto most = static_cast<std::uint64_t>(TimePoint::far_future().boot().count());
    if (found == object.end() || !found->is_number_unsigned() ||
        found->get<std::uint64_t>() > most) {
        return std::nullopt;
    }
    return Duration(found->get<std::int64_t>());
}

} // namespace

std::string with_renewal(std::string_view object, const std::string& token,
                         const std::optional<std::string>& boot,
                         const std::optional<TimePoint>& renewed_at) {
    auto parsed = store::parse_json(object);
    auto* const tree = std::get_if<Json>(&parsed);
    LE_CHECK(tree != nullptr && tree->is_object());
    tree->erase(kRenewal);
    if (boot && renewed_at) {
        (*tree)[kRenewal] = {{kVersion, token},
                             {kBootId, *boot},
                             {kBoottime, renewed_at->boot().count()},
                             {kRaw, renewed_at->raw().count()}};
    }
    return store::dump_json(*tree);
}

std::optional<TimePoint> renewal_in(std::string_view object, const std::string& token,
                                    const std::optional<std::string>& boot) {
    const auto parsed = store::parse_json(object);
    const auto* const tree = std::get_if<Json>(&parsed);
    if (!boot || tree == nullptr || !tree->is_object()) {
        return std::nullopt;
    }
    const auto metadata = tree->find("metadata");
    const auto renewal = tree->find(kRenewal);
    if (metadata == tree->end() || !metadata->is_object() || renewal == tree->end() ||
        !renewal->is_object()) {
        return std::nullopt;
    }
    const auto version = text_in(*renewal, kVersion);
    if (!version || version != text_in(*metadata, kVersion)) {
        return std::nullopt;
    }
    const auto written_in = text_in(*renewal, kBootId);
    const auto boottime = time_in(*renewal, kBoottime);
    const auto raw = time_in(*renewal, kRaw);
    if (!written_in || !is_boot_id(*written_in) || !boottime || !raw) {
        return std::nullopt;
    }
    if (written_in != boot) {
        return TimePoint::far_past();
    }
    return version == token ? std::optional(TimePoint(*boottime, *raw)) : std::nullopt;
}

} // namespace le_run::file_store

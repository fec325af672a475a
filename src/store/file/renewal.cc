#include "store/file/renewal.h"

#include <cstdint>

#include <nlohmann/json.hpp>

#include "store/file/boot.h"

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

// The value of a clock that began with the boot. Parsed numbers are unsigned; those of set_renewal
// are not.
std::optional<Duration> time_in(const Json& object, const char* name) {
    const auto found = object.find(name);
    const auto most = static_cast<std::uint64_t>(TimePoint::far_future().boot().count());
    if (found == object.end() || !found->is_number_integer() || *found < 0 || *found > most) {
        return std::nullopt;
    }
    return Duration(found->get<std::int64_t>());
}

} // namespace

void set_renewal(Json& object, const std::string& token, const std::optional<std::string>& boot,
                 const std::optional<TimePoint>& renewed_at) {
    object.erase(kRenewal);
    if (boot && renewed_at) {
        object[kRenewal] = {{kVersion, token},
                            {kBootId, *boot},
                            {kBoottime, renewed_at->boot().count()},
                            {kRaw, renewed_at->raw().count()}};
    }
}

std::optional<TimePoint> renewal_in(const Json& object, const std::string& token,
                                    const std::optional<std::string>& boot) {
    if (!boot || !object.is_object()) {
        return std::nullopt;
    }
    const auto metadata = object.find("metadata");
    const auto renewal = object.find(kRenewal);
    if (metadata == object.end() || !metadata->is_object() || renewal == object.end() ||
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

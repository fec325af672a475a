#include "store/file/fence.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

#include "store/file/local_file.h"

namespace le_run::file_store {
namespace {

constexpr std::size_t kDigits = 8;
constexpr std::size_t kFenceSize = kDigits + 1; // and a newline
constexpr auto kLastEra = std::numeric_limits<std::uint32_t>::max();

// The wall clock in seconds. Its value may be wrong in any way.
std::uint32_t clock_era() {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count();
    // A clock beyond 2100 is wrong, and must not use up all eras.
    constexpr std::int64_t kYear2100 = 4'102'444'800;
    return seconds >= 1 && seconds < kYear2100 ? static_cast<std::uint32_t>(seconds) : 1;
}

Word to_word(const std::string& digits) {
    Word word{};
    std::copy_n(digits.begin(), word.size(), word.begin());
    return word;
}

} // namespace

std::string fence_path(const std::string& lease_path) {
    const auto folder = folder_of(lease_path);
    return (folder == "/" ? "" : folder) + "/." + name_of(lease_path) + ".fence";
}

std::string format_era(std::uint32_t era) {
    std::string digits(kDigits, '0');
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, era >>= 4) {
        *digit = "0123456789abcdef"[era & 15];
    }
    return digits;
}

std::uint32_t parse_era(std::string_view digits, const std::string& path) {
    std::uint32_t era = 0;
    const auto* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, era, 16);
    if (digits.size() != kDigits || error != std::errc{} || stop != end) {
        throw_malformed(path + " does not begin with eight hexadecimal digits; delete it");
    }
    return era;
}

std::uint32_t take_era(const std::string& lease_path) {
    const auto path = fence_path(lease_path);
    auto fd = open_existing(path);
    while (!fd) {
        create_whole(path, format_era(0) + "\n");
        fd = open_existing(path);
    }
    keep_others_out(fd.get(), path);
    MappedWords words(fd.get(), kFenceSize, path);
    while (true) {
        const auto word = words.load(0);
        const auto last = parse_era({word.data(), word.size()}, path);
        if (last == kLastEra) {
            throw_malformed(path + " has no number left; delete it");
        }
        const auto era = std::max(last + 1, clock_era());
        if (words.compare_exchange(0, word, to_word(format_era(era)))) {
            sync_data(fd.get(), path);
            return era;
        }
    }
}

} // namespace le_run::file_store

#include "store/file/lease_file_format.h"

#include <algorithm>

#include "base/check.h"

namespace le_run::file_store::lease_file_format {
namespace {

constexpr std::string_view kHead =
    R"({"leRunLease":1, "era":"00000000",   "current":"AAAAAA00","slots":[)";
constexpr std::string_view kKind = R"({"leRunLease":)";
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kCountDigits = 6;

static_assert(kHead.size() == kHeadSize);
static_assert(kHead.substr(kEraOffset, sizeof(Word)) == "00000000" && kEraOffset % 8 == 0);
static_assert(kHead.substr(kCurrentOffset, sizeof(Word)) == "AAAAAA00" && kCurrentOffset % 8 == 0);

bool is_in_word(std::size_t at) {
    return (at >= kEraOffset && at < kEraOffset + sizeof(Word)) ||
           (at >= kCurrentOffset && at < kCurrentOffset + sizeof(Word));
}

} // namespace

std::string empty_file() {
    std::string text(kHead);
    text.resize(kPageSize - 1, ' ');
    text += '\n';
    for (unsigned pair = 0; pair < kFirstPairs; ++pair) {
        text += empty_pair();
        if (pair + 1 < kFirstPairs) {
            text.replace(text.size() - kSeparatorSize, kSeparatorSize, separator(false));
        }
    }
    LE_CHECK(text.size() == file_size(kFirstPairs));
    return text;
}

std::string empty_pair() {
    std::string text;
    for (unsigned slot = 0; slot < kSlotsOfPair; ++slot) {
        text += pad_slot("null");
        text += separator(slot + 1 == kSlotsOfPair);
    }
    return text;
}

std::string pad_slot(std::string_view object) {
    LE_CHECK(object.size() <= kSlotCapacity);
    std::string text(object);
    text.resize(kSlotCapacity, ' ');
    return text;
}

std::string_view trim_slot(std::string_view slot) {
    const auto end = slot.find_last_not_of(" \n");
    return end == std::string_view::npos ? std::string_view() : slot.substr(0, end + 1);
}

std::string_view separator(bool last) { return last ? "]}\n" : " ,\n"; }

std::optional<std::string> check_head(std::string_view head, std::uint64_t size) {
    if (size == 0) {
        return "is empty";
    }
    const auto common = std::min(head.size(), kHead.size());
    if (head.substr(0, kKind.size()) != kKind.substr(0, head.size())) {
        return "is not a lease file of le-run";
    }
    for (std::size_t i = 0; i < common; ++i) {
        if (!is_in_word(i) && head[i] != kHead[i]) {
            return "is a lease file of another format or has been edited";
        }
    }
    if (head.size() < kHead.size() || size < file_size(kFirstPairs)) {
        return "has been truncated to " + std::to_string(size) + " bytes";
    }
    return std::nullopt;
}

Word format_current(Current current) {
    LE_CHECK(current.slot < kMaxPairs * kSlotsOfPair);
    Word word{};
    for (auto i = kCountDigits; i-- > 0; current.count >>= 6) {
        word[i] = kDigits[current.count & 63];
    }
    LE_CHECK(current.count == 0);
    word[kCountDigits] = static_cast<char>('0' + current.slot / 10);
    word[kCountDigits + 1] = static_cast<char>('0' + current.slot % 10);
    return word;
}

std::optional<Current> parse_current(Word word) {
    Current current;
    for (std::size_t i = 0; i < kCountDigits; ++i) {
        const auto digit = kDigits.find(word[i]);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        current.count = current.count << 6 | digit;
    }
    for (auto i = kCountDigits; i < word.size(); ++i) {
        if (word[i] < '0' || word[i] > '9') {
            return std::nullopt;
        }
        current.slot = current.slot * 10 + static_cast<unsigned>(word[i] - '0');
    }
    return current;
}

} // namespace le_run::file_store::lease_file_format

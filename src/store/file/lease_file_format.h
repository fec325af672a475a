// The bytes of a lease file, format 1: one JSON text of fixed places, for people to read.
//
//   {"leRunLease":1, "era":"6920a3f1",   "current":"AAAAAF03","slots":[      page 0
//   <a Lease object, or null>,                                              page 1: slot 0
//   ...
//   <a Lease object, or null>]}                                             the last page
//
// Every page is padded with spaces. `current` is six base64 characters that count the writes and
// two digits that name the slot of the last one; a count of zero means that there is no lease yet.
// A slot's page ends with " ,\n", the last one's with "]}\n"; only readers of JSON need that.
//
// Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/file/local_file.h"

namespace le_run::file_store::lease_file_format {

inline constexpr std::uint64_t kPageSize = 4096;
inline constexpr std::uint64_t kSeparatorSize = 3;
inline constexpr std::uint64_t kSlotCapacity = kPageSize - kSeparatorSize; // bytes of an object
inline constexpr unsigned kSlotsOfPair = 2;
inline constexpr unsigned kMaxPairs = 50; // two digits name a slot
// With two pairs, the leader and a candidate can write without making the file longer.
inline constexpr unsigned kFirstPairs = 2;
inline constexpr std::size_t kHeadSize = 67; // check_head reads these bytes
inline constexpr std::size_t kEraOffset = 24;
inline constexpr std::size_t kCurrentOffset = 48;
// Tokens of one file lie in [era * 2^31, (era + 1) * 2^31).
inline constexpr int kEraShift = 31;
inline constexpr std::uint64_t kLastCount = (std::uint64_t{1} << kEraShift) - 1;

struct Current {
    std::uint64_t count = 0; // of writes, at most 2^36 - 1
    unsigned slot = 0;
};

constexpr std::uint64_t slot_offset(unsigned slot) { return kPageSize * (1 + std::uint64_t{slot}); }
constexpr std::uint64_t file_size(unsigned pairs) { return slot_offset(pairs * kSlotsOfPair); }

// A whole file without a lease and without an era.
std::string empty_file();
// The pages of one pair with two null slots, as the last pair of a file.
std::string empty_pair();
// The object, padded to kSlotCapacity. It must fit.
std::string pad_slot(std::string_view object);
// The object without its padding.
std::string_view trim_slot(std::string_view slot);
std::string_view separator(bool last);

// What is wrong with a file of `size` bytes that begins with `head` (up to kHeadSize bytes). Empty:
// it has this format. Does not check the era and `current`.
std::optional<std::string> check_head(std::string_view head, std::uint64_t size);

Word format_current(Current current);
std::optional<Current> parse_current(Word word);

} // namespace le_run::file_store::lease_file_format

// What keeps fencing tokens growing when the lease file is deleted: a number in a hidden file
// beside it, `.NAME.fence`, eight hexadecimal digits that only ever grow.
//
// Each new lease file takes an era from it, and its tokens begin at era * 2^31. Taking is one
// atomic compare-and-exchange, so that two creators never have one era, a creator frozen in between
// blocks nobody, and one that wakes up late cannot put the number back (a number written with
// write(2) could be). Without the sibling the wall clock in seconds is the least era, so that
// tokens still grow when both files are deleted, unless within one second or with a clock set back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace le_run::file_store {

// The sibling's path.
std::string fence_path(const std::string& lease_path);

// An era (at least 1) greater than every one ever taken beside this lease file; lasting when it
// returns. Throws FileError.
std::uint32_t take_era(const std::string& lease_path);

// Eight hexadecimal digits, as both files keep an era.
std::string format_era(std::uint32_t era);
// Throws FileError kMalformed, naming `path`, for anything else.
std::uint32_t parse_era(std::string_view digits, const std::string& path);

} // namespace le_run::file_store

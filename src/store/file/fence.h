// The fence keeps fencing tokens growing when the lease file is deleted. It is a hidden file beside
// the lease file, `.NAME.fence`, with a number of eight hexadecimal digits that only grows.
//
// Each new lease file takes an era from the fence, and its tokens begin at era * 2^31. Taking an
// era is one atomic compare-and-exchange. So two creators never get the same era, a frozen creator
// blocks nobody, and one that wakes up late cannot put the number back, as write(2) could. Without
// the fence, the least era is the wall clock in seconds. So tokens grow even if both files are
// deleted, unless that happens within one second or the clock is set back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace le_run::file_store {

// The path of the fence.
std::string fence_path(const std::string& lease_path);

// Takes an era (at least 1) greater than all eras taken before for this lease file. It is on the
// disk when the function returns. Throws FileError.
std::uint32_t take_era(const std::string& lease_path);

// Eight hexadecimal digits, the form of an era in both files.
std::string format_era(std::uint32_t era);
// Throws FileError kMalformed, naming `path`, for anything else.
std::uint32_t parse_era(std::string_view digits, const std::string& path);

} // namespace le_run::file_store

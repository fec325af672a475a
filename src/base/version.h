// Which le-run this is.
#pragma once

#include <string>

namespace le_run {

extern const char* const kVersion; // "1.2.3"
extern const char* const kCommit;  // what it was built from; ends with "-dirty" if that was changed

// For --version: version, commit, and the libraries, those that were built in or built with and
// those that are loaded now. Lines, each ended.
std::string version_text();

} // namespace le_run

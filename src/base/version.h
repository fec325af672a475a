// The version of this le-run.
#pragma once

#include <string>

namespace le_run {

extern const char* const kVersion; // "1.2.3"
extern const char* const kCommit; // the commit it was built from; "-dirty" at the end: with changes

// The text of --version: version, commit, the libraries of the build, and the libraries that are
// loaded now. Each line has its line end.
std::string version_text();

} // namespace le_run

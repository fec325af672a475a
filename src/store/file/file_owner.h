// Is a lock file safe from the other users of this machine?
//
// Whoever may open the file, even only to read it, can hold a record lock on it; then no candidate
// can write, and the lease stays free. Whoever may write the file can forge the lease, and whoever
// may rename in its folder, or in a folder above, can put another file in its place. So the file
// and its fence belong to the user that le-run runs as, or to root, and nobody else has any rights.
#pragma once

#include <optional>
#include <string>

#include <sys/stat.h>

namespace le_run::file_store {

// Why the file `path` must not be used, and what to do; nothing when its owner and its write bits
// are sound.
std::optional<std::string> unsafe_file(const std::string& path, const struct stat& status);

// Whether others may read the file; then they can lock it.
bool is_readable_by_others(const struct stat& status);

// The first folder from `folder` up to / in which another user may replace what lies in it, and
// what to do; nothing when all are sound. Links are followed. A folder that everybody may write is
// sound if it has the sticky bit, as /tmp has.
std::optional<std::string> unsafe_folder(const std::string& folder);

} // namespace le_run::file_store

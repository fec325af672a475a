// Checks whether a lock file is safe from other users of this machine.
//
// A user who may open the file, even only to read, can hold a record lock on it. Then no candidate
// can write, and the lease stays free. A user who may write the file can forge the lease. A user
// who may rename files in its folder, or in a folder above, can replace the file. So the file and
// its fence must belong to le-run's user or to root, and nobody else may have rights on them.
#pragma once

#include <optional>
#include <string>

#include <sys/stat.h>

namespace le_run::file_store {

// Why the file `path` must not be used, and what to do. Nothing: its owner and write bits are safe.
std::optional<std::string> unsafe_file(const std::string& path, const struct stat& status);

// Whether other users may read the file: then they can lock it.
bool is_readable_by_others(const struct stat& status);

// The first folder, from `folder` up to /, in which another user may replace files, and what to do.
// Nothing: all are safe. Links are followed. A folder that everybody may write is safe if it has
// the sticky bit, as /tmp has.
std::optional<std::string> unsafe_folder(const std::string& folder);

} // namespace le_run::file_store

// Checks once, at start, whether a path can have a lease file.
#pragma once

#include <string>

namespace le_run::file_store {

// Throws ConfigError with one line that names the fault:
// - the folder is missing, is not a folder, is not writable, is on a network file system, or lets
//   other users replace the file;
// - the file or its fence belongs to another user, may be written by others (file_owner.h), is not
//   a regular file (a folder, a symbolic link), or is not readable and writable.
// Creates nothing. Does not check the contents: they may change, and each access reports them.
//
// Blocks as long as the file system does.
void check_file_place(const std::string& path);

} // namespace le_run::file_store

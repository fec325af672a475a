// Whether a lease file can be at a path at all: asked once, at start.
#pragma once

#include <string>

namespace le_run::file_store {

// Throws ConfigError, in one line that names what is wrong: the folder is missing, is none, is
// not writable, is on a network file system or lets other users replace the file; the file or its
// fence belongs to another user or may be written by others (file_owner.h), is a folder, a symbolic
// link or another thing that is not a regular file, or is not readable and writable. Creates
// nothing. What is in the file is not looked at: that may get better, and is said with each access.
//
// Blocks as long as the file system does.
void check_file_place(const std::string& path);

} // namespace le_run::file_store

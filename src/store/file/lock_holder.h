// Which process holds a record lock on a file? For the log, when nothing can be written.
#pragma once

#include <string>

namespace le_run::file_store {

// A process, in words, that holds a record lock on the file open as `fd`, for example "process
// 4711 (cat, user id 1000)". The kernel tells le-run only of its own user's processes, unless
// le-run is root; else "a process of another user". Looks through /proc, which may take a while.
std::string lock_holder(int fd);

} // namespace le_run::file_store

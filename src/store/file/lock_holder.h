// Finds the process that holds a record lock on a file, for the log, when le-run cannot write.
#pragma once

#include <string>

namespace le_run::file_store {

// A process that holds a record lock on the file open as `fd`, for example "process 4711 (cat, user
// id 1000)". Unless le-run is root, the kernel shows only processes of le-run's own user; otherwise
// the text is "a process of another user". Reads all of /proc, which may take a while.
std::string lock_holder(int fd);

} // namespace le_run::file_store

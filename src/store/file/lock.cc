#include "store/file/lock.h"

namespace le_run::file_store {

std::variant<FileLock, std::string> FileLock::parse(const std::string& rest) {
    if (rest.empty() || rest.front() != '/') {
        return std::string("a file lock needs its whole path, from the root folder on: write "
                           "file:///PATH, with three slashes");
    }
    if (rest.back() == '/') {
        return std::string("a file lock names a file, not a folder: use file://") + rest + "NAME";
    }
    return FileLock{rest};
}

} // namespace le_run::file_store

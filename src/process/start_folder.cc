#include "process/start_folder.h"

#include <cerrno>
#include <climits>

#include <fcntl.h>
#include <unistd.h>

namespace le_run::process {

StartFolder::StartFolder() : fd_(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    char path[PATH_MAX];
    if (::getcwd(path, sizeof path) != nullptr && path[0] == '/') {
        path_ = path;
    }
}

StartFolder::~StartFolder() {
    if (fd_ >= 0) {
        ::close(fd_);
    }
}

int StartFolder::enter() const {
    return (fd_ >= 0 ? ::fchdir(fd_) : ::chdir(path_.c_str())) == 0 ? 0 : errno;
}

void StartFolder::let_go() {
    if (fd_ >= 0 && !path_.empty()) {
        ::close(fd_);
        fd_ = -1;
    }
}

void leave_start_folder() {
    // This fails only if the user may not search the root folder. Then nothing changes.
    [[maybe_unused]] const int ignored = ::chdir("/");
}

} // namespace le_run::process

// The folder that le-run was started in is the child's working directory. le-run and its guard
// leave it. Otherwise its file system could not be unmounted, even after the child has left it.
#pragma once

#include <string>

namespace le_run::process {

class StartFolder {
public:
    // Remembers the current folder with a close-on-exec descriptor.
    StartFolder();
    ~StartFolder();
    StartFolder(const StartFolder&) = delete;
    StartFolder& operator=(const StartFolder&) = delete;

    // Enters the folder. Returns 0 or an errno. For a child between fork and exec: only
    // async-signal-safe calls.
    int enter() const;
    // Closes the descriptor; from now on enter() uses the path. A folder without a path (deleted,
    // or outside the root) stays open.
    void let_go();

private:
    std::string path_;
    int fd_ = -1;
};

// Makes the root folder this process's working directory.
void leave_start_folder();

} // namespace le_run::process

// The working directory that le-run was started in belongs to the child. le-run and its guard leave
// it, or its file system could not be unmounted although the child has left it.
#pragma once

#include <string>

namespace le_run::process {

class StartFolder {
public:
    // Remembers the present one. Close-on-exec.
    StartFolder();
    ~StartFolder();
    StartFolder(const StartFolder&) = delete;
    StartFolder& operator=(const StartFolder&) = delete;

    // Goes there; 0, or errno. Only async-signal-safe calls: for a child between fork and exec.
    int enter() const;
    // From now on it is found by its path, and nothing keeps it. Without a path (it was deleted, or
    // lies outside of the root) it stays open.
    void let_go();

private:
    std::string path_;
    int fd_ = -1;
};

// This process works in the root folder from now on.
void leave_start_folder();

} // namespace le_run::process

// A /proc for a new PID namespace. It gives access to nothing that the old /proc hides or protects.
//
// Container runtimes hide files of /proc below other mounts (/dev/null over kcore), and make parts
// of it read-only (/proc/sys). A new proc file system has none of these mounts, and its files
// belong to root, so a child with uid 0 could write them without any capability.
#pragma once

namespace le_run::guard {

// Plain data, because it goes through a pipe.
struct NewProc {
    enum class Outcome : int {
        kMounted,
        kRefused,    // the kernel refuses a new /proc
        kNoOldProc,  // the old /proc is not a complete proc file system, so there is no new one
        kCannotHide, // `path` is hidden in the old /proc and cannot be hidden in the new one
        kStuck       // as kCannotHide, and the new /proc cannot be unmounted: no child may run
    };
    Outcome outcome = Outcome::kMounted;
    int error = 0;
    char path[256] = "";
};

// Mounts a new /proc in the caller's mount namespace, which must be the caller's own. Mounts below
// the old /proc are repeated in the new one, and so are the options that restrict the old one (ro,
// hidepid, gid, subset). With any outcome but kMounted and kStuck, /proc is still the old one.
NewProc mount_new_proc();

} // namespace le_run::guard

// A /proc for a new PID namespace that opens nothing which the old one keeps shut.
//
// Container runtimes hide files of /proc below other mounts (/dev/null over kcore), and make parts
// of it read-only (/proc/sys). A new proc file system has neither, and its files belong to root, so
// that a child of uid 0 needs no capability to write them.
#pragma once

namespace le_run::guard {

// Plain data: it goes through a pipe.
struct NewProc {
    enum class Outcome : int {
        kMounted,
        kRefused,    // by the kernel
        kNoOldProc,  // /proc is no whole proc file system, so the child is given none either
        kCannotHide, // `path` is covered in the old /proc and cannot be covered in the new one
        kStuck       // the same, and the new one cannot be unmounted: nothing may run below it
    };
    Outcome outcome = Outcome::kMounted;
    int error = 0;
    char path[256] = "";
};

// Mounts a new /proc in the caller's mount namespace, which must be its own. Whatever is mounted
// below the old one is mounted in the same place of the new one, and the options that restrict the
// old one (ro, hidepid, gid, subset) hold for the new one. Other than kMounted: /proc is the old
// one.
NewProc mount_new_proc();

} // namespace le_run::guard

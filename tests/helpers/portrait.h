// What a program inherits, as it sees it: a shell script that prints it.
#pragma once

namespace le_run::test {

constexpr const char* kSelfPortrait =
    "{ grep -E '^(SigBlk|SigIgn|SigCgt|NoNewPrivs|Uid|Gid|Groups|CapEff|CoreDumping|Seccomp):' "
    "/proc/self/status; "
    "pwd; umask; nice; ulimit -a; cat /proc/self/oom_score_adj /proc/self/coredump_filter; "
    "find /proc/self/fd/ -mindepth 1 ! -name 1 ! -lname '/proc/*' -printf '%f %l\\n' | sort; } ";

} // namespace le_run::test

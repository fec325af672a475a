#!/bin/sh
# make-root.sh FOLDER PROGRAM...: a root file system with nothing but the programs, where they are on this machine, and
# the shared libraries they need. For images FROM scratch, and for the tests.
set -eu
root=$1
shift
put() { # a file, to the same path below the root, links followed
    mkdir -p "$root$(dirname "$1")"
    [ -e "$root$1" ] || cp -L "$1" "$root$1"
}
mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root/work"
chmod 1777 "$root/tmp" "$root/work"
for program in "$@"; do
    put "$program"
    ldd "$program" | sed -n -e 's|.*=> \(/[^ ]*\) .*|\1|p' -e 's|^[[:space:]]*\(/[^ ]*\) (.*|\1|p' | while read -r library; do
        put "$library"
    done
done

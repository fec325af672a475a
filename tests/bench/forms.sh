#!/usr/bin/env bash
# Instructions for each watch event and each renewal, from bytes to StoredLease and back: prints the table of README.md's section of
# that name. Half a minute, after the build; the package valgrind is needed.
set -euo pipefail
cd "$(dirname "$0")/../.."

few=100
many=600
cmake --preset bench >/dev/null
cmake --build --preset bench --target bench-forms -- --quiet

instructions() { # what, count
    valgrind --tool=callgrind --callgrind-out-file=/dev/null build/bench/tests/bench-forms "$1" "$2" 2>&1 |
        sed -n 's/^==.*Collected : \([0-9]*\).*/\1/p'
}

echo "| le-run $(git describe --always --dirty) | instructions |"
echo "|---|---|"
while read -r what name; do
    # The start of the program is in both counts.
    each=$((($(instructions "$what" $many) - $(instructions "$what" $few)) / (many - few)))
    printf "| %s | %'d |\n" "$name" "$each"
done <<TABLE
watch        Kubernetes, each watch event: bytes → stored lease
renewal      Kubernetes, each renewal: record → bytes of the request, bytes of the answer → stored lease
file-renewal file store, each renewal, with its thread and system calls
file-read    file store, each read, the same
TABLE

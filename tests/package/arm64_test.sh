#!/usr/bin/env bash
# arm64_test.sh FOLDER: cross-builds the release archive for arm64 in FOLDER and runs the program under qemu-user: the
# documents, bad input, a command that is not there. It needs the amd64 archive in FOLDER and the tests' build.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$1
fail() {
    echo "arm64_test: $*" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

archive=$(container/release.sh "$out" arm64)
tar -C "$work" -xzf "$archive"
tree=$work/$(basename "$archive" .tar.gz)
program=$tree/bin/le-run
readelf -hlS "$program" >"$work/elf"
grep -q 'Machine: *AArch64' "$work/elf" && ! grep -qE 'INTERP|\.symtab' "$work/elf" || fail "not a stripped static arm64 program"
size=$(stat -c %s "$program")
[[ $size -le 8200000 ]] || fail "the program has $size bytes"
[[ "$(qemu-aarch64-static "$program" --version | head -n 2)" == "$(build/static-amd64/le-run --version | head -n 2)" ]] ||
    fail "version or commit differs from amd64's"
tests/package/hardening_test.sh "$program" build/static-arm64/le-run aarch64-linux-gnu-
tests/package/docs_test.sh "$program" "$tree/share" qemu-aarch64-static
tar -C "$work" -xzf "${archive/arm64/amd64}"
diff -r "$tree/share" "${tree/arm64/amd64}/share" || fail "the documents differ from amd64's"

# qemu-user refuses PR_SET_CHILD_SUBREAPER, so nothing can be led under it: what comes before that is tested.
printf '#!/bin/sh\nexec qemu-aarch64-static %s "$@"\n' "$program" >"$work/le-run"
chmod +x "$work/le-run"
TEST_LE_RUN=$work/le-run ctest --test-dir build/asan --output-on-failure --no-tests=error \
    -R '^e2e\.(bad input: (the command line|all broken relations)|exit code: (--version|a command that is not there)).*\(file\)$' ||
    fail "end-to-end tests fail under qemu"
echo "arm64_test: $(basename "$archive"), the program has $size bytes"

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
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

archive=$(container/release.sh "$out" arm64)
tar -C "$work" -xzf "$archive"
tree=$work/$(basename "$archive" .tar.gz)
program=$tree/bin/le-run
readelf -hlS "$program" >"$work/elf"
grep -q 'Machine: *AArch64' "$work/elf" && ! grep -qE 'INTERP|\.symtab' "$work/elf" || fail "not a stripped static arm64 program"
size=$(stat -c %s "$program")
[[ $size -le 8000000 ]] || fail "the program has $size bytes"
arm() { qemu-aarch64-static "$program" "$@"; }
[[ "$(arm --version | head -n 2)" == "$(build/static-amd64/le-run --version | head -n 2)" ]] || fail "version or commit differs from amd64's"
tests/package/docs_test.sh "$program" "$tree/share" qemu-aarch64-static
for file in share/bash-completion/completions/le-run share/man/man1/le-run.1.gz; do
    cmp "$tree/$file" <(tar -xzOf "$out/$(basename "$archive" arm64.tar.gz)amd64.tar.gz" --wildcards "*/$file") || fail "$file differs from amd64's"
done

# qemu-user refuses PR_SET_CHILD_SUBREAPER, so nothing can be led under it: what comes before that is tested.
printf '#!/bin/sh\nexec qemu-aarch64-static %s "$@"\n' "$program" >"$work/le-run"
chmod +x "$work/le-run"
TEST_LE_RUN=$work/le-run ctest --test-dir build/asan --output-on-failure --no-tests=error \
    -R '^e2e\.(bad input: .*|exit code: (--version|a command that is not there).*) \(file\)$' || fail "end-to-end tests fail under qemu"
echo "arm64_test: $*" >&2
    exit 1
}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

archive=$(container/release.sh "$out" arm64)
tar -C "$work" -xzf "$archive"
tree=$work/$(basename "$archive" .tar.gz)
program=$tree/bin/le-run
readelf -hlS "$program" >"$work/elf"
grep -q 'Machine: *AArch64' "$work/elf" && ! grep -qE 'INTERP|\.symtab' "$work/elf" || fail "not a stripped static arm64 program"
size=$(stat -c %s "$program")
[[ $size -le 8000000 ]] || fail "the program has $size bytes"
arm() { qemu-aarch64-static "$program" "$@"; }
[[ "$(arm --version | head -n 2)" == "$(build/static-amd64/le-run --version | head -n 2)" ]] || fail "version or commit differs from amd64's"
tests/package/docs_test.sh "$program" "$tree/share" qemu-aarch64-static
for file in share/bash-completion/completions/le-run share/man/man1/le-run.1.gz; do
    cmp "$tree/$file" <(tar -xzOf "$out/$(basename "$archive" arm64.tar.gz)amd64.tar.gz" --wildcards "*/$file") || fail "$file differs from amd64's"
done

# A script as the program lets the end-to-end tests run it; these do not look into /proc, where qemu is seen as well.
printf '#!/bin/sh\nexec qemu-aarch64-static %s "$@"\n' "$program" >"$work/le-run"
chmod +x "$work/le-run"
TEST_LE_RUN=$work/le-run ctest --test-dir build/asan --output-on-failure --no-tests=error \
    -R '^e2e\.(exit code|bad input|handover: (SIGTERM|a child that exits 7)).*\(file\)$' || fail "end-to-end tests fail under qemu"
echo "arm64_test: $*" >&2
    exit 1
}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT

archive=$(container/release.sh "$out" arm64)
tar -C "$work" -xzf "$archive"
tree=$work/$(basename "$archive" .tar.gz)
program=$tree/bin/le-run
readelf -hlS "$program" >"$work/elf"
grep -q 'Machine: *AArch64' "$work/elf" && ! grep -qE 'INTERP|\.symtab' "$work/elf" || fail "not a stripped static arm64 program"
size=$(stat -c %s "$program")
[[ $size -le 8000000 ]] || fail "the program has $size bytes"
arm() { qemu-aarch64-static "$program" "$@"; }
[[ "$(arm --version | head -n 2)" == "$(build/static-amd64/le-run --version | head -n 2)" ]] || fail "version or commit differs from amd64's"
tests/package/docs_test.sh "$program" "$tree/share" qemu-aarch64-static
for file in share/bash-completion/completions/le-run share/man/man1/le-run.1.gz; do
    cmp "$tree/$file" <(tar -xzOf "$out/$(basename "$archive" arm64.tar.gz)amd64.tar.gz" --wildcards "*/$file") || fail "$file differs from amd64's"
done

# A script as the program lets the end-to-end tests run it; these do not look into /proc, where qemu is seen as well.
printf '#!/bin/sh\nexec qemu-aarch64-static %s "$@"\n' "$program" >"$work/le-run"
chmod +x "$work/le-run"
TEST_LE_RUN=$work/le-run build/asan/tests/tests_e2e \
    'exit code*(file)','bad input*(file)','handover: SIGTERM*(file)','handover: a child that exits 7*(file)' || fail "end-to-end tests fail under qemu"
echo "arm64_test: $(basename "$archive"), the program has $size bytes"

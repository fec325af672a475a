#!/usr/bin/env bash
# debian13_test.sh FOLDER: in a root of Debian 13 of its own (debootstrap, kept in ~/.cache/le-run), builds what is committed
# under the sanitizers, passes the tests that need no API server, and makes and checks the Debian package; it goes to FOLDER.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(mkdir -p "$1" && cd "$1" && pwd)
cache_root="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/le-run"
root=$cache_root/root-trixie
mkdir -p "$cache_root"
exec 9>"$root.lock"
flock 9
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() { "$@" >"$log" 2>&1 || { tail -n 40 "$log" >&2; exit 1; }; }

if [[ ! -d $root ]]; then
    rm -rf "$root.part"
    quietly debootstrap --variant=minbase trixie "$root.part" http://deb.debian.org/debian
    mv "$root.part" "$root"
fi
rm -rf "$root/source"
mkdir "$root/source"
git archive HEAD | tar -C "$root/source" -xf -
# What only the API server, the fuzzers, the model and the images need stays out.
grep -vE '^(clang|libclang|etcd|golang|spin|crun|musl)' tests/packages.txt >"$root/source/build-and-test.txt"

cat >"$root/source/inside.sh" <<'INSIDE'
set -euo pipefail
cd /source
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
container/install-packages.sh container/build-packages.txt build-and-test.txt
cmake --preset asan -DLE_RUN_COMMIT="$COMMIT" >/dev/null
cmake --build --preset asan --target all -- --quiet
ctest --test-dir build/asan --output-on-failure -LE '^(sim|e2e)$' -E 'kubernetes:' --parallel 3
ctest --test-dir build/asan --output-on-failure -L '^e2e$' -R '\(file\)' --parallel 4
build/asan/tests/faults --no-server
tests/package/deb_test.sh /source/packages
INSIDE
# Not by chroot, from which the kernel lets nobody make a user namespace.
COMMIT=$(git rev-parse --short=12 HEAD) unshare --mount --pid --fork --kill-child sh -c \
    'mount --bind "$0" "$0" && mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && cd "$0" && mkdir -p old && pivot_root . old &&
    umount --lazy /old && exec bash /source/inside.sh' "$root" 9>&-
cp "$root"/source/packages/*.deb "$out/$(basename "$root"/source/packages/*.deb .deb)+debian13.deb"

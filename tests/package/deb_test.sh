#!/usr/bin/env bash
# deb_test.sh FOLDER: makes the Debian package in FOLDER and looks at it: lintian, dependencies, files, unit, program.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(mkdir -p "$1" && cd "$1" && pwd)
fail() {
    echo "deb_test: $*" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --preset release >/dev/null
cmake --build --preset release -- --quiet
(cd build/release && cpack -G DEB -B "$out" >"$work/cpack.log" 2>&1) || { cat "$work/cpack.log" >&2; fail "cpack failed"; }
package=$(ls "$out"/le-run_*_"$(dpkg --print-architecture)".deb)

lintian --fail-on error "$package" 2>"$work/lintian" || { cat "$work/lintian" >&2; fail "lintian has errors"; }

# Each library that the program loads comes with a package it depends on.
dpkg-deb -x "$package" "$work/root"
program=$work/root/usr/bin/le-run
depends=$(dpkg-deb -f "$package" Depends)
libraries=$(objdump -p "$program" | sed -n 's/^ *NEEDED *//p')
[[ $(wc -l <<<"$libraries") -ge 5 ]] || fail "is the program static? It needs only: $libraries"
for library in $libraries; do
    owner=$(dpkg-query --search "*/$(gcc -dumpmachine)/$library" | sed 's/:.*//; q')
    grep -qE "(^|[ ,])${owner//+/\\+}(-[a-z0-9]+)?( |,|$)" <<<"$depends" || fail "$library is in $owner, but Depends is: $depends"
done

# The template and its example make a sound service, and the example's options are le-run's.
mkdir -p "$work/units" "$work/lease"
sed "s|/usr/bin/le-run|$program|" "$work/root/usr/lib/systemd/system/le-run@.service" >"$work/units/le-run@.service"
systemd-analyze verify --man=no "$work/units/le-run@example.service" >"$work/verify" 2>&1 || true
! grep -F 'le-run@' "$work/verify" >&2 || fail "systemd complains of the unit"
example=$work/root/usr/share/doc/le-run/examples/example.env
variables=$(sed -n "s|^\(LE_RUN_[A-Z_]*=\).*/\([^/]*\)$|\1file://$work/lease/\2|p" "$example")
worker=$(sed -n 's/^WORKER=//p' "$example")
[[ -n $variables && "$(command -v "${worker%% *}")" ]] || fail "the example names no lock or no worker"
said=$(env -i "$variables" "$program" -- /bin/sh -c 'echo "$LE_RUN_HELD_LOCK"' 2>"$work/log") || { cat "$work/log" >&2; fail "the example's options do not work"; }
[[ $said == "file://$work/lease/leader.lease" ]] || fail "the example's lock is not held: $said"

"$(dirname "$0")/hardening_test.sh" "$program" build/release/le-run
"$(dirname "$0")/docs_test.sh" "$program" "$work/root/usr/share"
echo "deb_test: $(basename "$package"), $(stat -c %s "$package") bytes, depends on $depends"

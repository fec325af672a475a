#!/usr/bin/env bash
# release_test.sh FOLDER [afresh]: makes the release archive in FOLDER, and once more of nothing but what
# container/Containerfile copies, in another folder and without ccache (afresh: with a cpprestsdk of its own): the same
# bytes. And what is in it is whole.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$1
afresh=${2:-}
fail() {
    echo "release_test: $*" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
archive=$(container/release.sh "$out")
name=$(basename "$archive" .tar.gz)
(cd "$out" && sha256sum --check --quiet "$name.tar.gz.sha256") || fail "the archive's sum is wrong"

# --- what is in it ---
tar -C "$work" -xzf "$archive"
tree=$work/$name
(cd "$tree" && sha256sum --check --quiet SHA256SUMS) || fail "a file's sum is wrong"
[[ "$(find "$tree" -type f | wc -l)" -eq $(($(wc -l <"$tree/SHA256SUMS") + 1)) ]] || fail "a file has no sum"
program=$tree/bin/le-run
readelf -lhd "$program" >"$work/elf"
grep -q 'Type: *DYN' "$work/elf" || fail "the program is not position-independent"
! grep -qE 'INTERP|NEEDED' "$work/elf" || fail "the program needs something of its system"
! readelf -S "$program" | grep -qE '\.(symtab|debug)' || fail "the program is not stripped"
size=$(stat -c %s "$program")
[[ $size -le 8200000 ]] || fail "the program has $size bytes"
[[ "$("$program" --version)" == *$'\nstatic: '* ]] || fail "--version does not say that it is static"
! grep -aqE "$PWD/|/root/|/home/" "$program" || fail "the program names a folder of this machine"
for library in cpprest libboost libc6-dev libcli11 libfmt libgcc libspdlog libssl libstdc++ libyaml-cpp nlohmann-json; do
    compgen -G "$tree/licences/$library*" >/dev/null || fail "the licence of $library is missing"
done
for text in Apache-2.0 GPL-3 LGPL-2.1; do
    [[ -s $tree/licences/$text.txt ]] || fail "the text of $text is missing"
done
tests/package/docs_test.sh "$program" "$tree/share"
build=build/static-$(dpkg --print-architecture)
tests/package/hardening_test.sh "$program" "$build/le-run"
tests/package/sbom_test.sh "$tree/sbom.spdx.json" "$tree" "$build"

# --- the libraries in the cache are those of this machine's packages: not after an upgrade ---
libs=$(container/static-libs.sh)
mkdir -p "$work/upgraded/le-run" "$work/bin"
ln -s "$libs" "$work/upgraded/le-run/"
printf '#!/bin/sh\nexit 1\n' >"$work/bin/apt-get" # the network
printf '#!/bin/sh\n%s "$@" | sed "/^libssl-dev /s/$/+upgraded/"\n' "$(command -v dpkg-query)" >"$work/bin/dpkg-query"
chmod +x "$work"/bin/*
from_cache() { PATH=$1$PATH XDG_CACHE_HOME=$work/upgraded container/static-libs.sh 2>/dev/null; }
[[ "$(basename "$(from_cache "")")" == "$(basename "$libs")" ]] || fail "the cache is not asked"
! from_cache "$work/bin:" || fail "the cache gives libraries that were built before an upgrade"

# --- the same bytes ---
commit=$("$program" --version | sed -n 's/^commit //p')
copy=$work/some/where/else
while read -r _ words; do
    [[ $words != --from=* ]] || continue
    read -ra files <<<"$words"
    target=$copy${files[-1]#/source}
    mkdir -p "$target"
    for file in "${files[@]::${#files[@]}-1}"; do
        [[ -d $file ]] && cp -a "$file/." "$target" || cp -a "$file" "$target"
    done
done < <(sed -n '/^FROM .* AS build/,/^FROM scratch/s/^COPY /&/p' container/Containerfile)
[[ -z $afresh ]] || export XDG_CACHE_HOME=$work/cache
(unset CMAKE_CXX_COMPILER_LAUNCHER && CCACHE_DISABLE=1 COMMIT=$commit "$copy/container/release.sh" "$work/again" >/dev/null)
cmp "$archive" "$work/again/$name.tar.gz" || fail "built twice, the archive is not the same"
echo "release_test: $(basename "$archive"), twice $(cut -c-16 "$archive.sha256")..., the program has $size bytes"

#!/usr/bin/env bash
# release.sh FOLDER [ARCHITECTURE]: builds the static le-run (for arm64 too, with Debian's cross compiler) and makes
# le-run-VERSION-linux-ARCHITECTURE.tar.gz of it in FOLDER, with man page, completions, the licences of all that is linked
# in, a list of that (sbom.spdx.json) and SHA-256 sums, and beside it the archive's own sum. The same sources give the same
# bytes, wherever they lie.
#
# What is linked in is Debian's as this machine has it (container/static-libs.sh builds anew after an upgrade): before a
# release upgrade it. It needs the packages of container/build-packages.txt and container/static-packages.txt.
# Where the sources are no git repository, COMMIT names the commit and SOURCE_DATE_EPOCH its time.
set -euo pipefail
out=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
source=$PWD
machine=$(dpkg --print-architecture)
architecture=${2:-$machine}
version=$(sed -n 's/^project(.* VERSION \([0-9.]*\) .*/\1/p' CMakeLists.txt)
name=le-run-$version-linux-$architecture
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date -r CMakeLists.txt +%s)}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
export CCACHE_BASEDIR= # a ccache that shortens paths would change what __FILE__ says

# --- build ---
libs=$(container/static-libs.sh "$architecture")
build=build/static-$architecture # its own: in other folders ccache may have been at work, see above
cross=()
strip=strip
if [[ $architecture != "$machine" ]]; then
    cross=(-DCMAKE_TOOLCHAIN_FILE="$source/container/toolchain-$architecture.cmake" -DCMAKE_SYSROOT="$libs/sysroot")
    strip=aarch64-linux-gnu-strip
fi
cmake --preset static -B "$build" "${cross[@]}" -DCPPREST_ROOT="$libs" -DLE_RUN_COMMIT="${COMMIT:-}" >/dev/null
cmake --build "$build" -- --quiet >&2 # what a compiler says

# --- what belongs to it ---
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/$name
cmake --install "$build" --prefix "$tree" >/dev/null
$strip "$tree/bin/le-run"
rm "$tree"/share/doc/le-run/{changelog.gz,copyright} # for Debian
cp LICENSE README.md "$tree"

# The files of others that are in the program: archives that the linker took members of, and headers.
cd "$build"
{
    sed -n '/^Archive member/,/^Discarded input/s|^\(/[^(]*\.a\)(.*|\1|p' le-run.map
    ninja -t deps | sed -n 's|^    ||p'
} | xargs realpath | sort -u | grep -v "^$source/" >"$work/files"
cd "$source"
licences=$tree/licences
mkdir "$licences"
cp "$libs/copyright" "$licences/cpprest"
# Whose a file is, and under which licence, is the same for all architectures, and this machine's package manager knows its
# own. Each line: the package, the file as this machine names it.
grep -vF "$libs/include/" "$work/files" | grep -vF "$libs/lib/" |
    sed "\|^$libs/sysroot|{s|||; s|/aarch64-linux-gnu/|/$(gcc -dumpmachine)/|}" | xargs dpkg-query --search |
    sed -E 's/^([^:,]*)[^ ]*: /\1 /' | sort -u >"$work/owners"
cut -d' ' -f1 "$work/owners" | sort -u >"$work/packages"
while read -r package; do
    cp -L "/usr/share/doc/$package/copyright" "$licences/$package"
done <"$work/packages"
grep -ohE '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' "$licences"/* | sort -u | while read -r text; do
    [[ ! -e $text ]] || cp -L "$text" "$licences/$(basename "$text").txt"
done

# --- the list of it ---
about() { # package: version, source package, its version
    if ! grep -s "^$1 " "$libs/packages"; then
        dpkg-query -W -f='${Package} ${Version} ${source:Package} ${source:Version}\n' "$1" | head -n 1
    fi
}
{
    read -r sum file < <(grep '\.dsc$' "$libs/source")
    cpprest=${file#cpprest_}
    cpprest=${cpprest%.dsc}
    echo "cpprest $cpprest cpprest $cpprest source $sum $file"
    while read -r package; do
        echo "$(about "$package") $architecture"
    done <"$work/packages"
    grep '\.a$' "$work/files" | grep -vF "$libs/lib/" | while read -r archive; do
        echo "archive $archive $(grep "/$(basename "$archive")$" "$work/owners" | head -n 1 | cut -d' ' -f1)"
    done
} | container/sbom.sh "$name" "$version" "$tree/bin/le-run" >"$tree/sbom.spdx.json"

# --- the archive ---
(cd "$tree" && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS)
find "$tree" -type d -exec chmod 755 {} + -o -perm /111 -exec chmod 755 {} + -o -exec chmod 644 {} +
tar -C "$work" --sort=name --format=ustar --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -cf - "$name" |
    gzip -9n >"$out/$name.tar.gz"
(cd "$out" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "$out/$name.tar.gz"

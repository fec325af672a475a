#!/usr/bin/env bash
# static-libs.sh [ARCHITECTURE]: prints a folder with what the static build links and Debian does not ship: cpprestsdk as
# an archive, built from Debian's own source package (about five minutes on two cores); for another architecture than
# this machine's (arm64) below sysroot/ also Debian's archives and headers of it, and the cross compiler must be there.
#
# The folder lies in ~/.cache/le-run. Its key is Debian's release, the architecture, this script, the options that harden
# the program, and the versions that this machine has of the compiler and of all that is linked in: an upgrade builds anew.
# Its file "packages" says what was fetched for another architecture: package, version, source package, its version.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
machine=$(dpkg --print-architecture)
architecture=${1:-$machine}
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
say() { echo "static-libs: $*" >&2; }

cache_root="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/le-run"
mkdir -p "$cache_root"
versions() {
    local compiler=g++
    [[ $architecture == "$machine" ]] || compiler=aarch64-linux-gnu-g++
    "$compiler" --version | head -n 1
    dpkg-query -W -f='${Package} ${Version}\n' libc6-dev libfmt-dev 'libboost[0-9]*-dev' \
        $(<"$here/build-packages.txt") $(<"$here/static-packages.txt")
}
versions=$(versions) # an assignment of its own, so that its failure ends this
recipe=$({ echo "$versions" && cat "$here"/{static-libs.sh,private-apt.sh,toolchain-arm64.cmake,hardening.txt}; } |
    sha256sum | head -c 8)
key="$suite-$architecture-$recipe"

exec 9>"$cache_root/static-$key.lock"
flock 9 # two runs at once: the second waits for the first one's build
for folder in "$cache_root"/cpprest-*-"$key"; do # the cache answers without the network when it is already filled
    [[ -e "$folder/complete" ]] && { echo "$folder"; exit 0; }
done

work=$(mktemp -d "$cache_root/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
run() { # what, command...
    local what=$1 began=$SECONDS
    shift
    say "$what"
    if ! "$@" >"$work/log" 2>&1; then
        tail -n 40 "$work/log" >&2
        say "$what: failed"
        exit 1
    fi
    say "$what: $((SECONDS - began)) s"
}

APT_CONFIG=$("$here/private-apt.sh" "$work/apt" "$suite" "$architecture")
export APT_CONFIG
version=$(apt-cache showsrc cpprest | awk '/^Version:/ {print $2; exit}')
target="$cache_root/cpprest-$version-$key"
rm -rf "$target"
fetch() { cd "$work" && apt-get -qq source --download-only cpprest && dpkg-source -x cpprest_*.dsc tree; }
run "fetching the source of cpprest $version" fetch

cross=()
if [[ $architecture != "$machine" ]]; then
    sysroot="$target/sysroot"
    mkdir -p "$sysroot"
    fill_sysroot() {
        apt-get -qq install -y --download-only libc6-dev libssl-dev libyaml-cpp-dev libspdlog-dev libcli11-dev \
            nlohmann-json3-dev $(sed -n '/^libboost/p' "$here/static-packages.txt") libboost-dev
        for package in "$work"/apt/archives/*.deb; do
            dpkg-deb -x "$package" "$sysroot"
            dpkg-deb --show --showformat='${Package} ${Version} ${source:Package} ${source:Version}\n' "$package" \
                >>"$target/packages"
        done
    }
    run "fetching Debian's libraries for $architecture" fill_sysroot
    cross=(-DCMAKE_TOOLCHAIN_FILE="$here/toolchain-$architecture.cmake" -DCMAKE_SYSROOT="$sysroot")
fi
hardening=$(sed -n "s/^\(all\|$architecture\) //p" "$here/hardening.txt" | tr '\n' ' ')
configure() {
    # Without the two things that le-run does not use, and that would need libraries of their own.
    cmake -S "$work/tree/Release" -B "$work/build" -G Ninja "${cross[@]}" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_CXX_FLAGS="$hardening-Os -fPIE -ffunction-sections -fdata-sections -ffile-prefix-map=$work=/usr/src" \
        -DCMAKE_CXX_FLAGS_RELEASE=-DNDEBUG -DCMAKE_INSTALL_PREFIX="$target" -DCMAKE_INSTALL_LIBDIR=lib \
        -DCPPREST_EXPORT_DIR=cmake -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTS=OFF -DBUILD_SAMPLES=OFF \
        -DCPPREST_EXCLUDE_WEBSOCKETS=ON -DCPPREST_EXCLUDE_COMPRESSION=ON -DWERROR=OFF \
        -DBoost_USE_STATIC_LIBS=ON -DOPENSSL_USE_STATIC_LIBS=ON
}
run "configuring cpprest $version for $architecture" configure
run "building cpprest $version for $architecture" cmake --build "$work/build" --target install
cp "$work/tree/debian/copyright" "$target/copyright"
(cd "$work" && sha256sum cpprest_*.dsc cpprest_*.tar.*) >"$target/source" # for the release's list of what is in it
touch "$target/complete"
echo "$target"

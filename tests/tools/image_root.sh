#!/usr/bin/env bash
# image_root.sh KIND FOLDER: fills FOLDER with the root of an image and writes its command to FOLDER.command, a word a
# line: what prints "started", and after SIGTERM "drained", and ends.
#
#   empty      nothing but a static worker
#   busybox    one static busybox
#   musl       musl's dynamic linker and libc, and a worker linked to it
#   old-glibc  the oldest glibc that Debian's archive offers (bullseye: 2.31) with its name service modules, and that
#              release's dynamic busybox; fetched once into ~/.cache/le-run
set -euo pipefail
kind=$1 root=$2
tests=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$root"/{dev,proc,tmp,work}
chmod 1777 "$root/tmp" "$root/work"
script='trap "echo drained; exit 0" TERM; echo started; while :; do sleep 0.1; done'
worker() { # path
    mkdir -p "$(dirname "$root$1")"
    printf '%s\n' "$1" >"$root.command"
}
shell() { # path of busybox
    mkdir -p "$root/bin"
    local tool
    for tool in sh sleep; do
        [[ -e $root/bin/$tool ]] || ln -s "$1" "$root/bin/$tool"
    done
    printf '%s\n' /bin/sh -c "$script" >"$root.command"
}

case $kind in
empty)
    worker /worker
    gcc -static -o "$root/worker" "$tests/helpers/small_worker.c"
    ;;
busybox)
    cp /bin/busybox "$root/busybox"
    shell /busybox
    ;;
musl)
    worker /worker
    musl-gcc -o "$root/worker" "$tests/helpers/small_worker.c"
    loader=$(readelf -l "$root/worker" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
    mkdir -p "$root$(dirname "$loader")"
    cp -L "$loader" "$root$loader"
    ;;
old-glibc)
    cache_root="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/le-run"
    old=$cache_root/root-bullseye
    mkdir -p "$cache_root"
    exec 9>"$old.lock"
    flock 9
    if [[ ! -d $old ]]; then
        work=$(mktemp -d "$cache_root/build.XXXXXX")
        trap 'rm -rf "$work"' EXIT
        APT_CONFIG=$("$tests/../container/private-apt.sh" "$work/apt" bullseye "$(dpkg --print-architecture)")
        export APT_CONFIG
        (cd "$work" && apt-get -qq download libc6 busybox libnss-systemd libnss-mdns >&2)
        mkdir "$work/root"
        for package in "$work"/*.deb; do
            dpkg-deb -x "$package" "$work/root"
        done
        mv "$work/root" "$old"
    fi
    cp -a "$old/." "$root"
    shell /bin/busybox
    ;;
*)
    echo "image_root.sh: unknown kind \"$kind\"" >&2
    exit 2
    ;;
esac

#!/usr/bin/env bash
# Prints a folder that holds kube-apiserver, etcd and client-go's leader-election example.
#
# Order: $KUBEBUILDER_ASSETS (the field's convention) when it has all three; else the cache folder, filled once from
# Debian's own source package of Kubernetes (about eight minutes on two cores). The cache is keyed by the version,
# lies outside the tree and survives `git clean`.
set -euo pipefail

private_apt=$(cd "$(dirname "$0")" && pwd)/../../container/private-apt.sh
say() { echo "kube-assets: $*" >&2; }
complete() { [[ -x "$1/kube-apiserver" && -x "$1/etcd" && -x "$1/leader-election" ]]; }

if [[ -n "${KUBEBUILDER_ASSETS:-}" ]] && complete "$KUBEBUILDER_ASSETS"; then
    echo "$KUBEBUILDER_ASSETS"
    exit 0
fi

cache_root="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/le-run"
mkdir -p "$cache_root"

newest_cached() { # the cache answers without the network when it is already filled
    local folder
    for folder in "$cache_root"/kubernetes-*; do
        complete "$folder" && { echo "$folder"; return 0; }
    done
    return 1
}
exec 9>"$cache_root/build.lock"
flock 9 # two runs at once: the second waits for the first one's build
if folder=$(newest_cached); then
    echo "$folder"
    exit 0
fi

say "no kube-apiserver in $cache_root: building it from Debian's source, about eight minutes on two cores"
work=$(mktemp -d "$cache_root/build.XXXXXX")
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
APT_CONFIG=$("$private_apt" "$work/apt" bookworm "$(dpkg --print-architecture)")
export APT_CONFIG
version=$(apt-cache showsrc kubernetes | awk '/^Version:/ {print $2; exit}')
target="$cache_root/kubernetes-$version"

say "fetching the source of kubernetes $version"
(cd "$work" && apt-get -qq source --download-only kubernetes >&2 && dpkg-source -x kubernetes_*.dsc tree >"$work/unpack.log" 2>&1)
cd "$work/tree"
mkdir -p .go/src/k8s.io
ln -sfn ../../.. .go/src/k8s.io/kubernetes
export GOPATH="$PWD/.go" CGO_ENABLED=0 GOCACHE="$work/gocache" GOFLAGS= LC_ALL=C

build() { # what, command...
    local what=$1 began=$SECONDS
    shift
    say "building $what"
    if ! "$@" >"$work/build.log" 2>&1; then
        tail -n 40 "$work/build.log" >&2
        say "building $what failed"
        exit 1
    fi
    say "built $what in $((SECONDS - began)) s"
}
build kube-apiserver make WHAT=cmd/kube-apiserver
build "client-go's leader-election example" env GO111MODULE=off go build -o "$work/leader-election" \
    ./.go/src/k8s.io/kubernetes/staging/src/k8s.io/client-go/examples/leader-election

mkdir -p "$target.part"
cp "$(find _output -type f -name kube-apiserver -perm -u+x | head -n 1)" "$target.part/kube-apiserver"
cp "$work/leader-election" "$target.part/leader-election"
cp "$(command -v etcd)" "$target.part/etcd"
rm -rf "$target"
mv "$target.part" "$target"
echo "$target"

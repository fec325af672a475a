#!/usr/bin/env bash
# Prints a folder that holds kube-apiserver, etcd, kubectl and client-go's leader-election example.
#
#   kube_assets.sh [leader-election-15-10-2]    with it also the example with 15, 10 and 2 s instead of 60, 15 and 5 s
#
# Order: $KUBEBUILDER_ASSETS (the field's convention) when it has all of them; else the cache folder, filled once from
# Debian's own source package of Kubernetes (about eight minutes on two cores) and its kubectl. The cache is keyed by the
# version, lies outside the tree and survives `git clean`.
set -euo pipefail

private_apt=$(cd "$(dirname "$0")" && pwd)/../../container/private-apt.sh
programs=(kube-apiserver etcd kubectl leader-election "$@")
say() { echo "kube-assets: $*" >&2; }
complete() {
    local program
    for program in "${programs[@]}"; do
        [[ -x "$1/$program" ]] || return 1
    done
}

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

say "not all of ${programs[*]} in $cache_root: building from Debian's source, at most eight minutes on two cores"
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
made="$work/made" # what is there already stays as it is: tests may be running it
mkdir "$made"
build_example() { # name
    build "client-go's leader-election example ($1)" env GO111MODULE=off go build -o "$made/$1" \
        ./.go/src/k8s.io/kubernetes/staging/src/k8s.io/client-go/examples/leader-election
}
for program in "${programs[@]}"; do
    [[ ! -x "$target/$program" && ! -x "$made/$program" ]] || continue
    case $program in
    etcd) cp "$(command -v etcd)" "$made/etcd" ;;
    kubectl) # unpacked, not installed: the machine may have another package's
        (cd "$work" && apt-get -qq download kubernetes-client >&2 && dpkg-deb -x kubernetes-client_*.deb client)
        cp "$work/client/usr/bin/kubectl" "$made/kubectl"
        ;;
    kube-apiserver)
        build kube-apiserver make WHAT=cmd/kube-apiserver
        cp "$(find _output -type f -name kube-apiserver -perm -u+x | head -n 1)" "$made/kube-apiserver"
        ;;
    leader-election) build_example "$program" ;;
    leader-election-15-10-2) # after the one as it is
        example=staging/src/k8s.io/client-go/examples/leader-election/main.go
        sed -i -E -e 's/(LeaseDuration: +)60 \*/\115 */' -e 's/(RenewDeadline: +)15 \*/\110 */' \
            -e 's/(RetryPeriod: +)5 \*/\12 */' "$example"
        [[ $(grep -cE '(LeaseDuration: +15|RenewDeadline: +10|RetryPeriod: +2) \*' "$example") -eq 3 ]]
        build_example "$program"
        ;;
    *)
        say "unknown program \"$program\": there are kube-apiserver, etcd, kubectl, leader-election, leader-election-15-10-2"
        exit 2
        ;;
    esac
done
mkdir -p "$target"
mv "$made"/* "$target"
echo "$target"

#!/usr/bin/env bash
# image_test.sh: builds container/Containerfile with an engine (buildah), from nothing but a Debian 12 that debootstrap made,
# and with README's three lines an image of a user's from that; runs both as their configuration says. It needs root, and a
# file system that buildah can copy layers on.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'engine umount --all >/dev/null 2>&1 || true; engine rm --all >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
fail() {
    echo "image_test: $*" >&2
    exit 1
}
quietly() { "$@" >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; fail "$1 $2 failed"; }; }
engine() {
    buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"
}
build() { # name, folder, options...
    quietly engine bud --isolation chroot --layers=false --pull-never --tag "$1" "${@:3}" "$2"
}
# As the image says: its user, its entrypoint, then the given words; in its own root, with what a runtime mounts.
start() { # name, words...
    local container root words
    container=$(engine from --pull-never "$1")
    root=$(engine mount "$container")
    mapfile -t words < <(engine inspect --format '{{range .OCIv1.Config.Entrypoint}}{{println .}}{{end}}' "$container" | sed '/^$/d')
    mkdir -p "$root/proc" "$root/dev" "$root/tmp"
    LE_RUN_LOCK=file:///tmp/lock unshare --mount --pid --fork --kill-child sh -c \
        'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount -t tmpfs -o mode=1777 tmpfs "$0/tmp" && exec chroot "$@"' \
        "$root" --userspec="$(engine inspect --format '{{.OCIv1.Config.User}}' "$container")" "$root" "${words[@]}" "${@:2}"
}

quietly debootstrap --variant=minbase bookworm "$work/debian" http://deb.debian.org/debian
quietly engine from --name debian scratch
quietly engine add debian "$work/debian" /
quietly engine commit debian debian-of-the-test
engine rm debian >/dev/null

mkdir "$work/context"
git archive HEAD | tar -C "$work/context" -xf -
commit=$(git rev-parse --short=12 HEAD)
build le-run "$work/context" --file "$work/context/container/Containerfile" \
    --build-arg BASE=localhost/debian-of-the-test --build-arg COMMIT="$commit"

mkdir "$work/user"
{
    echo "FROM localhost/debian-of-the-test"
    sed -n '/^#     \(COPY\|STOPSIGNAL\|ENTRYPOINT\)/s/^# *//p' container/Containerfile
} >"$work/user/Containerfile"
[[ $(wc -l <"$work/user/Containerfile") -eq 4 ]] || fail "the three lines are not where they were in container/Containerfile"
build user "$work/user"

start le-run /le-run --version >"$work/out" 2>"$work/err" || fail "the image ends with $?: $(cat "$work/err")"
grep -qx "commit $commit" "$work/out" || fail "the image's version is another: $(cat "$work/out")"
grep -q 'le-run info: released' "$work/err" || fail "nothing was led: $(cat "$work/err")"
start user sh -c 'cat /proc/1/comm; echo "token $LE_RUN_FENCING_TOKEN"; exit 3' >"$work/out" 2>"$work/err" && fail "the user's image lost its exit code"
[[ $? -eq 3 && "$(head -n 1 "$work/out")" == le-run ]] && grep -qE '^token [0-9]+$' "$work/out" ||
    fail "the user's image: $(cat "$work/out" "$work/err")"
echo "image_test: an image of $(engine images --format '{{.Size}}' le-run), built by $(buildah --version | cut -d' ' -f1-3)"

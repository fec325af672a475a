#!/usr/bin/env bash
# What le-run costs an image and a start, beside tini and dumb-init: prints README.md's table of size, start time and memory.
# About three minutes, after the builds; the packages tini and dumb-init are needed.
set -euo pipefail
cd "$(dirname "$0")/../.."

KUBEBUILDER_ASSETS=$(tests/tools/kube_assets.sh)
export KUBEBUILDER_ASSETS
if [[ ${1:-} != --measure ]]; then
    for preset in release static; do
        cmake --preset $preset >/dev/null
        cmake --build --preset $preset -- --quiet
    done
    cmake --preset bench >/dev/null
    cmake --build --preset bench --target with-apiserver -- --quiet
    exec build/bench/tests/with-apiserver "$0" --measure
fi

work=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || kill "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
strip -o "$work/dynamic" build/release/le-run
strip -o "$work/static" build/static/le-run
server=$LE_RUN_TEST_APISERVER
unset LE_RUN_TEST_APISERVER
cat >"$work/kubeconfig" <<YAML
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: k, user: u}}]
clusters: [{name: k, cluster: {server: "https://127.0.0.1:$(cat "$server/port")", certificate-authority: $server/ca.crt}}]
users: [{name: u, user: {token: admin-token-4711}}]
YAML

megabytes() { awk '{printf ($1 < 1000000 ? "%.2f MB" : "%.1f MB"), $1 / 1000000}'; }
of_disk() { # program: its size, and that of the libraries it loads
    local own libraries
    own=$(stat -L -c %s "$1")
    libraries=$(ldd "$1" 2>/dev/null | grep -oE '/[^ ]+' | sort -u | xargs -r stat -L -c %s | awk '{s += $1} END {print s + 0}')
    megabytes <<<"$own"
    [[ $libraries -eq 0 ]] || echo " + $(megabytes <<<"$libraries") of libraries"
}
# From exec to exit of a program whose command ends at once: the median of so many runs, in milliseconds.
start_time() { # command...
    local i began
    for i in $(seq 101); do
        began=${EPOCHREALTIME/./}
        "$@" /bin/true >/dev/null 2>&1
        echo $((${EPOCHREALTIME/./} - began))
    done | sort -n | sed -n 51p | awk '{printf "%.1f ms", $1 / 1000}'
}
tree_of() { # pid: it and its children that run the same program
    local child
    echo "$1"
    for child in $(cat "/proc/$1/task/$1/children"); do
        [[ $(readlink "/proc/$1/exe") != $(readlink "/proc/$child/exe") ]] || tree_of "$child"
    done
}
# The server's helper loads the same libraries, and what is shared counts for a part only: with copies of its own a
# program is measured as if it were alone.
mkdir "$work/libraries"
ldd "$work/dynamic" | grep -oE '=> /[^ ]+' | cut -c4- | xargs cp -t "$work/libraries"
memory() { # command...: PSS of it and its guard, 10 s after its command began
    local one
    LD_LIBRARY_PATH=$work/libraries "$@" "$(command -v sleep)" 60 >"$work/log" 2>&1 &
    pid=$!
    until pgrep --parent "$pid" >/dev/null; do sleep 0.1; done
    sleep 10
    for one in $(tree_of "$pid"); do
        sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$one/smaps_rollup"
    done | awk '{s += $1} END {printf "%.1f MB", s * 1024 / 1000000}'
    kill "$pid"
    wait "$pid" 2>/dev/null || true
    pid=
}
row() { echo "| $1 | $2 | $3 | $4 |"; }

echo "| program | size | start and end of \`true\` | memory (PSS), leading over HTTPS |"
echo "|---|---|---|---|"
for kind in static dynamic; do
    program=$work/$kind
    row "le-run, $kind" "$(of_disk "$program")" \
        "$(start_time "$program" --lock "file://$work/$kind.lease" --log-level error --)" \
        "$(memory "$program" --lock "k8s://default/$kind" --kubeconfig "$work/kubeconfig" --log-level error --)"
done
for program in tini dumb-init; do
    row "$program" "$(of_disk "$(command -v $program)")" "$(start_time $program --)" "$(memory $program --) (no lease)"
done
row "k8s-await-election (static, Go), as published" "26 MB" "" "13.0 MB"

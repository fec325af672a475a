#!/usr/bin/env bash
# Builds le-run and shows what it is for: three replicas of a worker on one file lock, one of which works.
# On Debian 12, as root, in a fresh clone; without root if the packages of container/build-packages.txt are there.
set -euo pipefail
cd "$(dirname "$0")/.."

container/install-packages.sh container/build-packages.txt
if [[ ! -x build/release/le-run ]]; then
    echo "building, a few minutes"
fi
cmake --preset release >/dev/null
cmake --build --preset release --target le-run >/dev/null

# --- the show ---
folder=$(mktemp -d)
declare -A pid=()
declare -A log=()
end_all() {
    for replica in "${!pid[@]}"; do
        kill -KILL "${pid[$replica]}" 2>/dev/null || true
    done
    rm -rf "$folder"
}
trap end_all EXIT

start() {
    local replica=$1
    log[$replica]="$folder/$replica.log"
    build/release/le-run --id "replica-$replica" --lock "file://$folder/quickstart.lease" \
        --lease-duration 6s --renew-deadline 2500ms --retry-period 500ms \
        -- examples/worker.sh >"${log[$replica]}" 2>&1 &
    pid[$replica]=$!
}
# Waits until each of the given lines is in a replica's log (from its last look on).
await() {
    local replica=$1 pattern=$2
    for _ in $(seq 600); do
        grep -q -- "$pattern" "${log[$replica]}" && return 0
        sleep 0.05
    done
    echo "replica $replica never said '$pattern':" >&2
    cat "${log[$replica]}" >&2
    exit 1
}
# Sets `leader` to the replica, of those named, whose worker has started.
await_leader() {
    for _ in $(seq 600); do
        for leader in "$@"; do
            grep -q "worker of replica-$leader: started" "${log[$leader]}" && return 0
        done
        sleep 0.05
    done
    echo "nobody leads" >&2
    exit 1
}
workers() { cat "$folder"/*.log | grep -c 'worker of .*: started' || true; }
token() { sed -n 's/.*fencing token \([0-9]*\)$/\1/p' "${log[$1]}" | tail -n 1; }

echo "Starting three replicas of examples/worker.sh on one file lock."
start a
await a "worker of replica-a: started"
start b
start c
await b "new leader: replica-a"
await c "new leader: replica-a"
echo "replica a leads with fencing token $(token a); b and c wait. Workers started: $(workers)."

echo "Stopping replica a (SIGTERM)."
kill -TERM "${pid[a]}"
wait "${pid[a]}"
grep -E 'stop begins|worker of .* end|tree gone|released' "${log[a]}" | sed "s/^[^ ]*Z le-run/  le-run/; s/^worker/  worker/; s|file://.*|the lock|"
unset "pid[a]"
await_leader b c
second=$leader
echo "replica $second leads with fencing token $(token "$second"). Workers started: $(workers)."

worker=$(sed -n 's/.*started the child, pid \([0-9]*\)$/\1/p' "${log[$second]}")
echo "Killing replica $second's le-run (SIGKILL)."
kill -KILL "${pid[$second]}"
wait "${pid[$second]}" 2>/dev/null || true
unset "pid[$second]"
third=$([[ $second == b ]] && echo c || echo b)
await_leader "$third"
if kill -0 "$worker" 2>/dev/null; then
    echo "replica $second's worker is still alive" >&2
    exit 1
fi
echo "Its worker died with it, its lease ran out, and replica $third leads with fencing token $(token "$third"). Workers started: $(workers)."

kill -TERM "${pid[$third]}"
wait "${pid[$third]}"
unset "pid[$third]"
echo "Stopped the last replica: the lease is free."

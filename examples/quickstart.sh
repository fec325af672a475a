#!/usr/bin/env bash
# Builds le-run and shows what it is for: three replicas of a worker on one file lock, one of which works.
# On Debian 12, as root, in a fresh clone; without root if the packages of container/build-packages.txt are there.
set -euo pipefail
cd "$(dirname "$0")/.."

source examples/replicas.sh

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
# Shows what a replica's log says of this.
tell() {
    local replica=$1 pattern=$2
    grep -E "$pattern" "${log[$replica]}" | sed "s/^[^ ]*Z le-run/  le-run/; s/^worker/  worker/; s|file://[^ ]*|the lock|"
}
workers() { cat "$folder"/*.log | grep -c 'worker of .*: started' || true; }

echo "Starting three replicas of examples/worker.sh on one file lock."
start a examples/worker.sh
await a "worker of replica-a: started"
start b examples/worker.sh
start c examples/worker.sh
await b "new leader: replica-a"
await c "new leader: replica-a"
echo "replica a leads with fencing token $(token a); b and c wait. Workers started: $(workers)."

echo "Stopping replica a (SIGTERM)."
kill -TERM "${pid[a]}"
wait "${pid[a]}"
tell a 'stopping the child|worker of .* end|tree gone|released'
unset "pid[a]"
await_leader b c
second=$leader
echo "replica $second leads with fencing token $(token "$second"). Workers started: $(workers)."

worker=$(child "$second")
echo "Killing replica $second's le-run (SIGKILL)."
kill -KILL "${pid[$second]}"
wait "${pid[$second]}" 2>/dev/null || true
unset "pid[$second]"
third=$([[ $second == b ]] && echo c || echo b)
await_leader "$third"
await "$second" "released"
tell "$second" 'worker of .* end|in its place|released'
if kill -0 "$worker" 2>/dev/null; then
    echo "replica $second's worker is still alive" >&2
    exit 1
fi
echo "Its guard ended its worker and released its lease, and replica $third leads with fencing token $(token "$third"). Workers started: $(workers)."

kill -TERM "${pid[$third]}"
wait "${pid[$third]}"
unset "pid[$third]"
echo "Stopped the last replica: the lease is free."

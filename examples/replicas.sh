# Sourced by the shows: builds le-run, starts replicas of it on one file lock, and waits for what they log.
# LE_RUN: a le-run that is built already.

container/install-packages.sh container/build-packages.txt
if [[ -z "${LE_RUN:-}" ]]; then
    LE_RUN=build/release/le-run
    if [[ ! -x $LE_RUN ]]; then
        echo "building, a few minutes"
    fi
    cmake --preset release >/dev/null
    cmake --build --preset release --target le-run >/dev/null
fi

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

stdin=/dev/null # what the next replica's worker reads
start() {       # replica, command...
    local replica=$1
    shift
    log[$replica]="$folder/$replica.log"
    : >"${log[$replica]}"
    "$LE_RUN" --id "replica-$replica" --lock "file://$folder/show.lease" \
        --lease-duration 6s --renew-deadline 2500ms --retry-period 500ms \
        -- "$@" <"$stdin" >"${log[$replica]}" 2>&1 &
    pid[$replica]=$!
}
# Waits until a replica's log has a line of that pattern.
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
token() { sed -n 's/.*fencing token \([0-9]*\)$/\1/p' "${log[$1]}" | tail -n 1; }
# The newest child of that replica, by pid.
child() { sed -n 's/.*started the child, pid \([0-9]*\)$/\1/p' "${log[$1]}" | tail -n 1; }

#!/usr/bin/env bash
# Simulates schedules of the real election and child machine: optimised, on every core, seeds from 1 on.
#
#   tests/sim/run.sh [SCHEDULES]   how many; 120,000 unless given: half of them in mixed weather, the rest shared by the others
#
# Prints counts and the rate; at a violation the seed, and the trace of its schedule, and ends with 1. The weathers are
# described in world.h.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/sim/build.sh

schedules=${1:-120000}
others=(bound hands peer frozen late twins habits ill)
in_a_job=1000

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ulimit -c 0
build_sim "$work"

jobs_of() { # weather, schedules
    local first
    for ((first = 1; first <= $2; first += in_a_job)); do
        echo "$1 $first..$((first + in_a_job - 1 < $2 ? first + in_a_job - 1 : $2))"
    done
}
jobs() {
    jobs_of mixed $((schedules / 2))
    for weather in "${others[@]}"; do
        jobs_of "$weather" $((schedules / 2 / ${#others[@]}))
    done
}

began=$(date +%s%N)
status=0
# Status 255 stops xargs.
jobs | xargs -P "$(nproc)" -L 1 bash -c '"$0" --weather "$1" --seeds "$2" | sed "s/^/$1: /"; [[ ${PIPESTATUS[0]} -eq 0 ]] || exit 255' \
    "$work/sim" >"$work/log" 2>"$work/err" || status=$?
took=$((($(date +%s%N) - began) / 1000000))

if [[ $status -ne 0 ]]; then
    grep -v "no violation" "$work/log" || true
    read -r weather seed < <(sed -nE 's/^([a-z]+): seed ([0-9]+):.*/\1 \2/p' "$work/log" | head -n 1) || true
    if [[ -n "${seed:-}" ]]; then
        echo "the trace of seed $seed in $weather weather:"
        "$work/sim" --weather "$weather" --seeds "$seed..$seed" --trace || true
    else
        cat "$work/err"
    fi
    echo "simulation: FAILED"
    exit 1
fi
# "mixed: 1000 schedules, 4995 leaderships, ..., no violation; 1675 schedules a CPU second"
awk -v ms="$took" '{
    sub(/:/, "", $1); of[$1] += $2; all += $2; leads += $4; lost += $6; killed += $8; faults += $11; waits += $13; cpu += $2 / $(NF - 4)
} END {
    for (weather in of) parts = parts " " weather " " of[weather]
    printf "simulation: %d schedules (%s ), %d leaderships, %d lost, %d trees killed, %d faults, %d waits checked, no violation\n",
        all, parts, leads, lost, killed, faults, waits
    printf "simulation: %.1f s, %.0f schedules a second, %.0f a CPU second\n", ms / 1000, all * 1000 / ms, all / cpu
}' "$work/log"

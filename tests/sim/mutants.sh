#!/usr/bin/env bash
# Breaks one rule at a time, from outside, and demands that the simulation notices: a mutant that survives fails the run.
#
#   tests/sim/mutants.sh [NAME...]   those of tests/sim/mutants/NAME.mutant; all unless named
#
# A mutant is one edit, or a few that belong together, of files in src/ that know nothing of it:
#   what: the rule that it breaks
#   weather: where that rule matters (world.h)
#   file: a source, and then
#   edit: what changes it (perl, over the whole file)
#
# What is not here, and why:
# - A Gone of another run that le-run accepts: the simulated guard never says one late; tests/leader has it. An Until of another run
#   that the child machine accepts changes nothing: the channel keeps the order, so such a message comes between two runs,
#   when no run is there to extend. What tests/guard and tests/process say of runs has both.
# - A spawn that does not look at the clock before its exec: that is in src/guard/spawn.cc, not simulated. Within lambda and
#   kappa the guard kills such a child in time; tests/process has a spawn that takes 3 s.
# - A standby that notices an expiry only when it polls: two polls, of at most 1.2 retry periods each, mostly stay within the
#   two that are allowed.
# - A write sent in doubt without a read before it: compare-and-write refuses it, and what is refused counts for nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/sim/build.sh
ulimit -c 0
most_seeds=20000

caught_or_not() { # mutant file, folder with the whole simulation, its objects
    local mutant=$1 whole=$2 what weather work file edit object key value status=0
    work=$(mktemp -d "$whole/mutant.XXXXXX")
    file=
    while IFS= read -r line; do
        key=${line%%: *} value=${line#*: }
        case $key in
        what) what=$value ;;
        weather) weather=$value ;;
        file)
            file=$value
            mkdir -p "$work/$(dirname "$file")"
            cp "$file" "$work/$file"
            ;;
        edit)
            edit=$value
            perl -0pi -e "$edit" "$work/$file"
            if cmp -s "$file" "$work/$file"; then
                echo "mutants: \"$what\" changes nothing in $file: its edit is out of date" >&2
                return 1
            fi
            ;;
        *)
            echo "mutants: $mutant: what is \"$line\"?" >&2
            return 1
            ;;
        esac
    done <"$mutant"
    cp "$whole"/*.o "$work"
    for file in $(cd "$work" && find src -name '*.cc' 2>/dev/null); do
        object=$work/$(sim_object "$file")
        sim_compiler -c "$work/$file" -o "$object" || return 1
    done
    sim_compiler "$work"/*.o -o "$work/sim"
    # Caught: a violation, or a check in src/ that stopped the program; neither success nor a run out of time.
    { timeout 120 "$work/sim" --weather "$weather" --seeds "1..$most_seeds"; } >"$work/log" 2>&1 || status=$?
    if [[ $status -eq 1 || $status -eq 134 ]]; then
        echo "caught: $what: $weather $(grep -aE '^seed' "$work/log" | tail -n 1 | cut -c1-110)$(sed -nE 's/^le-run: (bug: .*) at .*/ (\1)/p' "$work/log")"
        rm -rf "$work"
    else
        echo "mutants: SURVIVED $most_seeds schedules: $what ($weather, status $status)" >&2
        return 1
    fi
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
build_sim "$folder"
if [[ $# -gt 0 ]]; then
    mutants=("${@/#/tests/sim/mutants/}")
    mutants=("${mutants[@]/%/.mutant}")
else
    mutants=(tests/sim/mutants/*.mutant)
fi
export most_seeds
export -f caught_or_not
# Each works in a folder of its own: as many at a time as there are cores.
if ! printf '%s\n' "${mutants[@]}" |
    xargs -P "$(nproc)" -I{} bash -c 'set -uo pipefail; caught_or_not "$1" "$2"' _ {} "$folder"; then
    echo "mutants: not all of ${#mutants[@]} were caught" >&2
    exit 1
fi
echo "mutants: all ${#mutants[@]} caught"

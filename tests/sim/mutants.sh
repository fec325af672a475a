#!/usr/bin/env bash
# Breaks one rule at a time, from outside, and demands that the simulation notices: a mutant that survives fails the run.
#
# Each mutant is one source file with one edit, compiled beside the unchanged rest; nothing in src/ knows of it.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ulimit -c 0
compile() { "${CXX:-g++}" -std=c++20 -O2 -Isrc -Itests -c "$1" -o "$2"; }

sources=(tests/sim/world.cc tests/sim/candidate.cc tests/sim/main.cc src/election/*.cc src/guard/child_machine.cc
    src/duration_text.cc)
printf '%s\n' "${sources[@]}" |
    xargs -P "$(nproc)" -I{} bash -c '"${CXX:-g++}" -std=c++20 -O2 -Isrc -Itests -c "$1" -o "$2/$(basename "$1").o"' _ {} "$work"
"${CXX:-g++}" "$work"/*.o -o "$work/sim"

survivors=0
mutant() { # what it breaks, weather, file, edit (perl, over the whole file)
    local what=$1 weather=$2 file=$3 edit=$4 mutated object log="$work/log"
    mutated="$work/mutant.cc"
    perl -0pe "$edit" "$file" >"$mutated"
    if cmp -s "$file" "$mutated"; then
        echo "mutants: \"$what\" changes nothing in $file: its edit is out of date" >&2
        exit 1
    fi
    object="$work/$(basename "$file").o"
    cp "$object" "$work/whole.o"
    compile "$mutated" "$object"
    "${CXX:-g++}" "$work"/{world,candidate,main}.cc.o $(ls "$work"/*.cc.o | grep -vE '/(world|candidate|main)\.cc\.o$') -o "$work/mutant"
    cp "$work/whole.o" "$object"
    # Caught: a violation (1), or a check in src/ that stopped the program; neither success nor a run out of time.
    local status=0
    { timeout 120 "$work/mutant" --seeds 1..20000 $weather; } >"$log" 2>&1 || status=$?
    if [[ $status -eq 1 || $status -eq 134 ]]; then
        echo "caught: $what ($(grep -aE '^seed|bug:' "$log" | tail -n 1 | cut -c1-100))"
    else
        echo "mutants: SURVIVED: $what (status $status)" >&2
        survivors=$((survivors + 1))
    fi
}

bound=--at-the-bound
mixed=
mutant "the deadline is anchored at the answer" "$mixed" src/election/election_answers.cc \
    's/(case State::kLeading:\s*case State::kStopping:\s*)(claim_\.landed\(written\.lease\);)/$1claim_.sending(now_, written.lease.record); $2/'
mutant "no drift term" "$bound" src/election/timing.cc \
    's/ - timing\.lease_duration \* kTwoRho \/ kOnePlusRho//'
mutant "one of lambda and kappa is missing" "$bound" src/election/timing.cc 's/ - 2 \* margin;/ - margin;/'
mutant "an unknown outcome counts as success" "$mixed" src/election/election_answers.cc \
    's/(case State::kStopping:\s*)(next_request_ = is_unknown)/$1if (is_unknown) { claim_.landed(claim_.lease()); renewed(); break; } $2/'
mutant "release before Gone" "$mixed" src/election/election.cc \
    's/(actions_\.push_back\(StopWork\{cause, drain_until_\}\);)/$1 if (claim_.is_held()) { enter_releasing(); }/'
mutant "the identity alone makes a record mine" "$mixed" src/election/claim.cc \
    's/return \(held_ && wrote\(held_->sent\)\).*?;/return true;/s'
mutant "an observer waits 0.2 % too little" "$bound" src/election/observation.cc \
    's/now \+ duration_of\(lease\.record, own_duration_\)/now + duration_of(lease.record, own_duration_) * 998 \/ 1000/'
mutant "a takeover when either clock says so" "$mixed" src/election/election.cc \
    's/has_passed_for_observer\(now_, \*observation_\.free_at\(\)\)/has_passed_for_holder(now_, *observation_.free_at())/'
mutant "a guard that obeys the slower clock" "$mixed" src/guard/child_machine.cc \
    's/has_passed_for_holder/has_passed_for_observer/g'
mutant "a stop that was asked for forgets the lease" "$mixed" src/guard/child_machine.cc \
    's/const TimePoint stop = earlier\(kill_at_, stop_kill_at_\);/const TimePoint stop = state_ == State::kStopping ? stop_kill_at_ : kill_at_;/'
mutant "Gone is told when the child ends" "$mixed" src/guard/child_machine.cc \
    's/(add\(Tell\{Ended\{gone_\.run, fact\.wait_status\}\}\);)/$1 add(Tell{gone_}); state_ = State::kIdle; return;/'
mutant "the duration that a stranger wrote is renewed" "$mixed" src/election/election.cc \
    's/record\.lease_duration_seconds = own_duration_seconds\(\);(\s*record\.renew_time = claim_\.next_renew_time)/$1/'
mutant "a killed tree is told before it is gone" "$mixed" src/guard/child_machine.cc \
    's/void ChildMachine::enter_killing\(\) \{ state_ = State::kKilling; \}/void ChildMachine::enter_killing() { state_ = State::kKilling; add(Tell{gone_}); }/'

[[ $survivors -eq 0 ]] || exit 1
echo "mutants: all caught"

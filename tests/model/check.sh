#!/usr/bin/env bash
# Checks the model le_run.pml with spin: the promise holds in every configuration, each broken rule is noticed, and the
# model's words are those of src/. Two searches at a time, 2 GB each; prints states, depth, memory and time of each.
#
#   tests/model/check.sh             all of them
#   tests/model/check.sh PATTERN     those whose line below matches, e.g. BREAK_NO_LAMBDA
set -euo pipefail
cd "$(dirname "$0")"
model=$PWD/le_run.pml
src=$PWD/../../src

# --- the shared words ---
failures=0
fail() {
    echo "model: $*" >&2
    failures=$((failures + 1))
}
states_in() { # the names in `enum class State { ... }` that follow `class NAME`
    perl -0ne "print join(qq{\n}, \$1 =~ /\\bk\\w+/g) if /class $2 .*?enum class State \\{(.*?)\\}/s" "$1" | sort
}
states_of_model() { # of the mtype whose last state is $1
    grep -E "^mtype = .*$1 \}" "$model" | grep -oE '\bk[A-Z][A-Za-z]*' | sort
}
same_states() { # header, class, last state in the model
    # A hold (--hold) begins when the work is gone, and the model is about work: it has no such state.
    diff <(states_in "$src/$1" "$2" | grep -vx kHolding) <(states_of_model "$3") ||
        fail "the states of $1 (<) are not those of the model (>)"
}
same_states election/election.h Election kDone
same_states guard/child_machine.h ChildMachine kKilling
while read -r header words; do
    for word in $words; do
        grep -qwE "struct $word" "$src/$header" || fail "$header has no $word"
        grep -qE "\b(on_)?$word\b" "$model" || fail "the model has no $word"
    done
done <<'WORDS'
election/actions.h ReadLease WriteLease StartWork ExtendWork StopWork
election/facts.h ReadAnswered WriteAnswered StepDownAsked WorkGone
guard/channel.h Start Until Stop Gone Settled
guard/child_facts.h Executed ExecFailed TooLate ChildEnded TreeGone LeRunDied Release
WORDS
[[ $failures -eq 0 ]] || exit 1
echo "model: the words are those of src/"

# --- the searches ---
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export work model

# What a broken rule has to break: a sentence of the promise by its name in the model, or a claim.
export sentences='^(protected_work|released_only|taken_over_only|nothing_but|a_requested_stop|an_instant|acceptance cycle)'
# Expectation: holds; broken. Search: safety; fair (a claim under weak fairness).
search() { # "what|expectation|search|switches"
    local what expectation kind switches folder log began=$EPOCHREALTIME
    IFS='|' read -r what expectation kind switches <<<"$1"
    folder=$(mktemp -d "$work/XXXXXX")
    log=$folder/log
    cd "$folder"
    local compile=(-O2 -w -DMEMLIM=2000) run=(-m600000)
    case $kind in
    safety) compile+=(-DSAFETY) ;;
    fair) compile+=(-DNFAIR=4) run+=(-a -f) ;;
    esac
    [[ $expectation != broken ]] || compile[0]=-O1
    # shellcheck disable=SC2086
    if ! { spin -a $switches "$model" && gcc "${compile[@]}" -o pan pan.c; } >"$log" 2>&1; then
        cat "$log" >&2
        echo "model: does not compile: $what" >&2
        exit 1
    fi
    local status=0
    timeout 600 ./pan "${run[@]}" >"$log" 2>&1 || status=$?

    local found result=wrong
    found=$(sed -nE 's/^pan:[0-9]+: (assertion violated )?(.*) \(at depth.*/\2/p' "$log" | head -n 1)
    if [[ $status -ne 0 ]] || grep -qE 'max search depth too small|reached -DMEMLIM|out of memory' "$log"; then
        found="incomplete search (status $status)"
    elif [[ $expectation == broken ]]; then
        grep -qE "$sentences" <<<"$found" && result=caught
    elif grep -q 'errors: 0$' "$log"; then
        result=holds
    fi
    awk -v what="$what" -v result="$result" -v found="$found" -v began="$began" -v ended="$EPOCHREALTIME" '
        /states, stored/ { states = $1 }
        /depth reached/ { sub(/.*depth reached /, ""); depth = $1 + 0 }
        /total actual memory/ { memory = $1 }
        END { printf "%-7s %9d states  depth %6d  %5d MB  %5.1f s  %s%s\n", result, states, depth, memory,
                     ended - began, what, found == "" ? "" : ": " found }' "$log"
    rm -rf "$folder"
    [[ $result != wrong ]] && return
    echo "model: to see it: spin -a $switches $model && gcc ${compile[*]} -o pan pan.c && ./pan ${run[*]};" \
        "spin -t -p -g $switches $model (with gcc -DBFS and ./pan alone the shortest way, where no claim is checked)" >&2
    return 1
}
export -f search

{
    cat <<CASES
two whole candidates, one of them in trouble|holds|safety|-DCANDIDATES=2 -DD=5 -DONE_IN_TROUBLE
three whole candidates, one tick of trouble between renewals|holds|safety|-DCANDIDATES=3 -DHEALTHY
one candidate among any rivals, three faults|holds|safety|-DFAULTS=3
the same, a longer lease|holds|safety|-DFAULTS=2 -DD=8 -DRETRY=2
the same, all with one identity|holds|safety|-DFAULTS=2 -DSAME_ID
the same, clocks that gain and lose a tick|holds|safety|-DFAULTS=1 -DD=8 -DDRIFT
the same, trees that SIGKILL does not end|holds|safety|-DFAULTS=2 -DUNKILLABLE
two whole candidates, one tick of trouble between renewals|holds|safety|-DCANDIDATES=2 -DHEALTHY
two whole candidates, a fault and a healthy store: somebody leads|holds|fair|-DCANDIDATES=2 -DFAULTS=1 -DHEALTHY -DSOMEBODY_LEADS
whatever happens, what must happen in time can|holds|fair|-DD=5 -DFAULTS=1 -DTIME_GOES_ON
CASES
    while read -r kind switches; do
        echo "$(grep -oE '(BREAK|WITHOUT)_[A-Z_]+' <<<"$switches")|broken|$kind|$switches"
    done <<'MUTANTS'
safety -DBREAK_NO_LAMBDA
safety -DBREAK_NO_KAPPA
safety -DD=8 -DDRIFT -DBREAK_NO_DRIFT
safety -DBREAK_DEADLINE_AT_ANSWER
safety -DBREAK_UNKNOWN_IS_SUCCESS
safety -DBREAK_READ_BACK_COUNTS_FROM_THE_READ
safety -DBREAK_NEWS_BEFORE_DEADLINE
safety -DBREAK_START_WITHOUT_A_LOOK_AT_THE_CLOCK
safety -DBREAK_RELEASE_BEFORE_GONE
safety -DBREAK_GONE_WHEN_THE_CHILD_ENDS
safety -DBREAK_KILLED_COUNTS_AS_GONE
safety -DFAULTS=1 -DBREAK_GUARD_ENDS_WITH_LE_RUN
safety -DFAULTS=1 -DBREAK_RELEASER_BEFORE_GONE
safety -DBREAK_RELEASE_OVER_FOREIGN_RECORD
safety -DBREAK_LATE_ANSWER_COUNTS
safety -DBREAK_WRITE_WITHOUT_COMPARE
safety -DBREAK_WAIT_FOR_THE_HOLDER_NOT_THE_VERSION
safety -DSAME_ID -DBREAK_IDENTITY_ALONE_IS_MINE
safety -DCANDIDATES=2 -DHEALTHY -DBREAK_RENEW_WITHOUT_EXTENDWORK
safety -DCANDIDATES=2 -DHEALTHY -DBREAK_UNKNOWN_IS_LOSS
safety -DCANDIDATES=2 -DHEALTHY -DBREAK_NO_ROOM_FOR_TRIES
safety -DCANDIDATES=2 -DHEALTHY -DBREAK_NO_RENEWAL_WHILE_STOPPING
fair -DCANDIDATES=2 -DFAULTS=1 -DHEALTHY -DSOMEBODY_LEADS -DBREAK_WAIT_FOR_A_RELEASE
fair -DD=5 -DTIME_GOES_ON -DBREAK_ASK_AND_NEVER_KILL
safety -DFAULTS=2 -DWITHOUT_ONE_OF_THE_TWO
safety -DFAULTS=1 -DWITHOUT_HANDS_OFF_THE_LEASE
MUTANTS
} | grep -E -e "${1:-.}" >"$work/cases" || { echo "model: no search matches $1" >&2; exit 2; }
# shellcheck disable=SC2016
tr '\n' '\0' <"$work/cases" | xargs -0 -P 2 -I{} bash -c 'search "$1"' _ {} || fail "see what is wrong above"
[[ $failures -eq 0 ]] || exit 1
printf 'model: %d searches in %d s: the promise holds, and each broken rule is noticed\n' \
    "$(wc -l <"$work/cases")" "$SECONDS"

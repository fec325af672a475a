#!/usr/bin/env bash
# docs_test.sh LE-RUN SHARE...: man page and completions below the folder SHARE name exactly the options that
# `LE-RUN --help` names, and bash, zsh and fish complete with them. What comes behind SHARE runs LE-RUN (an emulator).
set -euo pipefail
le_run=$1 share=$2
shift 2
fail() {
    echo "docs_test: $*" >&2
    exit 1
}
sorted() { grep -oE -e '--[a-z][a-z-]*' | sort -u; }
same() { # what, its options
    diff <(echo "$options") <(echo "$2") >&2 || fail "$1 (>) does not name what --help (<) names"
}

options=$("$@" "$le_run" --help | sed -n 's/^ *\(-h, *\)\?\(--[a-z-]*\).*/\2/p' | sort -u)
[[ $(wc -l <<<"$options") -ge 15 ]] || fail "--help names too few options: $options"

# The terms of the man page's OPTIONS, and no other option anywhere else in it.
page=$(zcat "$share/man/man1/le-run.1.gz")
plain() { sed 's/\\f[BRI]//g; s/\\-/-/g' <<<"$page"; }
same "the man page" "$(awk '/^\.SH/ {here = $2 == "OPTIONS"} here && term {print} {term = $0 == ".TP"}' <(plain) | sorted)"
for option in $(plain | sorted); do
    grep -qx -e "$option" <<<"$options" || fail "the man page names $option, which does not exist"
done
[[ -z "$(LC_ALL=C.UTF-8 groff -man -Tutf8 -ww -z <(echo "$page") 2>&1)" ]] || fail "groff complains of the man page"

for task in $("$@" "$le_run" --help | sed -n 's/^ *le-run \([a-z]*\) \[options\] .*/\1/p'); do
    grep -q "^le-run $task \[options\]" <(plain) || fail "the man page's synopsis lacks $task"
    tasks+=("$task")
done
[[ "${tasks[*]}" == "check rbac status wait" ]] || fail "--help names other first words: ${tasks[*]}"

completed_by_bash() { # words so far...
    bash -c 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _le_run; printf "%s\n" "${COMPREPLY[@]}"' \
        "$share/bash-completion/completions/le-run" le-run "$@"
}
same "bash's completion" "$(completed_by_bash -- | sorted)"
[[ "$(completed_by_bash --on-lost s)" == standby ]] || fail "bash does not complete --on-lost s"
[[ "$(completed_by_bash ch)" == check ]] || fail "bash does not complete ch"
[[ "$(completed_by_bash rbac --on-lost s)" == standby ]] || fail "bash does not complete rbac --on-lost s"
completed_by_bash --lock x -- /bin/tru | grep -qx /bin/true || fail "bash does not complete the command"

completed_by_fish() { # the line so far
    HOME=/nonexistent fish --no-config -c "source '$share/fish/vendor_completions.d/le-run.fish'; complete -C '$1'" | cut -f1
}
same "fish's completion" "$(completed_by_fish 'le-run --' | sorted)"
[[ "$(completed_by_fish 'le-run --on-lost s')" == standby ]] || fail "fish does not complete --on-lost s"
[[ "$(completed_by_fish 'le-run ch')" == check ]] || fail "fish does not complete ch"
[[ "$(completed_by_fish 'le-run rbac --on-lost s')" == standby ]] || fail "fish does not complete rbac --on-lost s"
completed_by_fish 'le-run --lock x -- tru' | grep -qx true || fail "fish does not complete the command"

# zsh completes only in a terminal: one of its own, asked with a tab for all that fits.
completed_by_zsh() { # the line so far
    zsh -f "$(dirname "$0")/complete.zsh" "$share/zsh/vendor-completions" "$1"
}
same "zsh's completion" "$(completed_by_zsh 'le-run --' | sorted)"
completed_by_zsh 'le-run --on-lost ' | grep -qw standby || fail "zsh does not complete --on-lost"
completed_by_zsh 'le-run ' | grep -qw check || fail "zsh does not complete a first word"
completed_by_zsh 'le-run rbac --on-lost ' | grep -qw standby || fail "zsh does not complete rbac --on-lost"
completed_by_zsh 'le-run --lock x -- /bin/tru' | grep -qx true || fail "zsh does not complete the command"
echo "docs_test: $(wc -l <<<"$options") options in the man page and three shells"

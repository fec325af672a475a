#!/usr/bin/env bash
# make.sh PAGE CHANGELOG FOLDER LE-RUN...: writes the man page, the completions of bash, zsh and fish, and Debian's
# change log to FOLDER. The man page is PAGE (le-run.1.md), the completions come from `LE-RUN... --help` (there may be an
# emulator before it). The change log bears the date of SOURCE_DATE_EPOCH, or today's.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
page=$1 changes=$2 out=$3
shift 3
mkdir -p "$out"

help=$("$@" --help)
version=$("$@" --version | sed -n 's/^le-run //p')

# --- the words that may come first: what each does ---
tasks=()
declare -A task_text
while IFS= read -r line; do
    [[ $line =~ ^\ +le-run\ ([a-z]+)\ \[options\]\ +(.*)$ ]] || continue
    tasks+=("${BASH_REMATCH[1]}")
    task_text[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
done <<<"$help"

# --- man page ---
{
    printf '.TH LE\\-RUN 1 "" "le\\-run %s" "User Commands"\n' "$version"
    awk -f "$here/man.awk" "$page"
} | gzip -9n >"$out/le-run.1.gz"

# --- Debian's change log, of .github/CHANGELOG.md ---
date=$(date --utc --date="@${SOURCE_DATE_EPOCH:-$(date +%s)}" -R)
awk -v date="$date" '
    function sign() { if (open) print "\n -- le-run maintainers <maintainers@users.noreply.github.com>  " date "\n" }
    # "## VERSION", or "## VERSION, DATE" for what has been released.
    /^## / {
        sign(); open = 1; sub(/,$/, "", $2); print "le-run (" $2 ") stable; urgency=medium\n"
        if ($3 != "") ("date --utc -R --date=" $3) | getline date
    }
    /^- / {
        gsub(/[`*]/, "", $0)
        count = split(substr($0, 3), words, " ")
        line = "  *"
        for (i = 1; i <= count; i++) {
            if (length(line) + 1 + length(words[i]) > 79) { print line; line = "   " }
            line = line " " words[i]
        }
        print line
    }
    END { sign(); exit !open }' "$changes" | gzip -9n >"$out/changelog.gz"

# --- the options that --help names: name, kind of value (none: a switch), and what it does ---
names=()
declare -A kind text
while IFS= read -r line; do
    if [[ $line =~ ^\ +(-h,\ ?)?--([a-z-]+)(\ ([^ ]+))?(\ +(.*))?$ ]]; then
        name=${BASH_REMATCH[2]}
        names+=("$name")
        kind[$name]=${BASH_REMATCH[4]}
        text[$name]=${BASH_REMATCH[6]}
    elif [[ $line =~ ^\ {10,}(.*)$ && -n ${name:-} ]]; then
        text[$name]+="${text[$name]:+ }${BASH_REMATCH[1]}"
    fi
done <<<"$help"
[[ "$(printf -- '--%s\n' "${names[@]}" | sort)" == "$(grep -oE '^ +(-h, *)?--[a-z-]+' <<<"$help" | grep -oE -e '--.*' | sort)" ]] || {
    echo "man/make.sh: --help has a form that is not understood" >&2
    exit 1
}
flags=$(printf -- '--%s ' "${names[@]}")
choices() { # of an option: the words to choose from, if they are known
    case ${kind[$1]} in
    *'|'*) echo "${kind[$1]//|/ }" ;;
    SIGNAL) echo "SIGTERM SIGINT SIGQUIT SIGHUP SIGUSR1 SIGUSR2 SIGWINCH" ;;
    esac
}

# --- bash ---
{
    cat <<'BASH'
# bash completion for le-run
_le_run() {
    local word=${COMP_WORDS[COMP_CWORD]} i
    for ((i = 1; i < COMP_CWORD; i++)); do # behind -- it is the command's turn
        [[ ${COMP_WORDS[i]} == -- ]] || continue
        if declare -F _command_offset >/dev/null; then
            _command_offset $((i + 1))
        elif ((COMP_CWORD == i + 1)); then
            mapfile -t COMPREPLY < <(compgen -c -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        return
    done
BASH
    cat <<BASH
    if ((COMP_CWORD == 1)) && [[ \$word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '${tasks[*]} $flags--' -- "\$word")
        return
    fi
    case \${COMP_WORDS[COMP_CWORD - 1]} in
BASH
    for name in "${names[@]}"; do
        if [[ -n $(choices "$name") ]]; then
            echo "    --$name) mapfile -t COMPREPLY < <(compgen -W '$(choices "$name")' -- \"\$word\") ;;"
        elif [[ ${kind[$name]} == FILE ]]; then
            echo "    --$name) mapfile -t COMPREPLY < <(compgen -f -- \"\$word\") ;;"
        elif [[ -n ${kind[$name]} ]]; then
            echo "    --$name) COMPREPLY=() ;;"
        fi
    done
    echo "    *) mapfile -t COMPREPLY < <(compgen -W '$flags--' -- \"\$word\") ;;"
    printf '    esac\n}\ncomplete -F _le_run le-run\n'
} >"$out/le-run.bash"

# --- zsh ---
{
    printf '#compdef le-run\nlocal -a tasks=(\n'
    for task in "${tasks[@]}"; do
        printf "    '%s:%s'\n" "$task" "${task_text[$task]}"
    done
    cat <<'ZSH'
)
if ((CURRENT == 2)) && [[ $PREFIX != -* ]]; then
    _describe task tasks
    return
fi
if ((CURRENT > 2)) && [[ -n ${(M)tasks:#$words[2]:*} ]]; then
    shift words
    ((CURRENT--))
fi
ZSH
    printf '_arguments -S \\\n'
    for name in "${names[@]}"; do
        said=$(sed -e 's/[]:[\\]/\\&/g' -e "s/'/'\\\\''/g" <<<"${text[$name]}")
        value=
        if [[ -n $(choices "$name") ]]; then
            value=":value:($(choices "$name"))"
        elif [[ ${kind[$name]} == FILE ]]; then
            value=":file:_files"
        elif [[ -n ${kind[$name]} ]]; then
            value=":${kind[$name]//[^A-Za-z]/ }: "
        fi
        printf "    '--%s[%s]%s' \\\\\n" "$name" "$said" "$value"
    done
    printf "    '*:::command:_normal'\n"
} >"$out/_le-run"

# --- fish ---
{
    echo "# fish completion for le-run"
    echo "set -l options 'not contains -- -- (commandline -opc)'"
    echo "complete -c le-run -f"
    for task in "${tasks[@]}"; do
        printf "complete -c le-run -n 'test (count (commandline -opc)) -eq 1' -a %s -d '%s'\n" "$task" "${task_text[$task]}"
    done
    for name in "${names[@]}"; do
        printf "complete -c le-run -n \"\$options\" -l %s -d '%s'" "$name" "$(sed "s/[\\\\']/\\\\&/g" <<<"${text[$name]}")"
        if [[ -n $(choices "$name") ]]; then
            printf " -x -a '%s'" "$(choices "$name")"
        elif [[ ${kind[$name]} == FILE ]]; then
            printf " -r -F"
        elif [[ -n ${kind[$name]} ]]; then
            printf " -x"
        fi
        echo
    done
    cat <<'FISH'
complete -c le-run -n 'contains -- -- (commandline -opc)' -x -a '(complete -C (commandline -cp | string replace -r "^.*? -- +" ""))'
FISH
} >"$out/le-run.fish"

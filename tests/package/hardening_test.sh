#!/usr/bin/env bash
# hardening_test.sh PROGRAM UNSTRIPPED [PREFIX]: reads from a built le-run what container/hardening.txt asks for. PROGRAM is
# what users get, dynamic or static; UNSTRIPPED is the same with its symbols, in which the functions of le-run itself and of
# cpprestsdk (in a static program) must have the checks: those of other libraries have them from Debian, or have not.
# PREFIX: that of another machine's binutils.
set -euo pipefail
program=$1 unstripped=$2 prefix=${3:-}
fail() {
    echo "hardening_test: $program: $*" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- the file ---
"${prefix}readelf" -hlWd "$program" >"$work/elf"
has() { grep -qE "$1" "$work/elf" || fail "$2"; }
has 'Type: *DYN' "not position-independent"
has '\(FLAGS_1\).*\bPIE\b' "not position-independent"
has '\bGNU_RELRO\b' "what relocation writes stays writable"
has '\(FLAGS_1\).*\bNOW\b' "relocations are not all done at the start"
has 'GNU_STACK .* RW +0x' "the stack is executable"
! grep -qE '^ *LOAD .* (RWE|WE) ' "$work/elf" || fail "a part of it is writable and executable"
! grep -q 'TEXTREL' "$work/elf" || fail "relocations write into the code"
static=
grep -q 'INTERP' "$work/elf" || static=yes

# --- the code: a line for each owner, with the number of its functions and of what is in them ---
"${prefix}objdump" -d --no-show-raw-insn "$unstripped" | awk '
    /^[0-9a-f]+ <.*>:$/ {
        owner = /\.(cold|part)/ ? "" : /6le_run/ ? "le-run" : /3web4http|4pplx|3web4json/ ? "cpprest" : ""
        if (owner != "") functions[owner]++
        is_first = 1
        next
    }
    owner == "" { next }
    is_first && /endbr64|paciasp|bti/ { entries[owner]++ }
    { is_first = 0 }
    /<__stack_chk_fail/ { canaries[owner]++ }
    /<__[a-z_0-9]+_chk[@>]/ { fortified[owner]++ }
    /glibcxx_assert_fail/ { assertions[owner]++ }
    /or[lq]? +\$0x0,.*%[er]sp/ { probes[owner]++ }
    END {
        for (owner in functions)
            print owner, functions[owner], entries[owner] + 0, canaries[owner] + 0, fortified[owner] + 0, assertions[owner] + 0, probes[owner] + 0
    }' >"$work/code"
look_at() { # owner, least number of functions
    local functions entries canaries fortified assertions probes
    read -r functions entries canaries fortified assertions probes < <(sed -n "s/^$1 //p" "$work/code") ||
        fail "no function of $1 is found in $unstripped"
    [[ $functions -ge $2 ]] || fail "only $functions functions of $1 are found in $unstripped"
    # A function that is only called from its own file needs no mark.
    [[ $((2 * entries)) -ge $functions ]] || fail "$1: of $functions functions only $entries begin with a mark for indirect jumps"
    [[ $canaries -ge 10 ]] || fail "$1: only $canaries functions check the stack"
    [[ $assertions -ge 1 ]] || fail "$1: containers check no index"
    if [[ $1 == le-run ]]; then
        [[ $fortified -ge 3 ]] || fail "$1: only $fortified calls are fortified"
        # A few such instructions are there without the option; arm64 probes frames from 64 KiB on only, and has none.
        [[ -n $prefix || $probes -ge 8 ]] || fail "$1: only $probes large frames are probed page by page"
    fi
}
look_at le-run 500
[[ -z $static ]] || look_at cpprest 500

# --- the mark that lets the kernel enforce indirect jumps: all or nothing, and Debian 12's libc has none ---
marks() { "${prefix}readelf" -nW "$1" 2>/dev/null | grep -oE 'IBT|SHSTK' | sort -u | tr '\n' ' ' || true; }
start=$(${CXX:-g++} -print-file-name="$([[ -n $static ]] && echo rcrt1.o || echo Scrt1.o)")
if [[ -z $prefix && -n $(marks "$start") && -z $(marks "$program") ]]; then
    fail "libc's objects have the marks $(marks "$start"), the program has not"
fi
echo "hardening_test: $program: $(paste -sd' ' "$work/code") (functions, entries, canaries, fortified, assertions, probes)"

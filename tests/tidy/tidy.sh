#!/usr/bin/env bash
# What no compiler checks: the directions of the rooms, the sizes, the form, and that the documents tell the truth.
set -uo pipefail
cd "$(dirname "$0")/../.."

failures=0
fail() {
    echo "tidy: $*" >&2
    failures=$((failures + 1))
}

# --- rooms: a room includes itself and what is below it; src/README.md says what each is for ---
# Room, and a pattern of all else that it may include. A room that is not listed is refused.
rooms='
base
process          base/
election         base/(check|time_point|duration_text)\.h
guard            process/(execute|start_folder)\.h|base/
leader           election/|guard/channel\.h|process/signal_names\.h|base/(check|time_point|duration_text)\.h
net              base/
kubernetes       net/|process/|base/
store            store/(file|kubernetes)/|election/lease\.h|kubernetes/|net/|base/
store/file       store/(lease_store|lease_json|opened_lock)\.h|election/lease\.h|base/
store/kubernetes store/(lease_store|lease_json|opened_lock)\.h|election/lease\.h|kubernetes/|net/|base/
observe          leader/|election/|guard/channel\.h|net/|process/|base/
options          observe/log_choice\.h|store/[a-z_]+\.h|election/|kubernetes/object_names\.h|process/|base/
preflight        options/|store/|kubernetes/|net/|election/|process/|base/
app              preflight/|options/|observe/|store/[a-z_]+\.h|leader/|election/|guard/|net/|process/|base/
'
while read -r folder; do
    room=${folder#src/}
    grep -qE "^$room( |\$)" <<<"$rooms" || fail "src/$room is no room: add it to the list here and to src/README.md"
done < <(find src -mindepth 1 -type d)
while read -r room below; do
    [[ -n "$room" ]] || continue
    bad=$(grep -nE '^#include "' "src/$room"/*.h "src/$room"/*.cc 2>/dev/null |
        grep -vE "#include \"($room/[a-z0-9_]+\\.h${below:+|$below})")
    [[ -z "$bad" ]] || fail "src/$room may include itself${below:+ and $below} only. Move what both need to a room below, or let the" \
        "room above pass it in:"$'\n'"$bad"
done <<<"$rooms"
pure='src/election src/leader src/guard/child_* src/store/lease_json.*'
bad=$(grep -nE 'steady_clock|system_clock|clock_gettime|std::thread|asio|::now\(\)|rand\(|getenv' -r $pure)
[[ -z "$bad" ]] || fail "a pure file asks the world:"$'\n'"$bad"
bad=$(grep -rlE '#include <cpprest|#include <pplx' src | grep -v '^src/net/')
[[ -z "$bad" ]] || fail "cpprestsdk is net's own: $bad"

# --- sizes ---
while read -r file; do
    lines=$(wc -l <"$file")
    case $file in
    *.h) budget=150 ;;
    *) budget=450 ;;
    esac
    [[ $lines -le $budget ]] || fail "$file has $lines lines, the budget is $budget: a room may be missing"
done < <(find src -name '*.h' -o -name '*.cc')

# --- form ---
bad=$(find src tests -name '*.h' -o -name '*.cc' | xargs clang-format-19 --dry-run -Werror 2>&1 | grep -E 'error:' | head -5)
[[ -z "$bad" ]] || fail "not formatted by .clang-format:"$'\n'"$bad"

# --- ctest runs a test by its name: a list's separator in it, and the entry runs nothing and passes ---
bad=$(find tests -name '*.cc' | xargs perl -0ne 'while (/\bTEST_CASE\(\s*((?:"[^"]*"\s*)+)/g) { my $name = $1; print "$ARGV: $name\n" if $name =~ /;/ }')
[[ -z "$bad" ]] || fail "a semicolon in the name of a test case:"$'\n'"$bad"

# --- the top level is fixed ---
bad=$(git ls-files | cut -d/ -f1 | sort -u |
    grep -vxE 'CMakeLists\.txt|CMakePresets\.json|src|examples|container|tests|README\.md|LICENSE|\..*')
[[ -z "$bad" ]] || fail "at the top level beside what is fixed: $bad"

# --- the documents name what the program has: options, exit codes, events of the log ---
tests/tidy/documents.pl || fail "the documents and the program differ"

[[ $failures -eq 0 ]] && echo "tidy: all holds"
exit $((failures > 0))

#!/usr/bin/env bash
# What no compiler checks: the directions of the rooms, the sizes, the form, and that README tells the truth.
set -uo pipefail
cd "$(dirname "$0")/../.."

failures=0
fail() {
    echo "tidy: $*" >&2
    failures=$((failures + 1))
}

# --- purity: the election and the guard know nothing of the other rooms, and ask no clock ---
allowed_in() { # folder, pattern of allowed own includes
    local bad
    bad=$(grep -rnE '^#include "' "src/$1" | grep -vE "#include \"($2)\"")
    [[ -z "$bad" ]] || fail "src/$1 includes what it must not know:"$'\n'"$bad"
}
allowed_in election 'election/.*|check\.h|time_point\.h|duration_text\.h'
allowed_in leader 'leader/.*|election/.*|guard/channel\.h|check\.h|time_point\.h|signal_names\.h'
allowed_in guard 'guard/.*|check\.h|time_point\.h|clock\.h|execute\.h|start_folder\.h|log_time\.h'
allowed_in store 'store/.*|one_line\.h|election/lease\.h|net/.*|kubernetes/.*|check\.h|time_point\.h|duration_text\.h'
allowed_in net 'net/.*|one_line\.h|check\.h|time_point\.h|duration_text\.h|version\.h'
allowed_in kubernetes 'kubernetes/.*|net/.*|store/lease_store\.h|check\.h|time_point\.h|child_ends\.h|find_program\.h|one_line\.h|start_folder\.h'
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

# --- README: the exit codes are those of exit_code.h, the options those of the table ---
for code in $(sed -nE 's/^constexpr int kExit(Stopped|NotLeading|Cannot|NotExecutable|NotFound) = ([0-9]+);.*/\2/p' src/exit_code.h); do
    grep -qE "^\| \`?$code\`? \|" README.md || fail "README's table of exit codes lacks $code"
done
for option in $(sed -nE 's/^ *\{"([a-z-]+)", *".*/\1/p' src/options/option_table.h); do
    grep -qE "\`--$option\b" README.md || fail "README does not name --$option"
done
for option in $(grep -oE '`--[a-z][a-z-]+' README.md | tr -d '`' | sort -u); do
    case $option in
    --help | --quick | --all | --seeds) ;;
    *) grep -q "\"${option#--}\"" src/options/option_table.h || fail "README names $option, which does not exist" ;;
    esac
done

[[ $failures -eq 0 ]] && echo "tidy: all holds"
exit $((failures > 0))

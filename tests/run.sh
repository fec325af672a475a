#!/usr/bin/env bash
# Installs what the tests need, builds under address and undefined sanitizers, and passes everything.
#
#   tests/run.sh             all of it, the tests on a real kube-apiserver with etcd included
#   tests/run.sh --quick     without those
#   tests/run.sh --all       all of it, arm64 under qemu-user, Debian 13, the image by an engine, and cpprestsdk built twice:
#                            half an hour more
#   tests/run.sh STAGE...    these stages, in the order of the list, after the packages and the build that they need
#   tests/run.sh --list      the stages, with how long each usually takes
#
# Debian 12, as root. It needs no running server, ends what it starts, and prints each stage's time. Where the packages are
# installed, the stages that build and test run without root too: tests that need root say so and do not fail.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

# --- the stages: name, usual seconds on two cores, what it needs, which runs have it, title ---
# Runs: d is the default one, q is --quick, a is --all. Needs: a build folder, or "-".
list() {
    cat <<'LIST'
packages        5 -    dqa install packages
tidy            3 -    dqa tidy
clang-tidy     60 -    dqa clang-tidy over what is pure
asan          720 -    dqa build (address and undefined sanitizers)
sim            45 -    dqa simulation, optimised
sim-asan       20 asan dqa simulation under the sanitizers
mutants        70 -    dqa mutants of the rules, caught by the simulation
model         150 -    dqa model of the promise, checked by spin
fuzz          500 -    dqa fuzzing
unit           90 asan dqa unit, contract and process tests
e2e-file      170 asan dqa end to end on the file store
faults-quick  130 asan q   matrix of faults
server         10 -    da  kube-apiserver, etcd and client-go's example
store          30 asan da  store on a real kube-apiserver
e2e           140 asan da  end to end on a real kube-apiserver
faults        180 asan da  matrix of faults
tsan          120 -    da  build (thread sanitizer)
threads        40 tsan da  what has threads, under the thread sanitizer
release       300 -    dqa release archive, built twice
deb            60 -    dqa Debian package
e2e-static    100 asan dqa static program: end to end on the file store
faults-static 130 asan dqa static program: matrix of faults
packages-all   60 -    a   install packages for arm64, Debian 13 and images
release-afresh 600 -   a   release archive, with cpprestsdk built again
arm64         300 -    a   arm64, under qemu-user
debian13      900 -    a   Debian 13
image         300 -    a   image, built by an engine
quickstart     60 -    dqa quick start, as README shows it
LIST
}

build() { # preset, targets...
    local preset=$1
    shift
    cmake --preset "$preset" >/dev/null && cmake --build --preset "$preset" --target "$@" -- --quiet
}

# Runs ctest in a build folder, below `runner`, and adds up its counts. Each test has its own time-out.
runner=()
total_passed=0
total_failed=0
tests_in() { # folder, ctest arguments...
    local folder=$1 out status=0 counts
    shift
    out=$(mktemp)
    "${runner[@]}" ctest --test-dir "$folder" --output-on-failure --no-tests=error "$@" 2>&1 | tee "$out" |
        grep -vE '^ *Start +[0-9]+:|^ *[0-9]+/[0-9]+ Test .* Passed ' || true
    counts=$(sed -n 's/.*tests passed, \([0-9]*\) tests failed out of \([0-9]*\).*/\1 \2/p' "$out" | tail -n 1)
    rm -f "$out"
    [[ -n "$counts" ]] || return 1
    read -r failed all <<<"$counts"
    total_passed=$((total_passed + all - failed))
    total_failed=$((total_failed + failed))
    [[ $failed -eq 0 ]] || status=1
    if [[ $(id -u) -ne 0 ]]; then # each such test says so itself, and the log has what passed tests say
        echo "not root: $(grep -c 'needs root' "$folder/Testing/Temporary/LastTest.log") warnings \"needs root\" of tests that did not run, or only in part"
    fi
    return $status
}

# One API server for all tests of a stage; the few that freeze or kill theirs start their own.
with_server() {
    KUBEBUILDER_ASSETS=$(tests/tools/kube_assets.sh) || return 1
    export KUBEBUILDER_ASSETS
    local runner=(build/asan/tests/with-apiserver)
    "$@"
}

# What images get: the same tests once more.
with_static() {
    local static
    static=$PWD/build/static-$(dpkg --print-architecture)/le-run
    if [[ ! -x "$static" ]]; then
        echo "$static is missing: run the stage \"release\" first" >&2
        return 1
    fi
    TEST_LE_RUN=$static "$@"
}

# By name: the store's tests that begin with "kubernetes:", and the end-to-end ones that end with neither "(file)" nor
# "(static file)", which needs the static program.
run() { # stage
    case "$1" in
    packages)
        container/install-packages.sh container/build-packages.txt container/static-packages.txt tests/packages.txt ||
            return 1
        # Any kubectl will do as a second reader of kubeconfigs; beside a foreign one Debian's cannot be installed.
        command -v kubectl >/dev/null || container/install-packages.sh < <(echo kubernetes-client)
        ;;
    tidy) tests/tidy/tidy.sh ;;
    clang-tidy) tests/tidy/clang_tidy.sh ;;
    asan) build asan all ;;
    sim) tests/sim/run.sh ;;
    sim-asan) tests_in build/asan -L '^sim$' --parallel 2 ;;
    mutants) tests/sim/mutants.sh ;;
    model) tests/model/check.sh ;;
    fuzz) tests/fuzz/run.sh ;;
    unit) tests_in build/asan -LE '^(sim|e2e)$' -E 'kubernetes:' --parallel 3 ;;
    e2e-file) tests_in build/asan -L '^e2e$' -R '\(file\)' --parallel 4 ;;
    faults-quick) build/asan/tests/faults --no-server ;;
    server) tests/tools/kube_assets.sh ;;
    store) with_server tests_in build/asan -L '^store$' -R 'kubernetes:' --parallel 2 ;;
    e2e) with_server tests_in build/asan -L '^e2e$' -E 'file\)' --parallel 4 ;;
    faults) with_server build/asan/tests/with-apiserver build/asan/tests/faults ;;
    tsan) build tsan tests_net tests_store tests_app ;;
    threads) # some tests fork a helper that makes threads of its own
        TSAN_OPTIONS=die_after_fork=0 tests_in build/tsan -L '^(net|store|app)$' -E 'kubernetes:|frozen|freez|hammer|user namespace' --parallel 2
        ;;
    release) tests/package/release_test.sh build/packages ;;
    deb) tests/package/deb_test.sh build/packages ;;
    e2e-static) with_static tests_in build/asan -L '^e2e$' -R 'file\)' --parallel 4 ;;
    faults-static) with_static build/asan/tests/faults --no-server ;;
    packages-all) container/install-packages.sh tests/packages-all.txt ;;
    release-afresh) tests/package/release_test.sh build/packages afresh ;;
    arm64) tests/package/arm64_test.sh build/packages ;;
    debian13) tests/package/debian13_test.sh build/packages ;;
    image) tests/package/image_test.sh ;;
    quickstart) tests/tidy/quickstart_test.sh ;;
    esac
}

# --- which stages ---

usage() {
    echo "tests/run.sh: $1: use --quick, --all, --list, names of stages (see --list), or nothing" >&2
    exit 2
}
kind=d
wanted=()
case "${1:-}" in
"") ;;
--quick) kind=q ;;
--all) kind=a ;;
--list)
    list | while read -r name seconds _ _ title; do printf '%-15s %4d s  %s\n' "$name" "$seconds" "$title"; done
    exit 0
    ;;
-*) usage "unknown argument \"$1\"" ;;
*) wanted=("$@") ;;
esac
[[ $kind == d || $# -eq 1 ]] || usage "\"$1\" stands alone"
for name in "${wanted[@]}"; do
    list | grep -q "^$name " || usage "there is no stage \"$name\""
done

is_wanted() { # name, runs that have it
    if [[ ${#wanted[@]} -eq 0 ]]; then
        [[ $2 == *"$kind"* ]]
    else
        [[ $1 == packages || " ${wanted[*]} " == *" $1 "* ]]
    fi
}

# --- run them ---

times=()
stage() { # name, usual seconds, title
    local began=$SECONDS
    echo "=== $3 ($1, usually $2 s)"
    # In this shell, because counts are added up; set -e is off in a condition, so each stage ends with its own status.
    if ! run "$1"; then
        echo "=== $3 FAILED after $((SECONDS - began)) s"
        [[ $total_failed -gt 0 ]] || total_failed=1
        echo "$total_passed passed, $total_failed failed"
        exit 1
    fi
    times+=("$(printf '%5d s  usually %4d s  %s' $((SECONDS - began)) "$2" "$3")")
    echo "=== $3: $((SECONDS - began)) s"
}

built=" "
while read -r name seconds needs runs title <&3; do
    is_wanted "$name" "$runs" || continue
    if [[ $needs != - && $built != *" $needs "* ]]; then
        stage "$needs" "$(list | awk -v n="$needs" '$1 == n { print $2 }')" "$needs build, if it is not up to date"
        built+="$needs "
    fi
    stage "$name" "$seconds" "$title"
    built+="$name "
done 3< <(list)

echo
echo "=== times"
printf '%s\n' "${times[@]}"
printf '%5d s  in all\n' "$SECONDS"
echo "$total_passed passed, $total_failed failed"

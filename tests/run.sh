#!/usr/bin/env bash
# Installs what the tests need, builds under address and undefined sanitizers, and passes everything.
#
#   tests/run.sh           all of it, the tests on a real kube-apiserver with etcd included
#   tests/run.sh --quick   without those
#   tests/run.sh --all     all of it, arm64 under qemu-user, Debian 13, the image by an engine, and cpprestsdk built twice: half an hour more
#
# Debian 12, as root. It needs no running server, ends what it starts, and prints each stage's time.
set -euo pipefail
cd "$(dirname "$0")/.."
exec </dev/null

quick=no
all=no
case "${1:-}" in
"") ;;
--quick) quick=yes ;;
--all) all=yes ;;
*)
    echo "tests/run.sh: unknown argument \"$1\": use --quick, --all or nothing" >&2
    exit 2
    ;;
esac

stages=()
total_passed=0
total_failed=0
stage() { # name, command...
    local name=$1 began=$SECONDS
    shift
    echo "=== $name"
    if ! "$@"; then
        echo "=== $name FAILED after $((SECONDS - began)) s"
        [[ $total_failed -gt 0 ]] || total_failed=1
        echo "$total_passed passed, $total_failed failed"
        exit 1
    fi
    stages+=("$(printf '%5d s  %s' $((SECONDS - began)) "$name")")
    echo "=== $name: $((SECONDS - began)) s"
}

# Runs ctest in a build folder, below `runner`, and adds up its counts. Each test has its own time-out.
runner=()
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
    return $status
}

build() { # preset, targets...
    local preset=$1
    shift
    cmake --preset "$preset" >/dev/null && cmake --build --preset "$preset" --target "$@" -- --quiet
}

# By name: the store's tests that begin with "kubernetes:", and the end-to-end ones that end with neither "(file)" nor
# "(static file)", which needs the static program.

stage "install packages" container/install-packages.sh container/build-packages.txt container/static-packages.txt tests/packages.txt
# Any kubectl will do as a second reader of kubeconfigs; beside a foreign one Debian's cannot be installed.
command -v kubectl >/dev/null || stage "install kubectl" container/install-packages.sh <<<kubernetes-client
stage "tidy" tests/tidy/tidy.sh
stage "clang-tidy over what is pure" tests/tidy/clang_tidy.sh
stage "build (address and undefined sanitizers)" build asan all
# Beside nothing else first: these use every core they get.
stage "simulation, optimised" tests/sim/run.sh
stage "simulation under the sanitizers" tests_in build/asan -L '^sim$' --parallel 2
stage "mutants of the rules, caught by the simulation" tests/sim/mutants.sh
stage "model of the promise, checked by spin" tests/model/check.sh
stage "fuzzing" tests/fuzz/run.sh
stage "unit, contract and process tests" tests_in build/asan -LE '^(sim|e2e)$' -E 'kubernetes:' --parallel 3
stage "end to end on the file store" tests_in build/asan -L '^e2e$' -R '\(file\)' --parallel 4
if [[ $quick == yes ]]; then
    stage "matrix of faults" build/asan/tests/faults --no-server
else
    stage "kube-apiserver, etcd and client-go's example" tests/tools/kube_assets.sh
    KUBEBUILDER_ASSETS=$(tests/tools/kube_assets.sh)
    export KUBEBUILDER_ASSETS
    # One API server for all; the few tests that freeze or kill theirs start their own.
    runner=(build/asan/tests/with-apiserver)
    stage "store on a real kube-apiserver" tests_in build/asan -L '^store$' -R 'kubernetes:' --parallel 2
    stage "end to end on a real kube-apiserver" tests_in build/asan -L '^e2e$' -E 'file\)' --parallel 4
    runner=()
    stage "matrix of faults" build/asan/tests/with-apiserver build/asan/tests/faults
    stage "build (thread sanitizer)" build tsan tests_net tests_store tests_run
    stage "what has threads, under the thread sanitizer" \
        tests_in build/tsan -L '^(net|store|run)$' -E 'kubernetes:|frozen|freez|hammer' --parallel 2
fi
# The static program is what images get: the same tests once more.
stage "release archive, built twice" tests/package/release_test.sh build/packages
stage "Debian package" tests/package/deb_test.sh build/packages
TEST_LE_RUN=$PWD/build/static-$(dpkg --print-architecture)/le-run
export TEST_LE_RUN
stage "static program: end to end on the file store" tests_in build/asan -L '^e2e$' -R 'file\)' --parallel 4
stage "static program: matrix of faults" build/asan/tests/faults --no-server
unset TEST_LE_RUN
if [[ $all == yes ]]; then
    stage "install packages for arm64, Debian 13 and images" container/install-packages.sh tests/packages-all.txt
    stage "release archive, with cpprestsdk built again" tests/package/release_test.sh build/packages afresh
    stage "arm64, under qemu-user" tests/package/arm64_test.sh build/packages
    stage "Debian 13" tests/package/debian13_test.sh build/packages
    stage "image, built by an engine" tests/package/image_test.sh
fi
stage "quick start, as README shows it" tests/tidy/quickstart_test.sh

echo
echo "=== times"
printf '%s\n' "${stages[@]}"
printf '%5d s  in all\n' "$SECONDS"
echo "$total_passed passed, $total_failed failed"

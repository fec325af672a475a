#!/usr/bin/env bash
# Fuzzes every parser of foreign bytes with libFuzzer: a fixed number of runs of each target, from the committed corpus.
#
#   tests/fuzz/run.sh [--times K] [--seed S] [TARGET...]     K times as many runs, another seed, only these
#
# A target is TARGET_target.cc; its corpus is corpus/TARGET, and crashes/TARGET holds inputs that once broke it. What is
# committed is replayed first. An input that breaks a target is kept in build/fuzz/broken, and the stage fails. To carry
# new finds into a corpus: build/fuzz/TARGET -merge=1 tests/fuzz/corpus/TARGET build/fuzz/found/TARGET
set -euo pipefail
cd "$(dirname "$0")/../.."

# Target, runs, longest input, libraries, and what of src/ it needs. The longest come first: two run at a time, and the last
# ends late when it begins late.
table="
status        400000  4096  -           store/lease_json store/micro_time kubernetes/errors net/http_headers base/one_line
lease_file    150000  5000  -           store/file/lease_file store/file/lease_file_format store/file/local_file store/file/fence \
    store/file/file_owner store/file/lock_holder store/file/renewal store/file/boot store/lease_json store/micro_time
certificate   150000  1024  -lcrypto    net/certificate_text net/certificate_names net/http_headers base/one_line
config_file   150000  2048  -lyaml-cpp  options/config_file options/print_config options/option_table options/suggestion \
    options/values base/small_file base/one_line
kubeconfig    100000  4096  -lyaml-cpp,-lcrypto  kubernetes/kubeconfig kubernetes/kubeconfig_context \
    kubernetes/kubeconfig_exec kubernetes/kubeconfig_file kubernetes/section kubernetes/exec_plugin process/find_program \
    kubernetes/credentials kubernetes/base64 kubernetes/pem kubernetes/server_url base/small_file \
    kubernetes/errors net/proxy net/address base/one_line
exec_answer   200000  4096  -lcrypto    kubernetes/exec_plugin kubernetes/credentials base/small_file \
    kubernetes/errors kubernetes/pem base/one_line
base64       2000000   512  -           kubernetes/base64
proxy         500000   512  -lcrypto    net/proxy net/proxy_greeting net/address
token        1000000   512  -lcrypto    kubernetes/credentials base/small_file kubernetes/user \
    kubernetes/base64 base/one_line
lease_json    350000  2048  -           store/lease_json store/micro_time
duration     8000000    64  -           base/duration_text
micro_time   4000000    64  -           store/lease_json store/micro_time
lock_url     4000000   320  -           store/lock store/file/lock store/kubernetes/lock kubernetes/object_names
channel       600000  5300  -           guard/channel
server_url   5000000   320  -           kubernetes/server_url net/address
pem            10000  2048  -lcrypto    kubernetes/pem
watch         200000  2048  -           store/kubernetes/watch_event store/lease_json store/micro_time
kubeconfigs    30000  4096  -lyaml-cpp,-lcrypto  kubernetes/kubeconfig kubernetes/kubeconfig_context \
    kubernetes/kubeconfig_exec kubernetes/kubeconfig_file kubernetes/section kubernetes/exec_plugin process/find_program \
    kubernetes/credentials kubernetes/base64 kubernetes/pem kubernetes/server_url base/small_file \
    kubernetes/errors net/proxy net/address base/one_line
"
table=$(sed -e ':a' -e '/\\$/{N;s/\\\n *//;ta' -e '}' <<<"$table" | sed '/^$/d')

times=1
seed=1
targets=()
while [[ $# -gt 0 ]]; do
    case $1 in
    --times) times=$2 && shift 2 ;;
    --seed) seed=$2 && shift 2 ;;
    *)
        if ! grep -q "^$1 " <<<"$table"; then
            echo "fuzz: \"$1\" is no argument and no target" >&2
            exit 2
        fi
        targets+=("$1") && shift
        ;;
    esac
done
[[ ${#targets[@]} -gt 0 ]] || mapfile -t targets < <(cut -d' ' -f1 <<<"$table")

here=tests/fuzz
out=build/fuzz
rm -rf "$out/found" "$out/broken"
mkdir -p "$out/objects"
flags="-std=c++20 -O1 -g1 -Wall -Wextra -Werror -D_GLIBCXX_ASSERTIONS -fno-omit-frame-pointer
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-sanitize=vptr"
ulimit -c 0

object_of() { echo "$out/objects/${1//\//_}.o"; } # source without its ending

compile() { # source without its ending
    clang++ $flags -fsanitize=fuzzer-no-link -Isrc -I$here "-DLE_RUN_SOURCE_DIR=\"$PWD\"" -c "$1.cc" -o "$(object_of "$1")"
}

link() { # target
    local name runs longest libraries sources source objects=()
    read -r name runs longest libraries sources <<<"$(grep "^$1 " <<<"$table")"
    for source in "$here/${1}_target" $(printf 'src/%s ' $sources); do objects+=("$(object_of "$source")"); done
    [[ $libraries != - ]] || libraries=
    clang++ $flags -fsanitize=fuzzer "${objects[@]}" ${libraries//,/ } -o "$out/$1"
}

# Every committed input once, then the fixed number of runs.
fuzz() { # target
    local name runs longest rest log="$out/$1.log" began=$SECONDS
    read -r name runs longest rest <<<"$(grep "^$1 " <<<"$table")"
    mkdir -p "$out/found/$1" "$out/broken/$1"
    local limits=(-timeout=10 -rss_limit_mb=1024 "-artifact_prefix=$out/broken/$1/")
    local committed=("$here/corpus/$1"/*)
    [[ ! -d $here/crashes/$1 ]] || committed+=("$here/crashes/$1"/*)
    if ! { "$out/$1" "${limits[@]}" "${committed[@]}" &&
        "$out/$1" "${limits[@]}" -runs=$((runs * times)) "-seed=$seed" "-max_len=$longest" -print_final_stats=1 \
            "$out/found/$1" "$here/corpus/$1"; } >"$log" 2>&1 </dev/null; then
        grep -avE '^#[0-9]|^Running|^Executed' "$log" | tail -n 100 >&2
        # A committed input is not copied by libFuzzer: it is the last that was begun.
        [[ -n "$(ls "$out/broken/$1")" ]] || cp "$(sed -n 's/^Running: //p' "$log" | tail -n 1)" "$out/broken/$1"
        echo "fuzz: $1 BROKE, see above; once more: $out/$1 $(echo "$out/broken/$1"/*)" >&2
        return 1
    fi
    # "#60000 DONE cov: 431 ft: 1204 corp: 210/33Kb ...": edges of the code that were reached
    local executions edges
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/^#[0-9]*[[:space:]]*DONE *cov: \([0-9]*\).*/\1/p' "$log")
    printf '%-12s %9d executions, %5d edges, %3d committed inputs, %3d s\n' \
        "$1" "$executions" "$edges" ${#committed[@]} $((SECONDS - began))
}

export -f object_of compile link fuzz
export table times seed here out flags
export LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0 ASAN_OPTIONS=quarantine_size_mb=32
each() { xargs -P 2 -I{} bash -euo pipefail -c "$1 {}"; } # function: with each line, two at once

began=$SECONDS
for target in "${targets[@]}"; do
    echo "$here/${target}_target"
    printf 'src/%s\n' $(grep "^$target " <<<"$table" | sed -E 's/^([^ ]+ +){4}//')
done | sort -u | each compile
printf '%s\n' "${targets[@]}" | each link
echo "built ${#targets[@]} targets in $((SECONDS - began)) s"
printf '%s\n' "${targets[@]}" | each fuzz

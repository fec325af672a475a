#!/usr/bin/env bash
# Measures le-run on this machine, beside client-go's example and a bare client, and prints the table of tests/bench/README.md: about
# 18 minutes on an idle machine, after the build.
#
#   tests/bench/run.sh                      prints the table
#   tests/bench/run.sh --write              and puts it into tests/bench/README.md, with the picture
#   tests/bench/run.sh [bench's options]    e.g. --only release --count 10; --help tells all
set -euo pipefail
cd "$(dirname "$0")/../.."

write=no
if [[ "${1:-}" == --write ]]; then
    write=yes
    shift
fi
picture=tests/bench/handover.svg

KUBEBUILDER_ASSETS=$(tests/tools/kube_assets.sh leader-election-15-10-2)
export KUBEBUILDER_ASSETS
cmake --preset bench >/dev/null
cmake --build --preset bench --target bench with-apiserver >/dev/null

figures=$(mktemp)
trap 'rm -f "$figures"' EXIT
{
    echo "On $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r), $(date -u +%F)," \
        "le-run $(git describe --always --dirty), Kubernetes and client-go 1.20.2, default settings (15/10/2 s) everywhere," \
        "optimised build:"
    echo
    options=()
    [[ $write == no ]] || options=(--svg "$picture")
    build/bench/tests/with-apiserver build/bench/tests/bench "${options[@]}" "$@"
} | tee "$figures"

if [[ $write == yes ]]; then
    marked=$(sed -n '/^<!-- figures begin -->$/,/^<!-- figures end -->$/p' tests/bench/README.md | wc -l)
    if [[ $marked -lt 2 ]]; then
        echo "run.sh: tests/bench/README.md lacks the lines <!-- figures begin --> and <!-- figures end -->" >&2
        exit 1
    fi
    sed -i -e "/^<!-- figures begin -->\$/r $figures" \
        -e '/^<!-- figures begin -->$/,/^<!-- figures end -->$/{/^<!-- figures /!d}' tests/bench/README.md
fi

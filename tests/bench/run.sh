#!/usr/bin/env bash
# Measures le-run on this machine and prints README's table. About five minutes on an idle machine, after the build.
set -euo pipefail
cd "$(dirname "$0")/../.."

KUBEBUILDER_ASSETS=$(tests/tools/kube_assets.sh)
export KUBEBUILDER_ASSETS
cmake --preset bench >/dev/null
cmake --build --preset bench --target bench with-apiserver le-run test-worker >/dev/null
echo "$(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r), $(date -u +%F), Kubernetes 1.20.2"
build/bench/tests/with-apiserver build/bench/tests/bench

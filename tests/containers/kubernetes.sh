#!/usr/bin/env bash
# Installs the programs of the Kubernetes tests into the tests' cache: kubectl with a kustomize that supports
# components, the schemas of Kubernetes, and podman, which runs pods without a cluster, with podman-compose.
# Prints the folder of the programs, for PATH. With `charts`: renders real charts by Helm's own library and
# prints the folder of the results.
# Usage: kubernetes.sh [podman|charts]
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

bin=$STATE_DIR/bin
mkdir -p "$bin"
PATH=$PATH:$bin

# kubectl supports components since 1.21 (kustomize 4.0).
knows_components() {
    local version
    version=$(kubectl version --client 2>/dev/null | sed -n 's/^Client Version: v1\.\([0-9]*\).*/\1/p')
    [ "${version:-0}" -ge 21 ]
}

lock kubernetes
if ! knows_components; then
    borrow kubectl
    cp "$BORROWED/usr/bin/kubectl" "$bin/"
    say "put kubectl of Debian 13 into $bin"
    hash -r
    knows_components || die "kubectl does not work: $(kubectl version --client 2>&1 | tail -1)"
fi

# environment NAME PIP-ARGUMENTS...: installs Python packages into their own environment, $STATE_DIR/NAME.
environment() {
    local at=$STATE_DIR/$1 log=$STATE_DIR/$1.log
    shift
    [ ! -e "$at/whole" ] || return 0
    : >"$log"
    rm -rf "$at"
    python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
    logged 120 "$log" python3 -m venv "$at" || exit 1
    logged 600 "$log" "$at/bin/pip" install --quiet "$@" || exit 1
    touch "$at/whole"
}

# tool NAME VERSION: installs a Python program into the folder of programs.
tool() {
    environment "$1-$2" "$1==$2"
    ln -sf "$STATE_DIR/$1-$2/bin/$1" "$bin/$1"
}

if [ "${1:-}" = charts ]; then
    environment charts-1 --no-deps helm-python-sdk==0.2.2 dask-kubernetes==2026.3.0
    rm -rf "$STATE_DIR/charts"
    "$STATE_DIR/charts-1/bin/python" "$(dirname "${BASH_SOURCE[0]}")/../kubernetes/charts.py" "$STATE_DIR/charts" >&2
    echo "$STATE_DIR/charts"
    exit
fi

# kubernetes-validate contains the schemas.
tool kubernetes-validate 1.37.0

# podman needs catatonit as the first process of a pod.
if [ "${1:-}" = podman ] && ! { have podman && have catatonit; }; then
    apt_install podman catatonit
fi
[ "${1:-}" != podman ] || tool podman-compose 1.6.0
echo "$bin"

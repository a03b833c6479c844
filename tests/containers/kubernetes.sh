#!/usr/bin/env bash
# Brings what the tests of Kubernetes need, into the cache of the tests: kubectl with a kustomize that knows
# components, the schemas of Kubernetes, and podman, which runs pods without a cluster, with podman-compose.
# Prints the folder of the programs, for PATH.
# Usage: kubernetes.sh [podman]
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

bin=$STATE_DIR/bin
mkdir -p "$bin"
PATH=$PATH:$bin

# kubectl has known components since 1.21 (kustomize 4.0).
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

# tool NAME VERSION: a Python program, in an environment of its own. The schemas come with one that compares
# with them.
tool() {
    local at=$STATE_DIR/$1-$2 log=$STATE_DIR/$1.log
    if [ ! -x "$at/bin/$1" ]; then
        : >"$log"
        rm -rf "$at"
        python3 -c 'import ensurepip' 2>/dev/null || apt_install python3-venv
        logged 120 "$log" python3 -m venv "$at" || exit 1
        logged 600 "$log" "$at/bin/pip" install --quiet "$1==$2" || exit 1
    fi
    ln -sf "$at/bin/$1" "$bin/$1"
}
tool kubernetes-validate 1.37.0

# podman asks for a program that waits as the first process of a pod.
if [ "${1:-}" = podman ] && ! { have podman && have catatonit; }; then
    apt_install podman catatonit
fi
[ "${1:-}" != podman ] || tool podman-compose 1.6.0
echo "$bin"

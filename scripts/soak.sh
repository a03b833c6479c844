#!/usr/bin/env bash
# Long runs, for which the test command has no time: nothing may grow, and nobody may trip over
# anybody else, however often and however many at once.
#
#   ./scripts/soak.sh [STARTS [AT-ONCE]]     default: 1000 starts, 200 at once
#
# And every client of docs/compatibility.md in every version: `MATRIX=full`, which takes an hour and a Docker
# engine. `./scripts/soak.sh runtimes` runs that alone; with UPDATE_SNAPSHOT=1 it writes the document.
#
# Needs root, for the namespaces that stand in for containers, and busybox-static.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runtimes() { MATRIX=full cargo test --locked --features containers --test containers runtimes; }
if [ "${1:-}" = runtimes ]; then
    runtimes
    exit
fi
starts=${1:-1000} at_once=${2:-200}

die() {
    printf 'soak.sh: error: %s\n' "$*" >&2
    exit 1
}
[ "$(id -u)" -eq 0 ] || die "the runs make namespaces: run it as root"
busybox=$(command -v busybox) || die "busybox is missing: apt-get install busybox-static"
programs=$(scripts/build.sh)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/volume"

# image NAME CA: a root directory with the program, a shell, one public root and one custom CA.
image() {
    local root=$work/$1
    mkdir -p "$root"/{bin,proc,run,tmp,volume,etc/ssl/certs,usr/local/share/ca-certificates}
    cp "$programs/trust-init" "$root/trust-init"
    cp "$busybox" "$root/bin/sh"
    cp tests/certs/ca-rsa.pem "$root/etc/ssl/certs/ca-certificates.crt"
    cp "$2" "$root/usr/local/share/ca-certificates/custom-ca.crt"
}

# start NAME COMMAND...: as the first process of a container whose volume is shared with all others.
# shellcheck disable=SC2016
start() {
    local root=$work/$1
    shift
    env -i PATH=/bin unshare --mount --pid --fork --kill-child /bin/bash -c '
        PATH=/bin:/usr/bin:/sbin:/usr/sbin
        mount --bind "$1" "$2/volume" && mount -t proc proc "$2/proc" && cd "$2" && shift
        root=$1; shift; exec chroot "$root" "$@"' - "$work/volume" "$root" "$@"
}

echo "== $starts starts of one container"
image one tests/certs/neighbour/ca.crt
for _ in $(seq "$starts"); do
    start one /trust-init --log=quiet -- sh -c : || die "a start failed"
done
files=$(find "$work/one/run" "$work/one/tmp" -type f | wc -l)
[ "$files" -eq 2 ] || die "$files files after $starts starts, 2 after the first"
echo "still $files files"

echo "== $at_once containers at once on one volume, with two CAs in turn"
image two tests/certs/ca-ec.crt
# Each looks for its own CA in what it was given, and for the other's, while all others start.
own=$(sed -n 2p tests/certs/neighbour/ca.crt)
other=$(sed -n 2p tests/certs/ca-ec.crt)
# shellcheck disable=SC2016
look='while read -r line; do
          [ "$line" != "$1" ] || own=yes
          [ "$line" != "$2" ] || other=yes
      done <"$SSL_CERT_FILE"
      [ "$own" = yes ] && [ -z "$other" ]'
pids=()
for number in $(seq "$at_once"); do
    name=one words=("$own" "$other")
    [ $((number % 2)) -eq 0 ] || name=two words=("$other" "$own")
    start "$name" /trust-init --log=quiet --dir /volume -- sh -c "$look" - "${words[@]}" &
    pids+=($!)
done
for pid in "${pids[@]}"; do
    wait "$pid" || die "a container saw another bundle than its own"
done
directories=$(find "$work/volume" -mindepth 1 -maxdepth 1 | wc -l)
[ "$directories" -eq 2 ] || die "$directories directories on the volume, one for each CA expected"
[ -z "$(find "$work/volume" -name '.*' -type f)" ] || die "temporary files were left"
echo "each saw its own; $directories directories on the volume"

echo "== every client in every version"
runtimes

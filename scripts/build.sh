#!/usr/bin/env bash
# Builds the static release programs and prints the directory they are in.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! command -v cargo >/dev/null; then
    echo "build.sh: error: cannot find cargo" >&2
    echo "build.sh: fix: install Rust, see https://rustup.rs" >&2
    exit 1
fi
cargo build --release --locked --quiet >&2
host=$(rustc -vV | sed -n 's/^host: //p')
echo "${CARGO_TARGET_DIR:-$PWD/target}/$host/release"

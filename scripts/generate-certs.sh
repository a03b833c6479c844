#!/usr/bin/env bash
# Makes a private CA and a server's certificate: `trust-compose certs`, found or built.
#
#   ./scripts/generate-certs.sh reflector.local "IP:192.168.1.100" "DNS:gpu.local"
#   ./scripts/generate-certs.sh --help
#
# The certificates go into certs/ of the directory you are in.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
if ! program=$(command -v trust-compose); then
    if ! command -v cargo >/dev/null; then
        echo "generate-certs.sh: error: cannot find trust-compose, nor cargo to build it" >&2
        echo "generate-certs.sh: fix: install Rust, see https://rustup.rs, or put trust-compose into PATH" >&2
        exit 1
    fi
    # In a shell of its own: what is written must be where the caller is.
    program=$(
        cd "$here/.."
        cargo build --release --locked --quiet --bin trust-compose >&2
        host=$(rustc -vV | sed -n 's/^host: //p')
        target=${CARGO_TARGET_DIR:-$PWD/target}
        [[ $target = /* ]] || target=$PWD/$target
        echo "$target/$host/release/trust-compose"
    )
fi
exec "$program" certs "$@"

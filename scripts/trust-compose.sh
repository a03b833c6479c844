#!/usr/bin/env bash
# Runs trust-compose, found in PATH or built from this repository, in the current directory.
#
#   ./scripts/trust-compose.sh --help
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
if ! program=$(command -v trust-compose); then
    if ! command -v cargo >/dev/null; then
        echo "trust-compose.sh: error: cannot find trust-compose, or cargo to build it" >&2
        echo "trust-compose.sh: fix: install Rust, see https://rustup.rs, or put trust-compose into PATH" >&2
        exit 1
    fi
    program=$("$here/build.sh" --bin trust-compose)/trust-compose
fi
exec "$program" "$@"

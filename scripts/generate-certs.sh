#!/usr/bin/env bash
# Creates a private CA and a server certificate: runs `trust-compose certs`, found in PATH or built.
#
#   ./scripts/generate-certs.sh reflector.local "IP:192.168.1.100" "DNS:gpu.local"
#   ./scripts/generate-certs.sh --help
#
# The certificates are written to certs/ of the current directory.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/trust-compose.sh" certs "$@"

#!/usr/bin/env bash
# Makes a private CA and a server's certificate: `trust-compose certs`, found or built.
#
#   ./scripts/generate-certs.sh reflector.local "IP:192.168.1.100" "DNS:gpu.local"
#   ./scripts/generate-certs.sh --help
#
# The certificates go into certs/ of the directory you are in.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/trust-compose.sh" certs "$@"

#!/usr/bin/env bash
# Makes every back-end service of a Compose project trust a CA, or, without
# --custom-ca, removes that: runs `trust-compose setup`, found in PATH or built.
#
#   ./scripts/setup.sh --custom-ca certs/
#   ./scripts/setup.sh --custom-ca /path/to/corporate-ca.crt
#   ./scripts/setup.sh
#   ./scripts/setup.sh --help
#
# The project is that of the current directory, or of the files after -f.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/trust-compose.sh" setup "$@"

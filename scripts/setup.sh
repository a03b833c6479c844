#!/usr/bin/env bash
# Lets every back-end service of a Compose project trust a CA, or, without
# --custom-ca, takes that away again: `trust-compose setup`, found or built.
#
#   ./scripts/setup.sh --custom-ca certs/
#   ./scripts/setup.sh --custom-ca /path/to/corporate-ca.crt
#   ./scripts/setup.sh
#   ./scripts/setup.sh --help
#
# The project is that of the directory you are in, or named with -f.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/trust-compose.sh" setup "$@"

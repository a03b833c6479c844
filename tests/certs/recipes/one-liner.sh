#!/usr/bin/env bash
# One command for a certificate that is its own CA.
# trusted: cert.pem; served: cert.pem key.pem
set -euo pipefail

openssl req -x509 -newkey rsa:4096 -nodes -keyout key.pem -out cert.pem -days 365 -subj "/CN=localhost"

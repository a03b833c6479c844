#!/usr/bin/env bash
# The same with SANs, which clients read.
# trusted: cert.pem; served: cert.pem key.pem
set -euo pipefail

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -sha256 -days 3650 -subj "/CN=localhost" \
  -addext "subjectAltName=DNS:localhost,IP:127.0.0.1"

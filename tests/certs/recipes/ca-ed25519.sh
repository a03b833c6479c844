#!/usr/bin/env bash
# A CA and a server with Ed25519 keys.
# trusted: ca.crt; served: server.crt server.key
set -euo pipefail

openssl genpkey -algorithm ed25519 -out ca.key
openssl req -x509 -new -key ca.key -days 3650 -out ca.crt -subj "/CN=Lab CA"
openssl genpkey -algorithm ed25519 -out server.key
openssl req -new -key server.key -out server.csr -subj "/CN=localhost"
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 365 \
  -extfile <(printf "subjectAltName=DNS:localhost,IP:127.0.0.1")

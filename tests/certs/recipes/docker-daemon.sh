#!/usr/bin/env bash
# The certificates of https://docs.docker.com/engine/security/protect-access/ for the Docker daemon.
# trusted: ca.pem; served: server-cert.pem server-key.pem
set -euo pipefail

HOST=localhost
openssl genrsa -out ca-key.pem 4096
openssl req -new -x509 -days 365 -key ca-key.pem -sha256 -out ca.pem -subj "/CN=Lab CA"
openssl genrsa -out server-key.pem 2048
openssl req -subj "/CN=$HOST" -sha256 -new -key server-key.pem -out server.csr
echo subjectAltName = DNS:$HOST,IP:10.10.10.20,IP:127.0.0.1 >> extfile.cnf
echo extendedKeyUsage = serverAuth >> extfile.cnf
openssl x509 -req -days 365 -sha256 -in server.csr -CA ca.pem -CAkey ca-key.pem \
  -CAcreateserial -out server-cert.pem -extfile extfile.cnf

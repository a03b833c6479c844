#!/usr/bin/env bash
# The extensions that easy-rsa 3 gives (https://github.com/OpenVPN/easy-rsa, x509-types).
# trusted: ca.crt; served: server.crt server.key
set -euo pipefail

cat >easyrsa.cnf <<'CNF'
[req]
distinguished_name = dn
[dn]
[ca]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer:always
basicConstraints = CA:TRUE
keyUsage = cRLSign, keyCertSign
[server]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer:always
extendedKeyUsage = serverAuth
keyUsage = digitalSignature,keyEncipherment
subjectAltName = DNS:localhost,IP:127.0.0.1
CNF
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 3650 -config easyrsa.cnf -extensions ca \
  -subj "/CN=Easy-RSA CA"
openssl genrsa -out server.key 2048
openssl req -new -key server.key -out server.csr -subj "/CN=localhost"
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 825 -sha256 \
  -extfile easyrsa.cnf -extensions server

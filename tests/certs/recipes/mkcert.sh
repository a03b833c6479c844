#!/usr/bin/env bash
# The extensions that mkcert gives (https://github.com/FiloSottile/mkcert, cert.go).
# trusted: rootCA.pem; served: localhost.pem localhost-key.pem
set -euo pipefail

cat >mkcert.cnf <<'CNF'
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[leaf]
keyUsage = critical,digitalSignature,keyEncipherment
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
subjectKeyIdentifier = none
subjectAltName = DNS:localhost,IP:127.0.0.1
CNF
openssl req -x509 -newkey rsa:3072 -nodes -keyout rootCA-key.pem -out rootCA.pem -days 3650 -config mkcert.cnf \
  -extensions ca -subj "/O=mkcert development CA/OU=me@host/CN=mkcert me@host"
openssl req -new -newkey rsa:2048 -nodes -keyout localhost-key.pem -out localhost.csr -config mkcert.cnf \
  -subj "/O=mkcert development certificate/OU=me@host"
openssl x509 -req -in localhost.csr -CA rootCA.pem -CAkey rootCA-key.pem -out localhost.pem -days 820 \
  -extfile mkcert.cnf -extensions leaf

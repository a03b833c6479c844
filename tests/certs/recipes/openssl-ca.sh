#!/usr/bin/env bash
# A root, an intermediate and a server by `openssl ca`, as https://jamielinux.com/docs/openssl-certificate-authority/ describes it.
# trusted: ca.cert.pem; served: chain.pem server.key
set -euo pipefail

cat >openssl.cnf <<'CNF'
[ca]
default_ca = CA_default
[CA_default]
database = index.txt
serial = serial
new_certs_dir = .
policy = policy_loose
default_md = sha256
copy_extensions = none
[policy_loose]
commonName = supplied
[req]
distinguished_name = dn
[dn]
[v3_ca]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer
basicConstraints = critical, CA:true
keyUsage = critical, digitalSignature, cRLSign, keyCertSign
[v3_intermediate_ca]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, digitalSignature, cRLSign, keyCertSign
[server_cert]
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer:always
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost,IP:127.0.0.1
CNF
touch index.txt
echo 1000 >serial
openssl req -config openssl.cnf -newkey rsa:2048 -nodes -keyout ca.key.pem -new -x509 -days 7300 -sha256 -extensions v3_ca \
  -out ca.cert.pem -subj "/CN=Lab Root CA"
openssl req -config openssl.cnf -newkey rsa:2048 -nodes -new -sha256 -keyout intermediate.key.pem \
  -out intermediate.csr.pem -subj "/CN=Lab Intermediate CA"
openssl ca -batch -config openssl.cnf -extensions v3_intermediate_ca -days 3650 -notext -md sha256 \
  -cert ca.cert.pem -keyfile ca.key.pem -in intermediate.csr.pem -out intermediate.cert.pem
openssl req -config openssl.cnf -newkey rsa:2048 -nodes -keyout server.key -new -sha256 -out server.csr -subj "/CN=localhost"
openssl ca -batch -config openssl.cnf -extensions server_cert -days 375 -notext -md sha256 \
  -cert intermediate.cert.pem -keyfile intermediate.key.pem -in server.csr -out server.cert.pem
cat server.cert.pem intermediate.cert.pem >chain.pem

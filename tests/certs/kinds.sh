#!/usr/bin/env bash
# A CA of each kind that some client refuses or might refuse, and a server certificate without other faults.
#
#   kinds.sh         lists the kinds
#   kinds.sh KIND    creates ca.crt, server.pem and server-key.pem here
set -euo pipefail

# Kind, extensions besides the usual ones, and the key as arguments of `openssl genpkey`.
kinds() {
  cat <<'KINDS'
good - EC -pkeyopt ec_paramgen_curve:P-256
p384 - EC -pkeyopt ec_paramgen_curve:P-384
p521 - EC -pkeyopt ec_paramgen_curve:P-521
p224 - EC -pkeyopt ec_paramgen_curve:P-224
secp256k1 - EC -pkeyopt ec_paramgen_curve:secp256k1
brainpool - EC -pkeyopt ec_paramgen_curve:brainpoolP256r1
ed25519 - ED25519
ed448 - ED448
rsa-1024 - RSA -pkeyopt rsa_keygen_bits:1024
rsa-2048 - RSA -pkeyopt rsa_keygen_bits:2048
rsa-pss - RSA-PSS -pkeyopt rsa_keygen_bits:2048
dsa - DSA
may-not-sign keyUsage=critical,digitalSignature,cRLSign EC -pkeyopt ec_paramgen_curve:P-256
for-clients extendedKeyUsage=clientAuth EC -pkeyopt ec_paramgen_curve:P-256
for-servers extendedKeyUsage=serverAuth EC -pkeyopt ec_paramgen_curve:P-256
unknown-critical 1.3.6.1.4.1.55555.1=critical,DER:0500 EC -pkeyopt ec_paramgen_curve:P-256
usage-not-critical keyUsage=keyCertSign,cRLSign EC -pkeyopt ec_paramgen_curve:P-256
constraints-not-critical basicConstraints=CA:TRUE EC -pkeyopt ec_paramgen_curve:P-256
no-key-identifier subjectKeyIdentifier=none EC -pkeyopt ec_paramgen_curve:P-256
name-constraints nameConstraints=critical,permitted;DNS:localhost EC -pkeyopt ec_paramgen_curve:P-256
critical-policies certificatePolicies=critical,2.5.29.32.0 EC -pkeyopt ec_paramgen_curve:P-256
KINDS
}

[ $# -eq 1 ] || { kinds | cut -d ' ' -f 1; exit; }
read -r kind extension algorithm < <(kinds | grep "^$1 ")
read -ra algorithm <<<"$algorithm"
cat >kind.cnf <<CNF
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
${extension#-}
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid,issuer
subjectAltName = DNS:localhost,IP:127.0.0.1
CNF
if [ "$kind" = dsa ]; then
  openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -out parameters
  openssl genpkey -paramfile parameters -out ca.key
else
  openssl genpkey -algorithm "${algorithm[@]}" -out ca.key
fi
openssl req -x509 -config kind.cnf -extensions ca -subj "/CN=$kind" -days 365 -key ca.key -out ca.crt
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out server-key.pem
openssl req -new -config kind.cnf -subj /CN=localhost -key server-key.pem -out server.csr
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -set_serial 4097 -days 90 \
  -extfile kind.cnf -extensions server -out server.pem

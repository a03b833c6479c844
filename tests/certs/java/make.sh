#!/usr/bin/env bash
# Creates the key stores of this folder with keytool (JDK 16 or later) at every run: all contain ca-rsa.pem and
# ca-ec.crt as trusted certificates, with the differences that their names state.
#
#   jks           the format of a JVM's cacerts until JDK 17
#   jks-and-key   the same, with a key and its certificate
#   bare          a PKCS#12 without a password: the format since then
#   modern        an encrypted PKCS#12 with the customary password, as keytool creates it
#   and-key       the same, with a key and its certificate
#   by-openssl    created by openssl without a password: no JVM trusts its certificates
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

put() {
    local name=$1 file
    shift
    for file in ca-rsa.pem ca-ec.crt; do
        keytool -importcert -noprompt -alias "$file" -file "../$file" -keystore "$name" "$@" 2>/dev/null
    done
}
key() {
    keytool -genkeypair -alias key -dname CN=key -keyalg EC -validity 7300 -keystore "$1" \
        -storetype "$2" -storepass changeit 2>/dev/null
}

rm -f jks jks-and-key bare modern and-key by-openssl
put jks -storetype JKS -storepass changeit
key jks-and-key JKS
put jks-and-key -storepass changeit
put bare -J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE -J-Dkeystore.pkcs12.macAlgorithm=NONE \
    -storetype PKCS12 -storepass changeit
put modern -storetype PKCS12 -storepass changeit
key and-key PKCS12
put and-key -storepass changeit
openssl pkcs12 -export -nokeys -certpbe NONE -nomac -in ../ca-rsa.pem -passout pass: -out by-openssl
chmod 0644 by-openssl

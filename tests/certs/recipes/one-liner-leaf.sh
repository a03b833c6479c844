#!/usr/bin/env bash
# A self-signed certificate that is not a CA, as https://letsencrypt.org/docs/certificates-for-localhost/ creates it.
# trusted: localhost.crt; served: localhost.crt localhost.key
set -euo pipefail

openssl req -x509 -out localhost.crt -keyout localhost.key \
  -newkey rsa:2048 -nodes -sha256 \
  -subj '/CN=localhost' -extensions EXT -config <( \
   printf "[dn]\nCN=localhost\n[req]\ndistinguished_name = dn\n[EXT]\nsubjectAltName=DNS:localhost\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth")

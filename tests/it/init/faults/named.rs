//! Faults that once did harm, each by the path of the failed call.

use crate::init::faults::runs::image;
use crate::init::faults::traced;
use crate::init::store::{install, tree};
use crate::world::{CUSTOM_CA, Outcome, ROOTS, Run, World, gallery};

const RECORD: &str = "/var/lib/trust-init/store";

/// Runs with a failing call on `path`; returns whether the fault happened.
fn failing(world: &World, run: &Run<'_>, path: &str, inject: &str) -> (Outcome, bool) {
    let inject = format!("inject={inject}");
    let (outcome, log) = traced(&run.command(), &world.path("log"), &["-P", path, "-e", &inject]);
    (outcome, log.contains("(INJECTED)"))
}

/// Otherwise the CA of an earlier run would count as the image's and stay forever.
#[test]
fn an_unreadable_record_is_an_error_and_kept() {
    let world = image();
    let before = tree(&world);
    install(&world).run().succeeds();
    for run in [install(&world), world.trust_init(&["env"])] {
        let (outcome, _) = failing(&world, &run, RECORD, "openat:error=EIO");
        outcome
            .exits(125)
            .says("cannot read `/var/lib/trust-init/store` (the default): input/output error");
    }
    std::fs::remove_file(world.path(CUSTOM_CA)).unwrap();
    let (outcome, _) = failing(&world, &install(&world), RECORD, "openat:error=EIO");
    outcome.exits(125);
    install(&world).run().succeeds().says("removed from the image's own store");
    assert_eq!(tree(&world), before);
}

/// Otherwise the bundle would count as missing and be removed.
#[test]
fn a_bundle_whose_stat_fails_is_never_removed() {
    for call in ["statx", "readlink", "openat"] {
        for n in 1.. {
            let world = image();
            let roots = world.read(ROOTS);
            install(&world).run().succeeds();
            std::fs::remove_file(world.path(CUSTOM_CA)).unwrap();
            let inject = format!("{call}:error=EIO:when={n}");
            let (outcome, is_hit) = failing(&world, &install(&world), ROOTS, &inject);
            assert!(world.has(ROOTS), "{call} {n}: {}", outcome.stderr());
            install(&world).run().succeeds();
            assert_eq!(world.read(ROOTS), roots, "{call} {n}");
            if !is_hit {
                assert!(n > 1, "{call}");
                break;
            }
        }
    }
}

/// Otherwise a custom CA would be skipped silently.
#[test]
fn an_unreadable_directory_of_custom_cas_is_reported() {
    let world = image();
    let directory = "/usr/local/share/ca-certificates";
    let (outcome, _) = failing(&world, &world.trust_init(&["env"]), directory, "openat:error=EIO");
    let outcome =
        outcome.succeeds().says("warning: cannot read `/usr/local/share/ca-certificates`");
    // The CA at the fixed path is still found.
    assert!(outcome.value("SSL_CERT_FILE").is_some());
    std::fs::remove_file(world.path(CUSTOM_CA)).unwrap();
    world.copy("neighbour/ca.crt", "/usr/local/share/ca-certificates/other.crt");
    let (outcome, _) = failing(&world, &world.trust_init(&["env"]), directory, "openat:error=EIO");
    outcome.succeeds().says("warning: cannot read `/usr/local/share/ca-certificates`");
}

/// Otherwise a file of an earlier start would count as mounted, and be adopted with a CA that has been
/// removed.
#[test]
fn no_file_is_adopted_if_its_mount_check_fails() {
    let gone = std::fs::read_to_string(gallery("ca-ec.crt")).unwrap();
    for n in 1.. {
        let world = image();
        let other = "/usr/local/share/ca-certificates/other.crt";
        world.copy("ca-ec.crt", other).trust_init(&["true"]).run().succeeds();
        std::fs::remove_file(world.path(other)).unwrap();
        let run = world.trust_init(&["sh", "-c", "cat $SSL_CERT_FILE"]);
        let inject = format!("inject=statx:error=ENOMEM:when={n}");
        let (outcome, log) = traced(&run.command(), &world.path("log"), &["-e", &inject]);
        assert!(!outcome.stdout().contains(gone.lines().nth(1).unwrap()), "{n}");
        if !log.contains("(INJECTED)") {
            outcome.succeeds();
            assert!(n > 2, "no mount is checked");
            break;
        }
    }
}

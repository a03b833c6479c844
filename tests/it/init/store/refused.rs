//! Cases in which the image's root store is not changed: the container does not own it, it is up to date,
//! or the option is missing.

use std::fs;
use std::os::unix::fs::symlink;

use crate::init::store::{hashed, install, tree};
use crate::world::{ROOTS, Run, World};

/// The message names the refused path, and no file changes.
#[test]
fn a_store_that_the_container_does_not_own_is_refused() {
    let refused = |prepare: &dyn Fn(&World),
                   start: &dyn for<'a> Fn(&World, Run<'a>) -> Run<'a>,
                   words: &str| {
        let world = World::new().with_ca();
        world
            .directory("elsewhere", 0o755)
            .write("elsewhere/ca-certificates.crt", world.read(ROOTS));
        prepare(&world);
        let before = (tree(&world), world.has("/var"));
        let run = start(&world, install(&world)).run().exits(125);
        run.says(words).says("fix: remove --install-store");
        let warned =
            start(&world, world.trust_init(&["--install-store", "--on-error=warn", "env"]));
        let warned = warned.run().succeeds().says(words);
        assert!(warned.value("SSL_CERT_FILE").is_some());
        start(&world, world.trust_init(&["--install-store", "--dry-run"]))
            .run()
            .exits(125)
            .says(words);
        assert_eq!((tree(&world), world.has("/var")), before, "{words}");
    };
    let as_it_is = |_: &World| ();
    let elsewhere = |world: &World| world.path("elsewhere");
    refused(
        &as_it_is,
        &|world, run| run.mount(&elsewhere(world).join("ca-certificates.crt"), ROOTS),
        "cannot change `/etc/ssl/certs/ca-certificates.crt` (--install-store): it is mounted",
    );
    refused(
        &as_it_is,
        &|world, run| run.mount(&elsewhere(world), "/etc/ssl/certs"),
        "it is mounted",
    );
    refused(&as_it_is, &|world, run| run.mount(&world.path("etc"), "/etc"), "it is mounted");
    refused(&as_it_is, &|_, run| run.read_only(), "read-only file system");
    refused(
        &as_it_is,
        &|_, run| run.uid(1000),
        "it belongs to uid 0, and trust-init runs as uid 1000",
    );
    refused(
        &|world| world.owner(ROOTS, 7).copy("ca-rsa.pem", "x").as_unit(),
        &|_, run| run,
        "it belongs to uid 7",
    );
    refused(
        &|world| world.owner("etc/ssl", 7).as_unit(),
        &|_, run| run,
        "cannot change `/etc/ssl` ",
    );
    let planted = |world: &World| {
        fs::rename(world.path("etc/ssl/certs"), world.path("certs")).unwrap();
        symlink("/tmp/link", world.path("etc/ssl/certs")).unwrap();
        symlink("/certs", world.path("tmp/link")).unwrap();
        world.owner("tmp/link", 7);
    };
    refused(
        &planted,
        &|_, run| run,
        "cannot change `/tmp/link` (--install-store): it belongs to uid 7",
    );
    refused(
        &|world| fs::remove_file(world.path(ROOTS)).unwrap(),
        &|_, run| run,
        "cannot change the image's own store (--install-store): the image has none",
    );
    refused(
        &|world| world.directory("var/lib", 0o755).as_unit(),
        &|world, run| run.mount(&elsewhere(world), "/var/lib"),
        "cannot change `/var/lib` (--install-store): it is mounted",
    );
}

trait AsUnit {
    fn as_unit(&self) {}
}
impl AsUnit for World {}

/// The CA is already in the store, so no right is required: a health check of another user, a store
/// prepared in the image's build, a mounted store that contains the CA.
#[test]
fn a_store_that_contains_the_ca_is_not_refused() {
    let world = World::new().with_ca();
    world.trust_init(&["--install-store", "--prepare"]).run().succeeds();
    let before = tree(&world);
    install(&world).uid(1000).run().succeeds().says("in the image's own store");
    install(&world).read_only().run().succeeds();
    world.trust_init(&["--print-env"]).env("TRUST_INIT_INSTALL_STORE", "1").run().succeeds();
    assert_eq!(tree(&world), before);
    install(&world).uid(1000).env("TRUST_INIT_CA", "").run().exits(125).says("it belongs to uid 0");
}

#[test]
fn dry_run_and_print_env_change_nothing() {
    let world = World::new().with_ca();
    let before = (tree(&world), world.has("/var"));
    let words = ["--install-store", "--dry-run"];
    world.trust_init(&words).run().succeeds().says(&format!(
        "would install the same in the image's own store: `{ROOTS}`, `{}`",
        hashed()
    ));
    world.trust_init(&["--install-store", "--print-env"]).run().succeeds();
    world.trust_init(&["env"]).run().succeeds().never_says("store");
    assert_eq!((tree(&world), world.has("/var")), before);
    install(&world).run().succeeds();
    let before = tree(&world);
    world.trust_init(&words).env("TRUST_INIT_CA", "").run().succeeds().says("would remove from");
    assert_eq!(tree(&world), before);
}

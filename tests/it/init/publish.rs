//! Where the bundle goes, and whose files are never touched.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use crate::world::{BUNDLE, CUSTOM_CA, ROOTS, World, count};

/// The path that SSL_CERT_FILE names.
#[track_caller]
fn bundle(run: &crate::world::Outcome) -> String {
    run.value("SSL_CERT_FILE").unwrap_or_else(|| panic!("not set:\n{}", run.stderr()))
}

#[test]
fn files_are_public_and_ours_whatever_the_umask() {
    let world = World::new().with_ca();
    world.trust_init(&["true"]).before("umask 0777").run().succeeds();
    let mode = |path: &str| world.path(path).metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("/run/trust-init"), mode(BUNDLE)), (0o755, 0o644));
    assert_eq!(world.names("/run/trust-init"), ["ca-bundle.crt", "custom-ca.crt"]);
}

#[test]
fn without_a_place_in_run_a_directory_of_ones_own_is_used() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["env"]).uid(1000).run().succeeds();
    let path = bundle(&run);
    assert!(path.starts_with("/tmp/trust-init-1000-"), "{path}");
    assert_eq!(world.path(&path).metadata().unwrap().uid(), 1000);
    run.never_says("warning");
    let world = World::new().with_ca();
    world.mode("/tmp", 0o755);
    let path = bundle(&world.trust_init(&["env"]).uid(1000).run().succeeds());
    assert!(path.starts_with("/dev/shm/trust-init-1000-"), "{path}");
}

#[test]
fn with_nothing_to_write_to_the_bundle_is_in_memory_and_its_limits_are_said() {
    let world = World::new().with_ca();
    let words = ["sh", "-c", "sh -c 'cat $SSL_CERT_FILE'"];
    let run = world.trust_init(&words).uid(1000).read_only().run().succeeds();
    assert_eq!(count(&run.stdout()), 2, "a child of the service can read it");
    run.says("the bundle is in memory").says("but `exec` and health checks cannot");
}

#[test]
fn a_read_only_root_with_a_tmpfs_is_enough() {
    let world = World::new().with_ca();
    world.directory("/run/trust-init", 0o755);
    let run = world.trust_init(&["env"]).uid(1000).read_only().tmpfs("/run/trust-init").run();
    assert_eq!(bundle(&run.succeeds()), BUNDLE);
}

#[test]
fn three_starts_leave_what_one_leaves() {
    let world = World::new().with_ca();
    let mut inodes = Vec::new();
    for _ in 0..3 {
        world.trust_init(&["true"]).run().succeeds();
        inodes.push(world.path(BUNDLE).metadata().unwrap().ino());
    }
    assert!(inodes.iter().all(|inode| *inode == inodes[0]), "written once");
    assert_eq!(world.names("/run/trust-init"), ["ca-bundle.crt", "custom-ca.crt"]);
}

#[test]
fn a_ca_that_was_replaced_is_gone_after_the_next_start() {
    let world = World::new().with_ca();
    world.trust_init(&["true"]).run().succeeds();
    let old = world.read(CUSTOM_CA);
    world.copy("ca-ec.crt", CUSTOM_CA);
    world.trust_init(&["true"]).run().succeeds();
    let bundle = world.read(BUNDLE);
    assert!(bundle.contains(&world.read(CUSTOM_CA)) && !bundle.contains(&old));
}

#[test]
fn what_runs_beside_the_service_never_changes_its_bundle() {
    let world = World::new().with_ca();
    world.copy("ca-ec.crt", "/other.crt");
    // The first process of the container is a shell; trust-init under it is like `docker exec`.
    let script = "/trust-init --print-env >/dev/null; /trust-init --ca /other.crt env; true";
    world.trust_init(&["true"]).run().succeeds();
    let before = world.read(BUNDLE);
    let run = world.trust_init(&["sh", "-c", script]).env("TRUST_INIT_CA", CUSTOM_CA).run();
    let path = bundle(&run.succeeds());
    assert!(path.starts_with("/run/trust-init/trust-init-0-"), "{path}");
    assert!(world.read(&path).contains(&world.read("/other.crt")));
    assert_eq!(world.read(BUNDLE), before);
}

#[test]
fn two_containers_with_two_cas_on_one_volume_never_meet() {
    let volume = crate::world::Scratch::new();
    for order in [[0, 1], [1, 0]] {
        for target in ["/volume", "/run/trust-init"] {
            let worlds = [World::new().with_ca(), World::new()];
            worlds[1].copy("ca-ec.crt", CUSTOM_CA);
            let directory = volume.path().join(format!("{order:?}{}", target.len()));
            std::fs::create_dir(&directory).unwrap();
            let mut paths = Vec::new();
            for which in order {
                worlds[which].directory(target, 0o755);
                let run = worlds[which].trust_init(&["--dir", target, "env"]);
                paths.push((which, bundle(&run.mount(&directory, target).run().succeeds())));
            }
            for (which, path) in paths {
                let inside =
                    directory.join(path.strip_prefix(target).unwrap().trim_start_matches('/'));
                let text = std::fs::read_to_string(inside).unwrap();
                assert!(text.contains(&worlds[which].read(CUSTOM_CA)), "{path}");
                assert!(!text.contains(&worlds[1 - which].read(CUSTOM_CA)), "{path}");
            }
        }
    }
}

#[test]
fn a_named_directory_that_does_not_serve_is_an_error_and_never_a_fallback() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["--dir", "/etc", "true"]).uid(1000).run().exits(125);
    run.says("cannot publish the bundle in `/etc` (from --dir): permission denied");
    assert!(world.names("/tmp").is_empty());
    let run = world.trust_init(&["true"]).env("TRUST_INIT_DIR", "/a/b").run().exits(125);
    run.says("(from TRUST_INIT_DIR)");
    symlink("/tmp", world.path("/link")).unwrap();
    world.trust_init(&["--dir", "/link", "true"]).run().exits(125).says("only a link to one");
    let made = world.trust_init(&["--dir", "/new", "env"]).run().succeeds();
    assert!(bundle(&made).starts_with("/new/trust-init-0-"));
}

#[test]
fn a_named_directory_that_everybody_can_write_to_is_used_with_a_warning() {
    let world = World::new().with_ca();
    world.directory("/volume", 0o777);
    let run = world.trust_init(&["--dir", "/volume", "env"]).run().succeeds();
    assert!(
        bundle(&run.says("every user of this container can change"))
            .starts_with("/volume/trust-init-0-")
    );
    world.directory("/theirs", 0o755).owner("/theirs", 7);
    let run = world.trust_init(&["--dir", "/theirs", "true"]).run().exits(125);
    run.says("it belongs to uid 7, neither root nor uid 0");
}

#[test]
fn a_volume_for_everybody_is_prepared_where_it_is_named() {
    // A pod's emptyDir: one container prepares it, another has it read-only.
    let world = World::new().with_ca();
    world.directory("/volume", 0o777).directory("/run/trust-init", 0o777);
    let (volume, home) = (world.path("/volume"), "/run/trust-init");
    let prepare = |words: &[&str]| {
        world.trust_init(&[&["--prepare"], words].concat()).uid(10001).mount(&volume, home).run()
    };
    // Unless it is named, it is not safe.
    let elsewhere = prepare(&[]).succeeds();
    elsewhere.says("other users can replace its files").says("in `/tmp/trust-init-10001-");
    assert_eq!(world.names("/volume"), [""; 0]);

    for _ in 0..2 {
        let run = prepare(&["--dir", home]).succeeds();
        run.says("every user of this container can change")
            .says("in `/run/trust-init/ca-bundle.crt`");
        assert_eq!(world.names("/volume"), ["ca-bundle.crt", "custom-ca.crt"]);
    }

    let target = world.path(home).display().to_string();
    let run = world.trust_init(&["env"]).uid(10002).mount(&volume, home);
    let run = run.before(&format!("mount -o remount,ro,bind '{target}'")).run().succeeds();
    assert_eq!(bundle(&run.never_says("warning")), "/run/trust-init/ca-bundle.crt");
}

#[test]
fn a_name_that_somebody_else_planted_is_neither_read_nor_replaced() {
    let world = World::new().with_ca();
    let mine = bundle(&world.trust_init(&["env"]).uid(1000).run().succeeds());
    let directory = mine.rsplit_once('/').unwrap().0.to_owned();
    world.owner(&directory, 7);
    let run = world.trust_init(&["env"]).uid(1000).run().succeeds();
    assert!(bundle(&run).starts_with("/dev/shm/trust-init-1000-"));
    run.says("belongs to uid 7, not to uid 1000");
    world.owner(&directory, 1000).write(&mine, "tampered with").owner(&mine, 1000);
    let run = world.trust_init(&["env"]).uid(1000).run().succeeds();
    assert!(bundle(&run).starts_with("/dev/shm/"));
    run.says("it already contains `ca-bundle.crt`, with different contents");
    assert_eq!(world.read(&mine), "tampered with");
}

#[test]
fn a_directory_on_the_way_that_others_can_replace_is_not_trusted() {
    let world = World::new().with_ca();
    world.mode("/run", 0o777);
    let run = world.trust_init(&["env"]).run().succeeds();
    assert!(bundle(&run).starts_with("/tmp/trust-init-0-"));
    run.says("`/run/trust-init` is not used: other users can replace its files");
}

#[test]
fn a_directory_of_ours_is_opened_up_but_never_closed_over_what_others_could_write() {
    let world = World::new().with_ca();
    let mine = bundle(&world.trust_init(&["env"]).uid(1000).run().succeeds());
    let directory = mine.rsplit_once('/').unwrap().0.to_owned();
    world.mode(&directory, 0o700);
    assert_eq!(bundle(&world.trust_init(&["env"]).uid(1000).run().succeeds()), mine);
    assert_eq!(world.path(&directory).metadata().unwrap().permissions().mode() & 0o7777, 0o755);
    world.mode(&directory, 0o777);
    let run = world.trust_init(&["env"]).uid(1000).run().succeeds();
    assert!(bundle(&run.says("with different contents")).starts_with("/dev/shm/"));
}

#[test]
fn a_link_in_the_place_of_our_file_is_not_followed() {
    let world = World::new().with_ca();
    world.directory("/run/trust-init", 0o755).write("/etc/victim", "keep me");
    symlink("/etc/victim", world.path(BUNDLE)).unwrap();
    let run = world.trust_init(&["env"]).run().succeeds();
    assert_ne!(bundle(&run), BUNDLE);
    assert_eq!(world.read("/etc/victim"), "keep me");
}

#[test]
fn a_mounted_bundle_that_holds_everything_is_adopted() {
    let world = World::new().with_ca();
    let both = format!("{}{}", world.read(ROOTS), world.read(CUSTOM_CA));
    world.write("/prepared.crt", both).directory("/run/trust-init", 0o755).write(BUNDLE, "");
    let prepared = world.path("/prepared.crt");
    let run =
        world.trust_init(&["env"]).mount(&prepared, BUNDLE).env("NODE_EXTRA_CA_CERTS", CUSTOM_CA);
    let run = run.env("DENO_CERT", CUSTOM_CA).env("SSL_CERT_FILE", BUNDLE).run().succeeds();
    assert_eq!(bundle(&run), BUNDLE);
    run.never_says("warning");
    assert_eq!(world.names("/run/trust-init"), ["ca-bundle.crt"], "nothing was written");
    assert!(world.names("/tmp").is_empty());
    // The mounted CA serves whoever adds to roots of its own, so that nothing is written here either.
    let ca = world.path("/mounted-ca.crt");
    world.copy("neighbour/ca.crt", "/mounted-ca.crt");
    let run = world.trust_init(&["env"]).mount(&prepared, BUNDLE).mount(&ca, CUSTOM_CA).run();
    assert_eq!(run.succeeds().value("NODE_EXTRA_CA_CERTS").as_deref(), Some(CUSTOM_CA));
    assert_eq!(world.names("/run/trust-init"), ["ca-bundle.crt"], "nothing was written");
    // Roots that the user leaves out are not brought back by it.
    let none = world.trust_init(&["--roots", "none", "env"]).mount(&prepared, BUNDLE).run();
    assert_eq!(count(&world.read(&bundle(&none.succeeds().says("--roots excludes")))), 1);
}

#[test]
fn a_mounted_bundle_that_lacks_something_is_not_used_and_said() {
    let world = World::new().with_ca();
    world.directory("/run/trust-init", 0o755).write(BUNDLE, "");
    let run = world.trust_init(&["env"]).mount(&world.path(ROOTS), BUNDLE).run().succeeds();
    let path = bundle(&run);
    assert_ne!(path, BUNDLE);
    assert_eq!(count(&world.read(&path)), 2);
    run.says(
        "the bundle mounted at `/run/trust-init/ca-bundle.crt` is not used: it lacks 1 certificate",
    );
}

#[test]
fn prepare_publishes_for_others_and_ends() {
    let world = World::new().with_ca();
    world.trust_init(&["--prepare"]).run().succeeds().prints("");
    assert_eq!(count(&world.read(BUNDLE)), 2);
    world.trust_init(&["--prepare", "true"]).run().exits(125).says("`--prepare` with a PROGRAM");
}

#[test]
fn dry_run_changes_nothing_and_says_what_would_be_done() {
    let world = World::new().with_ca();
    let run = world.trust_init(&["--dry-run", "python", "app.py"]).run().succeeds();
    run.says("would start `python`")
        .says("would set SSL_CERT_FILE=`/run/trust-init/ca-bundle.crt`");
    assert!(!world.has("/run/trust-init"));
    let run = world.trust_init(&["--dry-run"]).uid(1000).run().succeeds();
    run.says("would set SSL_CERT_FILE=`/tmp/trust-init-1000-");
    assert!(world.names("/tmp").is_empty());
}

#[test]
fn an_image_with_nothing_in_it_gets_its_directories() {
    let world = World::empty();
    world.copy("neighbour/ca.crt", CUSTOM_CA);
    world.trust_init(&["/trust-init", "--version"]).run().succeeds().prints(concat!(
        "trust-init ",
        env!("CARGO_PKG_VERSION"),
        "\n"
    ));
    assert_eq!(count(&world.read(BUNDLE)), 1);
}

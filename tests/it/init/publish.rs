//! The directory of the bundle, and the files that are never changed.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use crate::world::{BUNDLE, CUSTOM_CA, ROOTS, World, count};

/// Returns the path that SSL_CERT_FILE names.
#[track_caller]
fn bundle(run: &crate::world::Outcome) -> String {
    run.value("SSL_CERT_FILE").unwrap_or_else(|| panic!("not set:\n{}", run.stderr()))
}

#[test]
fn file_modes_do_not_depend_on_the_umask() {
    let world = World::new().with_ca();
    world.trust_init(&["true"]).before("umask 0777").run().succeeds();
    let mode = |path: &str| world.path(path).metadata().unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("/run/trust-init"), mode(BUNDLE)), (0o755, 0o644));
    assert_eq!(world.names("/run/trust-init"), ["ca-bundle.crt", "custom-ca.crt"]);
}

#[test]
fn without_a_writable_run_a_private_directory_is_used() {
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
fn without_a_writable_directory_the_bundle_is_in_memory() {
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
fn three_starts_leave_the_files_of_one() {
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
fn a_replaced_ca_is_gone_after_the_next_start() {
    let world = World::new().with_ca();
    world.trust_init(&["true"]).run().succeeds();
    let old = world.read(CUSTOM_CA);
    world.copy("ca-ec.crt", CUSTOM_CA);
    world.trust_init(&["true"]).run().succeeds();
    let bundle = world.read(BUNDLE);
    assert!(bundle.contains(&world.read(CUSTOM_CA)) && !bundle.contains(&old));
}

#[test]
fn another_run_never_changes_the_bundle_of_the_service() {
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
fn two_containers_with_two_cas_can_share_a_volume() {
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
fn an_unusable_named_directory_is_an_error_without_fallback() {
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
    // A service that changes its directory would read another file.
    let run = world.trust_init(&["--dir", "relative", "true"]).run().exits(125);
    run.says("cannot use `relative` (from --dir): it is not an absolute path");
}

#[test]
fn a_world_writable_named_directory_is_used_with_a_warning() {
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
fn a_named_directory_that_others_can_replace_on_the_way_is_used_with_a_warning() {
    let world = World::new().with_ca();
    let start = |path: &str, uid: u32| world.trust_init(&["--dir", path, "env"]).uid(uid).run();
    world.directory("/home", 0o755).directory("/home/u", 0o755).owner("/home/u", 1000);
    world.directory("/home/u/data", 0o755).directory("/all", 0o777).directory("/all/data", 0o755);
    world.directory("/ours", 0o755);
    symlink("/ours", world.path("/home/u/link")).unwrap();
    world.directory("/ours/data", 0o755);
    for (path, why) in [
        ("/home/u/data", "`/home/u`, it belongs to uid 1000, neither root nor uid 0"),
        ("/home/u/link/data", "`/home/u`, it belongs to uid 1000"),
        ("/all/data", "`/all`, other users can replace its files (mode 0777, no sticky bit)"),
    ] {
        let run = start(path, 0).succeeds();
        let says = format!("warning: another user can replace `{path}`");
        run.says(&says).says(&format!("on the way to it is {why}"));
    }
    // A link in a sticky directory is its owner's.
    symlink("/ours", world.path("/tmp/link")).unwrap();
    start("/tmp/link/data", 0).succeeds().never_says("warning");
    world.owner("/tmp/link", 7);
    start("/tmp/link/data", 0)
        .succeeds()
        .says("on the way to it is `/tmp/link`, it belongs to uid 7");
    // One's own directories, and root's, are safe.
    world.owner("/home/u/data", 1000);
    start("/home/u/data", 1000).succeeds().never_says("warning");
    start("/ours/data", 0).succeeds().never_says("warning");
}

#[test]
fn a_world_writable_volume_is_used_only_if_named() {
    // The emptyDir of a pod: one container prepares it, another mounts it read-only.
    let world = World::new().with_ca();
    world.directory("/volume", 0o777).directory("/run/trust-init", 0o777);
    let (volume, home) = (world.path("/volume"), "/run/trust-init");
    let prepare = |words: &[&str]| {
        world.trust_init(&[&["--prepare"], words].concat()).uid(10001).mount(&volume, home).run()
    };
    // Without the option the directory is not used, as others can write to it.
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
fn a_planted_file_is_neither_read_nor_replaced() {
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
fn a_parent_directory_that_others_can_replace_is_not_used() {
    let world = World::new().with_ca();
    world.mode("/run", 0o777);
    let run = world.trust_init(&["env"]).run().succeeds();
    assert!(bundle(&run).starts_with("/tmp/trust-init-0-"));
    run.says("`/run/trust-init` is not used: other users can replace its files");
}

#[test]
fn our_directory_is_made_readable_unless_others_could_write() {
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
fn a_link_in_place_of_our_file_is_not_followed() {
    let world = World::new().with_ca();
    world.directory("/run/trust-init", 0o755).write("/etc/victim", "keep me");
    symlink("/etc/victim", world.path(BUNDLE)).unwrap();
    let run = world.trust_init(&["env"]).run().succeeds();
    assert_ne!(bundle(&run), BUNDLE);
    assert_eq!(world.read("/etc/victim"), "keep me");
}

#[test]
fn a_complete_mounted_bundle_is_adopted() {
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
    // Programs that add to built-in roots use the mounted CA, so no file is written here either.
    let ca = world.path("/mounted-ca.crt");
    world.copy("neighbour/ca.crt", "/mounted-ca.crt");
    let run = world.trust_init(&["env"]).mount(&prepared, BUNDLE).mount(&ca, CUSTOM_CA).run();
    assert_eq!(run.succeeds().value("NODE_EXTRA_CA_CERTS").as_deref(), Some(CUSTOM_CA));
    assert_eq!(world.names("/run/trust-init"), ["ca-bundle.crt"], "nothing was written");
    // The mounted bundle does not bring back roots that the user left out.
    let none = world.trust_init(&["--roots", "none", "env"]).mount(&prepared, BUNDLE).run();
    assert_eq!(count(&world.read(&bundle(&none.succeeds().says("--roots excludes")))), 1);
}

#[test]
fn an_incomplete_mounted_bundle_is_reported_and_not_used() {
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
fn prepare_publishes_the_files_and_exits() {
    let world = World::new().with_ca();
    world.trust_init(&["--prepare"]).run().succeeds().prints("");
    assert_eq!(count(&world.read(BUNDLE)), 2);
    world.trust_init(&["--prepare", "true"]).run().exits(125).says("`--prepare` with a PROGRAM");
}

#[test]
fn dry_run_prints_the_plan_and_changes_nothing() {
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
fn an_empty_image_gets_its_directories() {
    let world = World::empty();
    world.copy("neighbour/ca.crt", CUSTOM_CA);
    world.trust_init(&["/trust-init", "--version"]).run().succeeds().prints(concat!(
        "trust-init ",
        env!("CARGO_PKG_VERSION"),
        "\n"
    ));
    assert_eq!(count(&world.read(BUNDLE)), 1);
}

//! The image's own store under `--install-store`: what is added, where, and that it is gone without a
//! trace when the CA is.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::process::Command;

use trust_init::inspect::certificate::Fingerprint;
use trust_init::inspect::subject;
use trust_init::truststore;

use crate::world::{CUSTOM_CA, Outcome, ROOTS, Run, World, gallery, tool};

const RECORD: &str = "/var/lib/trust-init/store";
const CACERTS: &str = "/opt/java/openjdk/lib/security/cacerts";
const JSSECACERTS: &str = "/opt/java/openjdk/lib/security/jssecacerts";
/// `openssl x509 -subject_hash` of the CA that is mounted.
const HASHED: &str = "/etc/ssl/certs/HASH.0";

/// Every file of an image, but for what is made anew at every start: owner, mode, contents or target.
fn tree(world: &World) -> Vec<String> {
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

fn install(world: &World) -> Run<'_> {
    world.trust_init(&["--install-store", "env"])
}

/// A start without the CA.
#[track_caller]
fn without(world: &World) -> Outcome {
    install(world).env("TRUST_INIT_CA", "").run().succeeds()
}

fn openssl_hash(path: &Path) -> Option<String> {
    let mut command = Command::new(tool("openssl"));
    let output =
        command.args(["x509", "-noout", "-subject_hash", "-in"]).arg(path).output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

fn hashed() -> String {
    HASHED.replace("HASH", &openssl_hash(&gallery("neighbour/ca.crt")).unwrap())
}

#[track_caller]
fn same_hash(path: &Path) {
    let text = fs::read(path).unwrap();
    let anchors = trust_init::inspect::anchors(&text);
    let ours = subject::hash(anchors.certificates.first().unwrap());
    let theirs = openssl_hash(path);
    assert_eq!(ours.map(|hash| format!("{hash:08x}")), theirs, "{}", path.display());
}

#[test]
fn the_hash_is_openssls() {
    let mut count = 0;
    for directory in
        [gallery("."), gallery("neighbour"), "/usr/share/ca-certificates/mozilla".into()]
    {
        for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            // What is read by nobody is in no store.
            let text = fs::read(&path).unwrap_or_default();
            let is_read = !trust_init::inspect::anchors(&text).certificates.is_empty();
            if is_read && openssl_hash(&path).is_some() {
                same_hash(&path);
                count += 1;
            }
        }
    }
    assert!(count > 150, "{count}");
}

/// Names whose form that counts is not the one in which they are written.
#[test]
fn the_hash_of_unusual_names_is_openssls_too() {
    let world = World::empty();
    let long = "Ü".repeat(64);
    for (number, (subject, mask)) in [
        ("/C=DE/O=  Two   Spaces  /CN=MiXeD Case", "utf8only"),
        ("/O=Zürich AG/CN=Ä ö  ü", "utf8only"),
        ("/O=Zürich AG/CN=Ä ö  ü", "MASK:0x800"),
        ("/O=Plain/CN=Universal", "MASK:0x100"),
        ("/O=Latin/CN=Müller", "MASK:0x4"),
        ("/O=b+OU=a+CN=C/DC=local", "nombstr"),
        ("/CN=b+OU=a/emailAddress=Me@Example.org", "pkix"),
        (&*format!("/O={long}+OU={long}/CN={long}"), "utf8only"),
        ("/", "utf8only"),
    ]
    .into_iter()
    .enumerate()
    {
        let config =
            format!("[req]\ndistinguished_name=d\nstring_mask={mask}\nprompt=no\nutf8=yes\n[d]\n");
        world.write("openssl.cnf", config);
        let out = world.path(&format!("{number}.crt"));
        let words =
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -utf8 -multivalue-rdn";
        let mut command = Command::new(tool("openssl"));
        command.args(words.split(' ')).arg("-config").arg(world.path("openssl.cnf"));
        command.args(["-subj", subject, "-keyout", "/dev/null", "-out"]).arg(&out);
        let made = command.output().unwrap();
        assert!(made.status.success(), "{subject}: {}", String::from_utf8_lossy(&made.stderr));
        same_hash(&out);
    }
}

#[test]
fn bundle_and_hashed_name_have_the_ca_and_are_as_before_without_it() {
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
    without(&world).says("taken out of the image's own store again");
    assert_eq!(tree(&world), before);
    assert_eq!(world.names("/var/lib"), [""; 0]);
    without(&world).stays_silent();
}

#[test]
fn another_ca_takes_the_place_of_the_first() {
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

/// The record says what is not the image's: at every later start, with the option or without, the same
/// variables are set, and to the same.
#[test]
fn what_was_added_does_not_count_as_the_images() {
    let world = World::new().with_ca();
    let first = world.trust_init(&["env"]).run().succeeds();
    install(&world).run().succeeds();
    for run in [install(&world), world.trust_init(&["env"])] {
        let run = run.env("REQUESTS_CA_BUNDLE", ROOTS).run().succeeds().says("and 1 root of");
        assert_eq!(run.value("SSL_CERT_FILE"), first.value("SSL_CERT_FILE"));
        assert_eq!(run.value("REQUESTS_CA_BUNDLE"), first.value("SSL_CERT_FILE"));
        run.never_says("double");
    }
    // The CA is another now, and the store is not looked after: it is of no account all the same.
    world.copy("ca-ec.crt", CUSTOM_CA);
    let run = world.trust_init(&["sh", "-c", "cat $SSL_CERT_FILE"]).run().succeeds();
    assert_eq!(
        run.stdout(),
        world.read(CUSTOM_CA) + &fs::read_to_string(gallery("ca-rsa.pem")).unwrap()
    );
}

/// A record that somebody else could write says nothing.
#[test]
fn a_planted_record_is_not_believed() {
    let world = World::new().with_ca();
    install(&world).run().succeeds();
    world.owner(RECORD, 7);
    world.trust_init(&["env"]).run().succeeds().stays_silent();
    world.copy("ca-ec.crt", CUSTOM_CA);
    let run = install(&world).run().exits(125);
    run.says("cannot change `/var/lib/trust-init/store` (--install-store): it belongs to uid 7");
}

#[test]
fn a_bundle_without_its_last_line_end_is_restored_to_the_byte() {
    let world = World::new().with_ca();
    world.write(ROOTS, world.read(ROOTS).trim_end());
    let before = tree(&world);
    install(&world).run().succeeds();
    assert!(world.read(ROOTS).contains("-----END CERTIFICATE-----\n-----BEGIN"));
    without(&world);
    assert_eq!(tree(&world), before);
}

/// As `update-ca-certificates` does: ours is put in again, and what is new there stays.
#[test]
fn a_bundle_that_was_written_anew_keeps_what_is_new() {
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
        // And where nobody put ours in again meanwhile.
        world.write(ROOTS, &roots);
        install(&world).run().succeeds();
        world.write(ROOTS, &rewritten);
        without(&world);
        assert_eq!(world.read(ROOTS), rest);
    }
}

#[test]
fn the_next_number_is_taken_where_a_hashed_name_is() {
    let world = World::new().with_ca();
    let place = |number: u32| hashed().replace(".0", &format!(".{number}"));
    world.copy("ca-ec.crt", &place(0));
    symlink("/nowhere", world.path(&place(1))).unwrap();
    let before = tree(&world);
    install(&world).run().succeeds().says(&place(2));
    assert_eq!(world.read(&place(2)), world.read(CUSTOM_CA));
    without(&world);
    assert_eq!(tree(&world), before);
    // A file of somebody's with the same CA serves, and stays.
    fs::remove_file(world.path(&place(1))).unwrap();
    symlink(CUSTOM_CA, world.path(&place(1))).unwrap();
    let before = tree(&world);
    install(&world).run().succeeds().never_says(&place(2));
    without(&world);
    assert_eq!(tree(&world), before);
    // What somebody wrote into ours is theirs.
    fs::remove_file(world.path(&place(1))).unwrap();
    install(&world).run().succeeds().says(&place(1));
    world.copy("two.crt", &place(1));
    without(&world);
    assert_eq!(world.read(&place(1)), fs::read_to_string(gallery("two.crt")).unwrap());
}

/// Each distribution's files and directories, the links that lead to them included.
#[test]
fn every_layout_is_known() {
    let layouts: [(&[&str], &[(&str, &str)], &[&str]); 4] = [
        (
            &["etc/ssl/certs/ca-certificates.crt"],
            &[("etc/ssl/cert.pem", "certs/ca-certificates.crt")],
            &["etc/ssl/certs"],
        ),
        (
            &["etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"],
            &[
                (
                    "etc/pki/tls/certs/ca-bundle.crt",
                    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                ),
                ("etc/pki/tls/cert.pem", "certs/ca-bundle.crt"),
                ("etc/ssl/certs", "../pki/tls/certs"),
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
                ("etc/ssl/ca-bundle.pem", "/var/lib/ca-certificates/ca-bundle.pem"),
                ("etc/ssl/certs", "/var/lib/ca-certificates/pem"),
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
        for (link, target) in links {
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
        for (link, _) in links {
            assert!(world.path(link).symlink_metadata().unwrap().is_symlink(), "{link}");
        }
        without(&world);
        assert_eq!(tree(&world), before);
    }
}

/// What is refused is named, and nothing at all is changed.
#[test]
fn a_store_that_is_not_the_containers_own_is_refused() {
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
        run.says(words).says("or leave --install-store out");
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
        "cannot change the image's own store (--install-store): there is none",
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

/// Nothing has to be changed, so nothing is asked for: health checks of another user, a store that was
/// prepared when the image was built, a mounted one that has the CA.
#[test]
fn a_store_that_has_the_ca_is_not_refused() {
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
fn a_dry_run_and_the_output_for_a_shell_change_nothing() {
    let world = World::new().with_ca();
    let before = (tree(&world), world.has("/var"));
    let words = ["--install-store", "--dry-run"];
    world
        .trust_init(&words)
        .run()
        .succeeds()
        .says(&format!("would put the same into the image's own store: `{ROOTS}`, `{}`", hashed()));
    world.trust_init(&["--install-store", "--print-env"]).run().succeeds();
    world.trust_init(&["env"]).run().succeeds().never_says("store");
    assert_eq!((tree(&world), world.has("/var")), before);
    install(&world).run().succeeds();
    let before = tree(&world);
    world.trust_init(&words).env("TRUST_INIT_CA", "").run().succeeds().says("would take out of");
    assert_eq!(tree(&world), before);
}

/// Instead of a variable that every JVM announces.
#[test]
fn java_finds_its_key_store_by_itself() {
    let world = World::new().with_ca();
    world.copy("java/jks", CACERTS);
    let before = tree(&world);
    let held = || truststore::read(&fs::read(world.path(JSSECACERTS)).unwrap()).unwrap().len();
    for _ in 0..2 {
        let run = install(&world).run().succeeds();
        let run = run.says(&format!("with 2 roots of `{CACERTS}`, by `{JSSECACERTS}`"));
        assert_eq!(run.value("JAVA_TOOL_OPTIONS"), None);
        assert_eq!(held(), 3);
    }
    // Ours is not what the JVM trusts, with the option or without, when the CA is another.
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
fn a_jssecacerts_of_the_users_own_stays_and_so_does_one_that_cannot_be_written() {
    let world = World::new().with_ca();
    world.copy("java/jks", CACERTS).copy("java/bare", JSSECACERTS);
    let run =
        install(&world).run().succeeds().says(&format!("roots of `{JSSECACERTS}`, by `/run/"));
    assert!(run.value("JAVA_TOOL_OPTIONS").is_some());
    assert_eq!(fs::read(world.path(JSSECACERTS)).unwrap(), fs::read(gallery("java/bare")).unwrap());
    let world = World::new().with_ca();
    world.copy("java/jks", CACERTS);
    let security = world.path(CACERTS).parent().unwrap().to_owned();
    let run = install(&world).mount(&security, "/opt/java/openjdk/lib/security").run().succeeds();
    assert!(run.value("JAVA_TOOL_OPTIONS").is_some());
    assert!(!world.has(JSSECACERTS) && world.has(&hashed()));
}

/// The system calls that change something, or come between two that do.
const CALLS: [&str; 7] = ["mkdirat", "fchmod", "fchown", "writev", "fsync", "renameat", "unlinkat"];

/// What strace says of a run.
fn traced(run: &Run<'_>, expression: &str) -> String {
    let (log, run) = (World::empty(), run.command());
    let mut command = Command::new(tool("strace"));
    command.args(["-f", "-qq", "-o"]).arg(log.path("log")).args(["-e", expression]);
    command.arg(run.get_program()).args(run.get_args()).env_clear();
    command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.output().unwrap();
    log.read("log")
}

fn three_cas() -> World {
    let world = World::new().with_ca();
    world.copy("java/jks", CACERTS).write(ROOTS, world.read(ROOTS).trim_end());
    std::os::unix::fs::chown(world.path(ROOTS), Some(0), Some(42)).unwrap();
    world
}

/// Whatever a run that is killed leaves, the bundle is whole, the next run completes it, and one
/// without the CA leaves no trace.
#[test]
fn a_run_killed_at_any_step_is_completed_or_undone() {
    let original = three_cas();
    let (before, roots) = (tree(&original), original.read(ROOTS));
    let complete = {
        install(&original).run().succeeds();
        tree(&original)
    };
    let mut steps = 0;
    for (prepare, task) in [(false, true), (true, true), (true, false)] {
        for call in CALLS {
            for n in 1.. {
                let world = three_cas();
                if prepare {
                    // Another CA is there, or the same one is to go.
                    let first = if task { "ca-ec.crt" } else { "neighbour/ca.crt" };
                    world.copy(first, CUSTOM_CA);
                    install(&world).run().succeeds();
                    world.copy("neighbour/ca.crt", CUSTOM_CA);
                }
                let run =
                    if task { install(&world) } else { install(&world).env("TRUST_INIT_CA", "") };
                let log = traced(&run, &format!("inject={call}:signal=SIGKILL:when={n}"));
                if !log.contains("killed by SIGKILL") {
                    break;
                }
                steps += 1;
                let step = format!("{call} {n} {prepare} {task}");
                let now = world.read(ROOTS);
                assert!(
                    now.starts_with(&roots) && (now == roots || now.ends_with("-----\n")),
                    "{step}"
                );
                if n % 2 == 0 {
                    let found = tree(&world).join("\n");
                    let run = install(&world).run().succeeds();
                    assert_eq!(tree(&world), complete, "{step}: {found}\n{}", run.stderr());
                }
                without(&world);
                assert_eq!(tree(&world), before, "{step}");
                assert!(!world.has("/var/lib/trust-init"), "{step}");
            }
        }
    }
    assert!(steps > 40, "{steps}");
}

/// As on a disk that is full: nothing is half installed.
#[test]
fn a_write_that_fails_leaves_the_store_as_it_was() {
    let before = tree(&three_cas());
    for n in 1..5 {
        let world = three_cas();
        let log = traced(&install(&world), &format!("inject=fsync:error=ENOSPC:when={n}"));
        if !log.contains("(INJECTED)") {
            assert!(n > 3);
            break;
        }
        assert_eq!(tree(&world), before, "{n}");
        install(&world).run().succeeds();
    }
}

#[test]
fn a_run_without_a_record_pays_one_system_call() {
    let world = World::new().with_ca();
    let log = traced(&world.trust_init(&["true"]), "trace=all");
    assert_eq!(log.matches("/var/lib/trust-init").count(), 1, "{log}");
}

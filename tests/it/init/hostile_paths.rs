//! Unexpected files in place of a file of certificates: trust-init does not hang, uses little memory, and
//! never leaves out certificates without a message.

use std::fmt::Write as _;
use std::fs::File;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;

use nix::sys::stat::{Mode, SFlag, makedev, mknod};

use crate::init::stopped;
use crate::world::{BUNDLE, CUSTOM_CA, Outcome, ROOTS, Run, World, count, gallery, tool};

/// The time limit of a run, in seconds: only a hang takes longer.
const LONG: &str = "20";

/// The limit of the address space, in KiB: the program itself, and one file of 32 MiB while it is read.
const MEMORY: u32 = 96 << 10;

/// The kinds of files, by their names in the tables.
pub const KINDS: [(&str, &str); 15] = [
    ("a named pipe without a writer", "/h/pipe"),
    ("a socket", "/h/socket"),
    ("`/dev/null`", "/dev/null"),
    ("`/dev/zero`", "/dev/zero"),
    ("`/dev/urandom`", "/dev/urandom"),
    ("`/dev/stdin`, which is a device", "/dev/stdin"),
    ("`/proc/self/mem`", "/proc/self/mem"),
    ("`/proc/self/status`, a file of 0 bytes with text in it", "/proc/self/status"),
    ("a link to itself", "/h/loop"),
    ("a dangling link", "/h/dangling"),
    ("an empty directory", "/h/empty"),
    ("a directory with files", "/h/full"),
    ("a file below a file", "/h/pipe/file"),
    ("5 GB of zeros", "/h/sparse"),
    ("an empty file", "/h/nothing"),
];

/// Creates an image with a file of each kind.
pub fn world() -> World {
    let world = World::new().with_ca();
    world.directory("/h/empty", 0o755).copy("ca-ec.crt", "/h/full/ca.txt").write("/h/nothing", "");
    let node = |path: &str, kind: SFlag, device: u64| {
        mknod(&world.path(path), kind, Mode::from_bits_truncate(0o666), device).unwrap();
        world.mode(path, 0o666);
    };
    node("/h/pipe", SFlag::S_IFIFO, 0);
    node("/h/socket", SFlag::S_IFSOCK, 0);
    // null(4), random(4)
    for (path, minor) in [("/dev/null", 3), ("/dev/zero", 5), ("/dev/full", 7), ("/dev/urandom", 9)]
    {
        node(path, SFlag::S_IFCHR, makedev(1, minor));
    }
    let link = |to: &str, path: &str| symlink(to, world.path(path)).unwrap();
    link("/proc/self/fd/0", "/dev/stdin");
    link("loop", "/h/loop");
    link("/nowhere", "/h/dangling");
    File::create(world.path("/h/sparse")).unwrap().set_len(5_000_000_000).unwrap();
    world
}

/// Runs the program with limited memory and time, and asserts that it exits with a code of ours or of the
/// service.
#[track_caller]
pub fn bounded(run: Run<'_>) -> Outcome {
    let outcome = limited(run);
    let ended = outcome.0.status.code();
    assert!(matches!(ended, Some(0 | 125..=127)), "{ended:?}: {}", outcome.stderr());
    outcome
}

/// Runs the program with limited memory and time.
#[track_caller]
pub fn limited(run: Run<'_>) -> Outcome {
    let inner = run.before(&format!("ulimit -v {MEMORY}")).command();
    let mut command = Command::new(tool("timeout"));
    command.args(["-s", "KILL", LONG]).arg(inner.get_program()).args(inner.get_args()).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let outcome = Outcome(command.stdin(std::process::Stdio::null()).output().unwrap());
    assert_ne!(
        outcome.0.status.code(),
        Some(137),
        "the time limit was exceeded: {}",
        outcome.stderr()
    );
    assert_ne!(
        outcome.0.status.signal(),
        Some(9),
        "the time limit was exceeded: {}",
        outcome.stderr()
    );
    outcome
}

/// A service that prints its bundle.
const SERVICE: [&str; 3] = ["sh", "-c", "cat \"$SSL_CERT_FILE\""];

/// Returns the outcome as cells of a table: the number of certificates in the service's bundle, and the
/// first message.
fn cells(outcome: &Outcome) -> String {
    let text = outcome.stderr();
    let mut said = text.lines().filter_map(|line| {
        let line = line.strip_prefix("trust-init: ")?;
        line.strip_prefix("error: ").or_else(|| line.strip_prefix("warning: "))
    });
    let bundle = match outcome.0.status.code() {
        Some(0) => count(&outcome.stdout()).to_string(),
        code => format!("exit code {}", code.unwrap_or_default()),
    };
    format!("{bundle} | {}", said.next().unwrap_or("nothing").replace('|', "\\|"))
}

/// A place in which trust-init looks, and a run with a path in that place.
type Place = (&'static str, fn(&World, &str) -> Outcome);

/// Prepares a run with a link at `place`.
fn linked<'a>(world: &'a World, place: &str, to: &str, words: &[&str]) -> Run<'a> {
    let at = world.path(place);
    let _ = std::fs::remove_file(&at);
    std::fs::create_dir_all(at.parent().unwrap()).unwrap();
    symlink(to, at).unwrap();
    world.trust_init(&[words, &SERVICE].concat())
}

const PLACES: [Place; 11] = [
    ("given with `--ca`", |world, path| {
        bounded(world.trust_init(&[&["--ca", path][..], &SERVICE].concat()))
    }),
    ("given in TRUST_INIT_CA, with `TRUST_INIT_ON_ERROR=warn`", |world, path| {
        let named = format!("{path}:{CUSTOM_CA}");
        let run = world.trust_init(&SERVICE).env("TRUST_INIT_CA", named);
        bounded(run.env("TRUST_INIT_ON_ERROR", "warn"))
    }),
    ("in a directory given with `--ca`, beside a CA", |world, path| {
        world.copy("neighbour/ca.crt", "/named/ca.crt");
        bounded(linked(world, "/named/x.crt", path, &["--ca", "/named"]))
    }),
    ("in `/usr/local/share/ca-certificates`, beside a CA", |world, path| {
        bounded(linked(world, "/usr/local/share/ca-certificates/x.crt", path, &[]))
    }),
    ("mounted as `custom-ca.crt`", |world, path| bounded(linked(world, CUSTOM_CA, path, &[]))),
    ("as the image's root store", |world, path| bounded(linked(world, ROOTS, path, &[]))),
    ("named by SSL_CERT_FILE", |world, path| {
        // The variable is kept, so the service prints the bundle of another one.
        let service = ["sh", "-c", "cat \"$REQUESTS_CA_BUNDLE\""];
        bounded(world.trust_init(&service).env("SSL_CERT_FILE", path))
    }),
    ("in a directory that SSL_CERT_DIR names, beside a certificate", |world, path| {
        world.copy("ca-ec.crt", "/pinned/00000000.0");
        bounded(linked(world, "/pinned/00000001.0", path, &[]).env("SSL_CERT_DIR", "/pinned"))
    }),
    ("as the key store of a JVM", |world, path| {
        let run = linked(world, "/jvm/lib/security/cacerts", path, &[]);
        bounded(run.env("JAVA_HOME", "/jvm"))
    }),
    ("mounted as the bundle", |world, path| {
        let at = world.path(path);
        let is_one = at.metadata().is_ok() && !path.starts_with("/proc") && path != "/dev/stdin";
        if !is_one {
            return bounded(linked(world, BUNDLE, path, &[]));
        }
        let is_directory = at.is_dir();
        let _ = std::fs::remove_file(world.path(BUNDLE));
        let _ = std::fs::remove_dir(world.path(BUNDLE));
        if is_directory {
            world.directory(BUNDLE, 0o755)
        } else {
            world.write(BUNDLE, "")
        };
        bounded(world.trust_init(&SERVICE).mount(&at, BUNDLE))
    }),
    ("as the program", |world, path| bounded(world.trust_init(&[path]))),
];

/// Returns the tables.
pub fn tables() -> String {
    let mut text = String::new();
    let table = |(place, run): &Place| {
        let mut text =
            format!("\n### A path {place}\n\n| file | bundle | message |\n|---|---|---|\n");
        for (kind, path) in KINDS {
            let world = self::world();
            let _ = writeln!(text, "| {kind} | {} |", cells(&run(&world, path)));
        }
        text
    };
    std::thread::scope(|scope| {
        let running: Vec<_> =
            PLACES.iter().map(|place| scope.spawn(move || table(place))).collect();
        running.into_iter().for_each(|table| text.push_str(&table.join().unwrap()));
    });
    text
}

/// Fills a tmpfs at `at` with a Python program.
fn filled<'a>(run: Run<'a>, world: &World, at: &str, python: &str) -> Run<'a> {
    let at = world.path(at).display().to_string();
    let fill = format!("import os; at = '{at}'; os.chdir(at); {python}");
    run.before(&format!("mount -t tmpfs -o mode=755 tmpfs '{at}' && python3 -c \"{fill}\""))
}

#[test]
fn a_hundred_thousand_files() {
    let world = World::new().with_ca();
    let ca = gallery("ca-ec.crt").display().to_string();
    let run = |words: &[&str], directory: &str, extension: &str, number: u32| {
        world.directory(directory, 0o755);
        let python = format!(
            "pem = open('{ca}').read(); open('ca.crt', 'w').write(pem); \
             [os.link('ca.crt', f'{{n:08x}}.{extension}') for n in range({number})]"
        );
        filled(world.trust_init(&[words, &SERVICE].concat()), &world, directory, &python)
    };
    let many = "it contains more than 10000 files or folders";
    bounded(run(&["--ca", "/many"], "/many", "crt", 100_000)).exits(125).says(many);
    bounded(run(&[], "/usr/local/share/ca-certificates", "crt", 100_000)).exits(125).says(many);
    let most = bounded(run(&["--ca", "/many"], "/many", "crt", 9_999));
    assert_eq!(count(&most.succeeds().stdout()), 2);
    let pinned = bounded(run(&[], "/many", "0", 100_000).env("SSL_CERT_DIR", "/many"));
    assert_eq!(count(&pinned.succeeds().stdout()), 3);
}

#[test]
fn a_file_that_changes_while_it_is_read() {
    let world = World::new().with_ca();
    let whole = world.read(CUSTOM_CA);
    let run = || world.trust_init(&SERVICE).before(&format!("ulimit -v {MEMORY}"));
    let is_it = |line: &str| {
        line.starts_with("openat(") && line.contains("custom-ca.crt\", O_RDONLY|O_NOCTTY")
    };
    let steps =
        stopped::steps(run(), "openat,statx,read,close", is_it, |it| it.starts_with("close("));
    // Cut, empty, a little longer, and longer than the size limit.
    for length in [whole.len() / 2, 0, whole.len() + 9, 40 << 20] {
        for step in &steps {
            world.write(CUSTOM_CA, &whole);
            let file = File::options().write(true).open(world.path(CUSTOM_CA)).unwrap();
            let outcome = stopped::stopped(run(), step, || file.set_len(length as u64).unwrap());
            match outcome.0.status.code() {
                Some(0) => assert_eq!(outcome.stdout(), whole.clone() + &world.read(ROOTS)),
                _ => drop(outcome.exits(125).says("custom-ca.crt` (the default): ")),
            }
        }
    }
}

#[test]
fn a_link_to_the_root_directory_is_bounded() {
    let world = World::new().with_ca();
    symlink("/", world.path("/usr/local/share/ca-certificates/all")).unwrap();
    assert_eq!(count(&bounded(world.trust_init(&SERVICE)).succeeds().stdout()), 2);
    let folders = "[os.mkdir(f'{n}') for n in range(10001)]";
    world.directory("/folders", 0o755);
    let run = filled(world.trust_init(&SERVICE), &world, "/folders", folders);
    bounded(run).exits(125).says("it contains more than 10000 files or folders");
}

#[test]
fn an_unreadable_directory_is_reported() {
    let world = World::new().with_ca();
    world.mode("/usr/local/share/ca-certificates", 0o711);
    let said =
        "cannot read `/usr/local/share/ca-certificates` (the default): uid 1000 has no permission";
    bounded(world.trust_init(&["true"]).uid(1000)).succeeds().says(said);
}

#[test]
fn a_directory_deeper_than_the_longest_path_is_accepted() {
    let world = World::new().with_ca();
    let deep = "[(os.mkdir('d' * 200), os.chdir('d' * 200)) for n in range(100)]";
    let below = "/usr/local/share/ca-certificates/below";
    world.directory(below, 0o755);
    let run = filled(world.trust_init(&SERVICE), &world, below, deep);
    assert_eq!(count(&bounded(run).succeeds().stdout()), 2);
}

#[test]
fn file_names_are_escaped_in_messages() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = World::new().with_ca();
    let name = std::ffi::OsStr::from_bytes(b"a\ntrust-init: error\x1b[31m\xff`.crt");
    let directory = Path::new("/usr/local/share/ca-certificates");
    let at = world.path(directory.to_str().unwrap()).join(name);
    std::fs::write(at, "no certificate").unwrap();
    let shown = "a\\u{a}trust-init: error\\u{1b}[31m\\xff\\u{60}.crt`";
    let outcome = bounded(world.trust_init(&SERVICE)).succeeds().says(shown);
    assert!(outcome.stderr().lines().all(|line| line.starts_with("trust-init: ")));
    let named = directory.join(name);
    let words = [std::ffi::OsStr::new("--ca"), named.as_os_str(), std::ffi::OsStr::new("true")];
    bounded(world.trust_init(&words)).exits(125).says(shown);
}

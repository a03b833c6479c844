//! Guarantees across the stages of a start: the files it reads and writes, the programs it starts, no
//! leaked key, and no open descriptor. SECURITY.md names these tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use crate::init::store::CACERTS;
use crate::repository::promises::{document, marked, quoted};
use crate::world::{BUNDLE, CUSTOM_CA, Run, World, count, gallery, tool};

/// The options of a start with every feature.
const EVERYTHING: [&str; 5] =
    ["--install-store", "--runtime", "php,wget,erlang", "--grpc-roots", "env"];

/// Creates an image with a JVM and a CA file of the user.
fn with_everything() -> World {
    let world = World::new().with_ca();
    world.copy("java/bare", CACERTS).copy("ca-ec.crt", "/etc/own.crt");
    world
}

/// Returns the system calls of trust-init, up to the exec of the service.
fn calls(run: &Run<'_>, expression: &str) -> Vec<String> {
    let (log, run) = (World::empty(), run.command());
    let mut command = Command::new(tool("strace"));
    command.args(["-f", "-s", "256", "-o"]).arg(log.path("log")).args(["-e", expression]);
    command.arg(run.get_program()).args(run.get_args()).env_clear();
    command.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.output().unwrap();
    let log = log.read("log");
    let is_exec = |line: &str| line.contains(" execve(") && line.ends_with(" = 0");
    let mut lines =
        log.lines().skip_while(|line| !(is_exec(line) && line.contains("execve(\"/trust-init\"")));
    let process = lines.next().unwrap().split(' ').next().unwrap();
    let own = lines.filter_map(|line| line.strip_prefix(process).map(str::trim_start));
    let mut calls = Vec::new();
    for line in own.filter(|line| line.contains('(')) {
        calls.push(line.to_owned());
        if line.starts_with("execve(") && line.ends_with(" = 0") {
            break;
        }
    }
    calls
}

#[test]
fn a_start_runs_only_the_service_and_opens_no_connection() {
    for (words, service) in [
        (&EVERYTHING[..], true),
        (&["env"], true),
        (&["--roots", "mozilla", "env"], true),
        (&["--ca", "/nowhere", "env"], false),
        (&["--prepare"], false),
        (&["--print-env"], false),
        (&["--dry-run", "env"], false),
        (&["--list-variables"], false),
        (&["nowhere"], false),
    ] {
        let world = with_everything();
        let calls = calls(&world.trust_init(words), "trace=%process,%network");
        let mut calls: Vec<_> = calls.iter().map(String::as_str).collect();
        if service {
            let last = calls.pop().unwrap();
            assert!(last.starts_with("execve(\"/bin/env\"") && last.ends_with(" = 0"), "{last}");
        }
        // Calls of the C library's thread setup, and the search in PATH.
        let own = |call: &&str| {
            call.starts_with("arch_prctl(")
                || call.starts_with("exit_group(")
                || call.starts_with("execve(") && call.contains(" = -1 ENOENT")
        };
        let others: Vec<_> = calls.into_iter().filter(|call| !own(call)).collect();
        assert_eq!(others, [""; 0], "{words:?}");
    }
}

/// Returns the files whose contents, entries or attributes these calls read.
fn read(calls: &[String]) -> BTreeSet<String> {
    let mut open: BTreeMap<&str, String> = BTreeMap::new();
    let mut read = BTreeSet::new();
    for call in calls {
        let (name, rest) = call.split_once('(').unwrap();
        let handle = rest.split([',', ')']).next().unwrap();
        let result = call.rsplit_once(" = ").unwrap().1.split(' ').next().unwrap();
        let text = rest.split('"').nth(1).unwrap_or_default();
        match name {
            "openat" if !result.starts_with('-') => {
                let parent = open.get(handle).map(|parent| parent.trim_end_matches('/'));
                let path = parent.map(|parent| format!("{parent}/{text}"));
                open.insert(result, path.unwrap_or_else(|| text.to_owned()));
            }
            "close" => drop(open.remove(handle)),
            "read" | "getdents64" => read.extend(open.get(handle).cloned()),
            "getxattr" => drop(read.insert(text.to_owned())),
            _ => {}
        }
    }
    read
}

#[test]
fn every_file_that_a_start_reads_is_listed() {
    let document = document();
    let listed: Vec<_> = marked(&document, "reads")
        .into_iter()
        .flat_map(quoted)
        .filter(|word| word.starts_with('/'))
        .collect();
    // Twice: the second start finds the files of the first.
    let world = with_everything();
    for _ in 0..2 {
        let run = world.trust_init(&EVERYTHING).env("REQUESTS_CA_BUNDLE", "/etc/own.crt");
        let read = read(&calls(&run, "trace=all"));
        assert!(
            [CUSTOM_CA, CACERTS, "/etc/own.crt"].iter().all(|path| read.contains(*path)),
            "{read:?}"
        );
        for path in &read {
            let is_listed = listed.iter().any(|listed| {
                *listed == path
                    || listed.ends_with('/') && path.starts_with(listed.trim_end_matches('/'))
            });
            // The service itself, and the file that the variable names.
            assert!(is_listed || ["/bin/env", "/etc/own.crt"].contains(&&**path), "{path} is read");
        }
    }
}

/// Returns kind, mode and owner of everything in the image, and size and time of files.
fn all(world: &World) -> BTreeSet<String> {
    let directory = ["-type", "d", "-printf", "%P/ %m %U:%G\n"];
    let file = ["-o", "-printf", "%P %m %U:%G %s %T@ %l\n"];
    let mut find = Command::new(tool("find"));
    find.arg(world.path("")).args(["-name", "proc", "-prune", "-o"]).args(directory).args(file);
    let output = find.output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Returns what a run creates or changes, without sizes and times.
#[track_caller]
fn written(world: &World, run: Run<'_>) -> Vec<String> {
    let before = all(world);
    run.run().succeeds();
    let after = all(world);
    let gone: Vec<_> = before.iter().filter_map(|line| line.split(' ').next()).collect();
    let names: BTreeSet<_> = after.iter().filter_map(|line| line.split(' ').next()).collect();
    assert!(gone.iter().all(|name| names.contains(name)), "a file was removed");
    let new = after.difference(&before).map(|line| line.splitn(4, ' ').take(3).collect::<Vec<_>>());
    new.map(|words| words.join(" ")).collect()
}

#[test]
fn every_file_that_a_start_writes_is_listed() {
    let world = with_everything();
    assert_eq!(
        written(&world, world.trust_init(&["env"]).env("REQUESTS_CA_BUNDLE", "/etc/own.crt")),
        [
            "run/trust-init/ 755 0:0",
            "run/trust-init/REQUESTS_CA_BUNDLE.crt 644 0:0",
            "run/trust-init/ca-bundle.crt 644 0:0",
            "run/trust-init/custom-ca.crt 644 0:0",
            "run/trust-init/truststore.p12 644 0:0",
        ]
    );
    assert_eq!(written(&world, world.trust_init(&["env"])), [""; 0], "a second start");
    let world = with_everything();
    assert_eq!(
        written(&world, world.trust_init(&EVERYTHING)),
        [
            "etc/ssl/certs/679e6acd.0 644 0:0",
            "etc/ssl/certs/ca-certificates.crt 644 0:0",
            "opt/java/openjdk/lib/security/jssecacerts 644 0:0",
            "run/trust-init/ 755 0:0",
            "run/trust-init/ca-bundle.crt 644 0:0",
            "run/trust-init/custom-ca.crt 644 0:0",
            "run/trust-init/trust-init.ini 644 0:0",
            "run/trust-init/wgetrc 644 0:0",
            "var/ 755 0:0",
            "var/lib/ 755 0:0",
            "var/lib/trust-init/ 755 0:0",
            "var/lib/trust-init/store 644 0:0",
        ]
    );
}

/// No line of a key in tests/certs is in a file or message of a start.
#[test]
fn no_private_key_is_written_or_printed() {
    let (world, mut tried) = (with_everything(), 0);
    for entry in gallery("").read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        let Ok(bytes) = fs::read(&entry) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let name = entry.file_name().unwrap().to_str().unwrap();
        let is_der = name == "key-pkcs8.der";
        if !is_der && !text.contains("PRIVATE KEY-----") || name == "make.sh" || name == "README.md"
        {
            continue;
        }
        tried += 1;
        let parts = text.split("-----BEGIN ").filter(|part| part.contains("PRIVATE KEY-----"));
        let lines = parts.flat_map(str::lines).skip(1).filter(|line| line.len() > 30);
        let mut secrets: Vec<&[u8]> = lines.map(str::as_bytes).collect();
        secrets.push(if is_der { &bytes } else { b"PRIVATE KEY-----" });
        world.write("/etc/given", &bytes).write(CUSTOM_CA, &bytes);
        for words in [&["--ca", "/etc/given"][..], &[]] {
            let words = [words, &["--on-error", "warn"], &EVERYTHING].concat();
            let outcome = world.trust_init(&words).run().succeeds();
            let mut left = [outcome.0.stdout, outcome.0.stderr].concat();
            for path in ["run", "tmp", "dev/shm", "var", "etc/ssl", "opt"] {
                let tar =
                    Command::new("tar").arg("-c").arg("-C").arg(world.path("")).arg(path).output();
                left.extend(tar.unwrap().stdout);
            }
            for secret in &secrets {
                let found = left.windows(secret.len()).any(|part| part == *secret);
                assert!(!found, "{name}: {}", String::from_utf8_lossy(secret));
            }
        }
    }
    assert!(tried >= 15, "{tried}");
}

#[test]
fn a_killed_start_leaves_whole_files_or_none() {
    let mut killed = 0;
    for call in ["mkdirat", "writev", "fchmod", "renameat"] {
        for n in 1.. {
            let world = World::new().with_ca();
            let inject = format!("inject={call}:signal=SIGKILL:when={n}");
            calls(&world.trust_init(&["env"]), &inject);
            if world.has("/run/trust-init/custom-ca.crt") {
                break;
            }
            killed += 1;
            assert!(!world.has(BUNDLE) || count(&world.read(BUNDLE)) == 2, "{call} {n}");
            world.trust_init(&["env"]).run().succeeds();
            assert_eq!(count(&world.read(BUNDLE)), 2, "{call} {n}");
        }
    }
    assert!(killed >= 6, "{killed}");
}

#[test]
fn three_system_calls_separate_the_last_signal_check_and_exec() {
    let world = World::new().with_ca();
    let calls = calls(&world.trust_init(&["env"]), "trace=all");
    let from = calls.iter().rposition(|call| call.starts_with("signalfd4(")).unwrap();
    let names = calls[from..].iter().map(|call| call.split('(').next().unwrap());
    // Only debug builds check that a descriptor is open before they close it.
    let names: Vec<_> = names.filter(|name| *name != "fcntl").collect();
    assert_eq!(names, ["signalfd4", "read", "close", "rt_sigprocmask", "rt_sigaction", "execve"]);
}

#[test]
fn a_configured_path_keeps_an_earlier_bundle() {
    let world = World::new().with_ca();
    let configured = || world.trust_init(&["env"]).env("SSL_CERT_FILE", BUNDLE).run().succeeds();
    configured();
    let before = world.read(BUNDLE);
    fs::remove_file(world.path(CUSTOM_CA)).unwrap();
    assert_eq!(configured().value("SSL_CERT_FILE").as_deref(), Some(BUNDLE));
    assert_eq!(world.read(BUNDLE), before);
    // Without a configured path the service gets none.
    assert_eq!(world.trust_init(&["env"]).run().succeeds().value("SSL_CERT_FILE"), None);
}

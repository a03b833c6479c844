//! trust-compose certs, killed at every step, and two runs at once: the result is the old or the new state,
//! never a key with the certificate of another key.

use std::cell::Cell;
use std::fs::File;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::desk::{Desk, trust_compose};
use crate::steps::{TRACE, changes};
use crate::world::{Outcome, tool};

/// Runs `words` under strace with this option, and returns strace's log.
fn traced(desk: &Desk, option: &str, words: &[&str]) -> String {
    let program = trust_compose();
    let trace = desk.path("trace").display().to_string();
    let start = ["-f", "-o", &trace, "-e", option, program.to_str().unwrap(), "certs"];
    desk.command(&tool("strace"), &[&start, words].concat(), "022").output().unwrap();
    desk.read("trace")
}

/// Kills the run at each of its changes, and calls `check` with the result.
fn at_every_step(prepare: impl Fn() -> Desk, words: &[&str], check: impl Fn(&Desk, &str)) {
    for (call, n) in changes(&traced(&prepare(), TRACE, words)) {
        let desk = prepare();
        let log = traced(&desk, &format!("inject={call}:signal=SIGKILL:when={n}"), words);
        let step = format!("{call} {n}");
        assert!(log.contains("killed by SIGKILL"), "{step}: not killed");
        check(&desk, &step);
    }
}

#[test]
fn after_a_kill_at_any_step_the_next_run_completes() {
    let words = ["a.lab", "b.lab", "--key-type", "p384"];
    at_every_step(
        || Desk::with(&["a.lab"]),
        &words,
        |desk, step| {
            let ca = desk.read("certs/ca.crt");
            desk.certs(&["--renew"]).succeeds();
            desk.verifies("certs/ca.crt", "certs/server.pem");
            assert_eq!(desk.read("certs/ca.crt"), ca, "{step}");
            let key = desk.openssl("pkey -in certs/server-key.pem -pubout");
            assert_eq!(desk.openssl("x509 -in certs/server.pem -noout -pubkey"), key, "{step}");
            desk.certs(&["a.lab", "b.lab"]).succeeds();
            desk.certs(&["a.lab", "b.lab", "c.lab"]).succeeds();
            let names = desk.path("certs").read_dir().unwrap().count();
            assert_eq!(names, 5, "{step}: temporary files are left");
        },
    );
}

#[test]
fn a_new_ca_survives_a_kill_at_any_step() {
    at_every_step(Desk::new, &["a.lab"], |desk, step| {
        desk.certs(&["a.lab"]).succeeds();
        desk.verifies("certs/ca.crt", "certs/server.pem");
        assert_eq!((desk.mode("certs"), desk.mode("certs/ca.key")), (0o700, 0o600), "{step}");
        assert!(!desk.has("certs/.trust-compose-unfinished"), "{step}");
        assert!(desk.has("certs/.gitignore"), "{step}");
    });
}

/// Only the key of the old CA can sign for clients that do not have the new CA yet.
#[test]
fn the_key_of_a_replaced_ca_survives_a_kill_at_any_step() {
    let key = Cell::new(String::new());
    let prepare = || {
        let desk = Desk::with(&["a.lab"]);
        key.set(desk.read("certs/ca.key"));
        desk
    };
    at_every_step(prepare, &["--force"], |desk, step| {
        let old = key.take();
        desk.certs(&["a.lab"]).succeeds();
        desk.verifies("certs/ca.crt", "certs/server.pem");
        let entries = desk.path("certs").read_dir().unwrap().map(|entry| entry.unwrap().path());
        let kept = entries.map(|entry| entry.join("ca.key")).filter(|path| path.exists());
        let mut keys = kept.chain([desk.path("certs/ca.key")]);
        assert!(keys.any(|path| std::fs::read_to_string(path).unwrap() == old), "{step}");
    });
}

#[test]
fn an_interrupted_run_is_finished_and_reported() {
    let desk = Desk::with(&["a.lab"]);
    let other = Desk::with(&["a.lab", "b.lab"]);
    desk.directory("certs/.trust-compose-ready", 0o700);
    // Between two renames: the key has been renamed, the other files have not.
    desk.write("certs/server-key.pem", other.read("certs/server-key.pem"));
    for file in ["ca.key", "ca.crt", "server.pem"] {
        desk.write(
            &format!("certs/.trust-compose-ready/{file}"),
            other.read(&format!("certs/{file}")),
        );
    }
    let outcome = desk.certs(&["--renew", "--dry-run"]).succeeds();
    assert!(outcome.stdout().contains("would first finish"), "{}", outcome.stdout());
    assert!(desk.has("certs/.trust-compose-ready"));
    desk.certs(&["a.lab", "b.lab"]).succeeds().says("finished an interrupted run in");
    assert!(!desk.has("certs/.trust-compose-ready"));
    for file in ["ca.key", "ca.crt", "server.pem", "server-key.pem"] {
        assert_eq!(desk.read(&format!("certs/{file}")), other.read(&format!("certs/{file}")));
    }
}

#[test]
fn concurrent_runs_wait_for_each_other() {
    let desk = Desk::with(&["a.lab"]);
    let names = ["b.lab", "c.lab", "d.lab", "e.lab"];
    let start = |name: &str| -> Child {
        let mut command = desk.command(&trust_compose(), &["certs", "a.lab", name], "022");
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let mut runs: Vec<_> = names.iter().map(|name| start(name)).collect();
    // The first run adds its name; the others would drop that name and are refused.
    let codes: Vec<_> = runs.iter_mut().map(|run| run.wait().unwrap().code().unwrap()).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 1).count(), 3, "{codes:?}");
    desk.verifies("certs/ca.crt", "certs/server.pem");
    desk.certs(&["--renew"]).succeeds().prints("");
}

#[test]
fn a_run_waits_for_the_lock_of_the_directory() {
    let desk = Desk::with(&["a.lab"]);
    let directory = File::open(desk.path("certs")).unwrap();
    directory.lock().unwrap();
    let before = desk.state("certs");
    let mut command = desk.command(&trust_compose(), &["certs", "a.lab", "b.lab"], "022");
    let mut run = command.stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(run.try_wait().unwrap().is_none(), "it did not wait");
    assert_eq!(desk.state("certs"), before);
    drop(directory);
    assert!(run.wait().unwrap().success());
    assert_ne!(desk.state("certs"), before);
}

#[test]
fn a_full_disk_changes_nothing() {
    for call in ["mkdirat", "writev", "renameat"] {
        let desk = Desk::with(&["a.lab"]);
        let before = desk.state("certs");
        let (program, trace) = (trust_compose(), desk.path("trace").display().to_string());
        let inject = format!("inject={call}:error=ENOSPC:when=1");
        let words =
            ["-f", "-o", &trace, "-e", &inject, program.to_str().unwrap(), "certs", "a.lab"];
        let words = [&words[..], &["b.lab"]].concat();
        let run = Outcome(desk.command(&tool("strace"), &words, "022").output().unwrap());
        run.exits(1)
            .says("error: cannot write into `certs/`: no space left on device")
            .says("fix: make it writable, or name another directory with --out");
        assert_eq!(desk.state("certs"), before, "{call}");
    }
}

/// In a sticky directory another user can create the directory that an interrupted run leaves.
#[test]
fn planted_files_of_an_interrupted_run_are_refused() {
    let desk = Desk::with(&["a.lab"]);
    let planted = Desk::with(&["a.lab"]);
    desk.chmod("certs", 0o1777);
    std::fs::rename(planted.path("certs"), desk.path("certs/.trust-compose-ready")).unwrap();
    std::os::unix::fs::chown(desk.path("certs/.trust-compose-ready"), Some(1000), None).unwrap();
    let before = desk.contents("certs");
    for words in [&["--renew"][..], &["b.lab", "--force"], &["a.lab", "b.lab"]] {
        let outcome = desk.certs(words).exits(1);
        outcome
            .says("cannot write into `certs/`: `.trust-compose-ready` in it belongs to uid 1000");
        assert_eq!(desk.contents("certs"), before, "{words:?}");
    }
}

//! Hostile Compose projects without docker: an error that says where, and nothing written; or an overlay of which
//! every byte is ours and that goes without a trace. No crash, no hang, no more than 2 GB of addresses.

use std::process::Command;

use serde_yaml::Value;

use crate::desk::{Desk, trust_compose};
use crate::support::hostile::{Hostile, documented};
use crate::world::Outcome;

/// What an overlay gives a service.
const KEYS: [&str; 5] = ["environment", "volumes", "labels", "profiles", "depends_on"];

/// trust-compose where no other program is, and within limits.
fn run(desk: &Desk, words: &[&str]) -> Outcome {
    let mut command = Command::new("/bin/sh");
    let limits = "ulimit -v 2000000 && exec timeout -s KILL 20 \"$@\"";
    command.args(["-c", limits, "sh", "/usr/bin/env", "PATH=/nowhere"]).arg(trust_compose());
    command.args(words).current_dir(desk.path("."));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("RUST_BACKTRACE", "0");
    Outcome(command.output().unwrap())
}

/// The first line of the error.
fn refusal(outcome: &Outcome, shown: &str) -> String {
    let stderr = outcome.stderr();
    assert!(!stderr.contains("panicked"), "{shown}: {stderr}");
    let is_plain = |c: char| c == '\n' || !c.is_control();
    assert!(stderr.chars().all(is_plain), "{shown}: something reaches the terminal: {stderr:?}");
    let code = outcome.0.status.code();
    assert!(matches!(code, Some(1 | 2)), "{shown}: {:?}\n{stderr}", outcome.0.status);
    let error = stderr
        .split_once("trust-compose: error: ")
        .unwrap_or_else(|| panic!("{shown}: {stderr}"))
        .1;
    let (line, rest) = error.split_once('\n').unwrap();
    assert!(rest.contains("trust-compose: fix: "), "{shown}: no mend: {stderr}");
    line.to_owned()
}

/// Every service of an overlay is called as one in the files is, and has only what is ours.
fn is_ours(desk: &Desk, hostile: &Hostile) {
    let shown = &hostile.fault;
    let text = desk.read("docker-compose.ca.yml");
    let files: Vec<_> = hostile.files.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    let files = String::from_utf8_lossy(&files);
    let tree: Value =
        serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{shown}: {error}\n{text}"));
    let tree = tree.as_mapping().unwrap();
    assert!(tree.keys().eq(["services"]), "{shown}: {text}");
    for (name, stanza) in tree["services"].as_mapping().unwrap() {
        let name = name.as_str().unwrap();
        let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        assert!(is_plain && files.contains(name), "{shown}: {name:?} came from nowhere\n{text}");
        for (key, _) in stanza.as_mapping().unwrap() {
            assert!(KEYS.contains(&key.as_str().unwrap()), "{shown}: {key:?}\n{text}");
        }
        for mount in stanza["volumes"].as_sequence().into_iter().flatten() {
            assert!(mount["source"].as_str().unwrap().starts_with("./.trust/"), "{shown}: {text}");
            assert_eq!(mount["read_only"], Value::Bool(true), "{shown}");
        }
    }
}

/// What becomes of it.
fn outcome(hostile: &Hostile, certificates: &Desk) -> String {
    let shown = &hostile.fault;
    let desk = Desk::new();
    desk.directory("certs", 0o700);
    for name in ["ca.crt", "ca.key"] {
        std::fs::copy(certificates.path("certs").join(name), desk.path("certs").join(name))
            .unwrap();
    }
    hostile.lay_out(&desk.path("."));
    let before = desk.contents(".");
    let words: Vec<_> =
        std::iter::once("setup").chain(hostile.words.iter().map(String::as_str)).collect();

    let told = run(&desk, &words);
    let doctor = run(&desk, &["doctor", "--files-only"]);
    assert!(matches!(doctor.0.status.code(), Some(0..=2)), "{shown}: {}", doctor.stderr());
    let is_plain = |c: char| c == '\n' || !c.is_control();
    assert!(doctor.stdout().chars().all(is_plain), "{shown}: {:?}", doctor.stdout());
    if told.0.status.code() != Some(0) {
        let line = refusal(&told, shown);
        assert!(desk.contents(".") == before, "{shown}: something was written");
        let check = run(&desk, &[&words[..], &["--check"]].concat());
        assert_eq!(refusal(&check, shown), line, "{shown}");
        return line;
    }
    assert!(told.stdout().chars().all(is_plain), "{shown}: {:?}", told.stdout());
    is_ours(&desk, hostile);
    let first = desk.state(".");
    assert_eq!(run(&desk, &words).0.status.code(), Some(0), "{shown}: not again");
    assert!(desk.state(".") == first, "{shown}: not the same when done again");
    let check = run(&desk, &["setup", "--check"]);
    assert_eq!(check.stdout(), "in step\n", "{shown}: {}", check.stderr());
    assert_eq!(run(&desk, &["remove"]).0.status.code(), Some(0), "{shown}: it stays");
    assert!(desk.contents(".") == before, "{shown}: not as it was");
    "overlay".to_owned()
}

#[test]
fn every_hostile_project_is_refused_or_gets_only_our_overlay() {
    let certificates = Desk::with(&["reflector.local"]);
    documented("without docker", |hostile| outcome(hostile, &certificates));
}

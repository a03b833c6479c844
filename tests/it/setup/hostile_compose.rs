//! Hostile Compose projects without docker: the result is an error with its location and no written file,
//! or an overlay that contains only our entries and is removed without a trace. No crash, no hang, at most
//! 2 GB of address space.

use std::process::Command;

use serde_yaml::Value;

use crate::desk::{Desk, trust_compose};
use crate::support::hostile::{Hostile, documented};
use crate::world::Outcome;

/// The keys that an overlay adds to a service.
const KEYS: [&str; 5] = ["environment", "volumes", "labels", "profiles", "depends_on"];

/// Runs trust-compose with an empty PATH, and within limits.
fn run(desk: &Desk, words: &[&str]) -> Outcome {
    let mut command = Command::new("/bin/sh");
    let limits = "ulimit -v 2000000 && exec timeout -s KILL 20 \"$@\"";
    command.args(["-c", limits, "sh", "/usr/bin/env", "PATH=/nowhere"]).arg(trust_compose());
    command.args(words).current_dir(desk.path("."));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("RUST_BACKTRACE", "0");
    Outcome(command.output().unwrap())
}

/// Returns the first line of the error.
fn refusal(outcome: &Outcome, shown: &str) -> String {
    let stderr = outcome.stderr();
    assert!(!stderr.contains("panicked"), "{shown}: {stderr}");
    let is_plain = |c: char| c == '\n' || !c.is_control();
    assert!(
        stderr.chars().all(is_plain),
        "{shown}: control characters reach the terminal: {stderr:?}"
    );
    let code = outcome.0.status.code();
    assert!(matches!(code, Some(1 | 2)), "{shown}: {:?}\n{stderr}", outcome.0.status);
    let error = stderr
        .split_once("trust-compose: error: ")
        .unwrap_or_else(|| panic!("{shown}: {stderr}"))
        .1;
    let (line, rest) = error.split_once('\n').unwrap();
    assert!(rest.contains("trust-compose: fix: "), "{shown}: no fix: {stderr}");
    line.to_owned()
}

/// Asserts that every service of an overlay exists in the project, and has only our entries.
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
        assert!(
            is_plain && files.contains(name),
            "{shown}: {name:?} is not in the project\n{text}"
        );
        for (key, _) in stanza.as_mapping().unwrap() {
            assert!(KEYS.contains(&key.as_str().unwrap()), "{shown}: {key:?}\n{text}");
        }
        for mount in stanza["volumes"].as_sequence().into_iter().flatten() {
            assert!(mount["source"].as_str().unwrap().starts_with("./.trust/"), "{shown}: {text}");
            assert_eq!(mount["read_only"], Value::Bool(true), "{shown}");
        }
    }
}

/// Returns the outcome of the project.
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

    let result = run(&desk, &words);
    let doctor = run(&desk, &["doctor", "--files-only"]);
    assert!(matches!(doctor.0.status.code(), Some(0..=2)), "{shown}: {}", doctor.stderr());
    let is_plain = |c: char| c == '\n' || !c.is_control();
    assert!(doctor.stdout().chars().all(is_plain), "{shown}: {:?}", doctor.stdout());
    if result.0.status.code() != Some(0) {
        let line = refusal(&result, shown);
        assert!(desk.contents(".") == before, "{shown}: a file has changed");
        let check = run(&desk, &[&words[..], &["--check"]].concat());
        assert_eq!(refusal(&check, shown), line, "{shown}");
        return line;
    }
    assert!(result.stdout().chars().all(is_plain), "{shown}: {:?}", result.stdout());
    is_ours(&desk, hostile);
    let first = desk.state(".");
    assert_eq!(run(&desk, &words).0.status.code(), Some(0), "{shown}: the second run failed");
    assert!(desk.state(".") == first, "{shown}: a second run changed it");
    let check = run(&desk, &["setup", "--check"]);
    assert_eq!(check.stdout(), "in step\n", "{shown}: {}", check.stderr());
    assert_eq!(run(&desk, &["remove"]).0.status.code(), Some(0), "{shown}: the removal failed");
    assert!(desk.contents(".") == before, "{shown}: not restored");
    "overlay".to_owned()
}

#[test]
fn every_hostile_project_is_refused_or_gets_only_our_overlay() {
    let certificates = Desk::with(&["reflector.local"]);
    documented("without docker", |hostile| outcome(hostile, &certificates));
}

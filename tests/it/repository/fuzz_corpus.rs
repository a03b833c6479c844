//! Runs every input in fuzz/corpus, and the hand-written seeds, without a fuzzer.

use std::panic::catch_unwind;
use std::path::Path;

#[path = "../../../fuzz/src/lib.rs"]
mod targets;

/// Runs all files of these directories, and asserts that none is a finding.
#[track_caller]
fn has_no_finding(target: fn(&[u8]), directories: &[&str]) {
    let mut tried = 0;
    let mut findings = Vec::new();
    for directory in directories {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        for entry in directory.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            // The fuzzer's own limit of length.
            if entry.is_file() && entry.metadata().unwrap().len() <= 8192 {
                let bytes = std::fs::read(&entry).unwrap();
                tried += 1;
                if catch_unwind(|| target(&bytes)).is_err() {
                    findings.push(entry);
                }
            }
        }
    }
    assert!(tried > 100, "only {tried} inputs");
    assert!(findings.is_empty(), "findings: {findings:?}");
}

#[test]
fn bundle() {
    has_no_finding(targets::bundle::try_input, &["fuzz/corpus/bundle", "tests/certs"]);
}

#[test]
fn compose() {
    has_no_finding(targets::compose::try_input, &["fuzz/corpus/compose"]);
}

#[test]
fn dotenv() {
    has_no_finding(targets::dotenv::try_input, &["fuzz/corpus/dotenv"]);
}

#[test]
fn inspect() {
    has_no_finding(targets::inspect::try_input, &["fuzz/corpus/inspect", "tests/certs"]);
}

#[test]
fn jks() {
    has_no_finding(targets::jks::try_input, &["fuzz/corpus/jks", "tests/certs"]);
}

#[test]
fn pkcs() {
    has_no_finding(targets::pkcs::try_input, &["fuzz/corpus/pkcs", "tests/certs"]);
}

//! Every kind of finding has a row in docs/doctor.md, and every row has a kind of finding.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the sources of both doctors.
fn sources() -> String {
    let mut waiting: Vec<PathBuf> = ["src/doctor", "src/compose/doctor", "src/compose/doctor.rs"]
        .map(|path| root().join(path))
        .into();
    let mut text = String::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        } else {
            text += &fs::read_to_string(path).unwrap();
        }
    }
    text
}

/// Returns the ids in calls that create findings: the first argument of `Finding::ok` and the like, or a
/// tuple that becomes it.
fn ids(source: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for (at, _) in source.match_indices('(') {
        let (before, behind) = (&source[..at], &source[at + 1..]);
        let is_made = [
            "Finding::ok",
            "Finding::info",
            "Finding::warning",
            "Finding::error",
            "Finding::new",
            "Finding::failed",
            "refused::finding",
            "failed",
            "=> ",
            "= ",
            "{\n",
        ]
        .iter()
        .any(|word| before.trim_end_matches(' ').ends_with(word.trim_end_matches(' ')));
        let literal = behind.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let Some((word, rest)) = literal.filter(|_| is_made) else { continue };
        let is_id = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        if is_id && !word.is_empty() && rest.starts_with(',') {
            ids.insert(word.to_owned());
        }
    }
    ids
}

#[test]
fn every_finding_id_is_documented_and_no_other() {
    let document = fs::read_to_string(root().join("docs/doctor.md")).unwrap();
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    let rows = rows.filter(|(_, rest)| {
        ["ok ", "info ", "warning ", "error "].iter().any(|sign| rest.starts_with(sign))
    });
    // Ids with the same sign and fix share a row.
    let named = rows.flat_map(|(ids, _)| ids.split("`, `"));
    let documented: BTreeSet<_> = named.map(ToOwned::to_owned).collect();
    let sources = sources();
    let made = ids(&sources);
    let missing: Vec<_> = made.difference(&documented).collect();
    assert!(missing.is_empty(), "docs/doctor.md has no row for {missing:?}");
    // Some ids are chosen by a condition first.
    let is_gone = |id: &&String| !sources.contains(&format!("\"{id}\""));
    let gone: Vec<_> = documented.difference(&made).filter(is_gone).collect();
    assert!(gone.is_empty(), "docs/doctor.md has a row for {gone:?}, which no code creates");
}

#[test]
fn ids_are_found_in_every_form_of_a_call() {
    let source = r#"Finding::ok("a", x); Finding::error(
        "b-c", x); End::Old => ("d", x, y), let (id, fix) = ("e", 1); if x {
            ("f", y) } format!("g", x); split("h", 1); Finding::warning(id, "i")"#;
    let found: Vec<_> = ids(source).into_iter().collect();
    assert_eq!(found, ["a", "b-c", "d", "e", "f"]);
}

//! What is made of a file: every file of the gallery, by name and in a directory.

use std::collections::BTreeSet;

use crate::world::{Outcome, World, gallery};

/// The rows of the table in tests/certs/README.md: file, named, in a directory.
pub fn rows() -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(gallery("README.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.contains("| file |"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        (cells[0].to_owned(), cells[2].to_owned(), cells[3].to_owned())
    })
    .collect()
}

/// The outcome in the table's words.
pub fn outcome(outcome: &Outcome, neighbours: usize) -> String {
    let stderr = outcome.stderr();
    let kept = stderr.lines().filter(|line| line.contains(": trusting ")).count();
    let warned = stderr.contains("trust-init: warning: ");
    match outcome.0.status.code() {
        Some(125) if stderr.contains("trust-init: error: ") => "error".to_owned(),
        Some(0) if kept == neighbours && warned => "left out".to_owned(),
        Some(0) if kept == neighbours => "not looked at".to_owned(),
        Some(0) if warned => format!("{} kept, warning", kept - neighbours),
        Some(0) => format!("{} kept", kept - neighbours),
        code => format!("{code:?}: {stderr}"),
    }
}

#[test]
fn the_gallery_is_whole() {
    let listed: BTreeSet<_> = rows().into_iter().map(|(file, ..)| file).collect();
    let entries = std::fs::read_dir(gallery("")).unwrap().map(|entry| entry.unwrap());
    let files: BTreeSet<_> = entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| !["README.md", "make.sh", ".gitattributes"].contains(&name.as_str()))
        .collect();
    assert_eq!(listed, files);
}

#[test]
fn every_file_of_the_gallery_by_name() {
    let world = World::new();
    let mut wrong = Vec::new();
    for (file, named, _) in rows() {
        world.copy(&file, &format!("/ca/{file}"));
        let run = world.trust_init(&["--ca", &format!("/ca/{file}"), "--dry-run"]).run();
        let found = outcome(&run, 0);
        if found != named {
            wrong.push(format!("{file}: {named}, but: {found}\n{}", run.stderr()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_of_the_gallery_in_a_directory() {
    let world = World::new();
    let mut wrong = Vec::new();
    for (file, _, in_directory) in rows() {
        let directory = format!("/{file}.d");
        world.copy("neighbour/ca.crt", &format!("{directory}/ca.crt"));
        world.copy(&file, &format!("{directory}/{file}"));
        let run = world.trust_init(&["--ca", &directory, "--dry-run"]).run();
        let found = outcome(&run, 1);
        if found != in_directory {
            wrong.push(format!("{file}: {in_directory}, but: {found}\n{}", run.stderr()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

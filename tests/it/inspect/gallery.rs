//! The outcome of every file in tests/certs, given by name and in a directory.

use std::collections::BTreeSet;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use trust_init::trust::bundle::Pem;

use crate::world::{BUNDLE, Outcome, World, gallery};

/// Returns the rows of the table in tests/certs/README.md: file, outcome by name, outcome in a directory.
pub fn rows() -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(gallery("README.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.contains("| file |"));
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        (cells[0].to_owned(), cells[2].to_owned(), cells[3].to_owned())
    })
    .collect()
}

/// Returns the outcome as the table writes it.
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
fn every_gallery_file_has_a_row() {
    let listed: BTreeSet<_> = rows().into_iter().map(|(file, ..)| file).collect();
    let entries = std::fs::read_dir(gallery("")).unwrap().map(|entry| entry.unwrap());
    let files: BTreeSet<_> = entries
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| {
            !["README.md", "make.sh", "kinds.sh", ".gitattributes"].contains(&name.as_str())
        })
        .collect();
    assert_eq!(listed, files);
}

#[test]
fn every_gallery_file_by_name() {
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
fn every_gallery_file_in_a_directory() {
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

#[test]
fn large_files_are_read_whole_or_refused() {
    let pem = std::fs::read_to_string(gallery("ca-ec.crt")).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let block =
        |body: &str| format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    let long = " ".repeat(1 << 20);
    for (text, wanted) in [
        (format!("#{long}\n{pem}"), "1 kept"),
        (format!("{}{pem}", "# a line\n".repeat(100_000)), "1 kept"),
        (block(&format!("{base64}{long}")), "1 kept"),
        (block(&"A".repeat(1 << 20)), "error"),
        (block(&"=".repeat(1 << 20)), "error"),
        ("-".repeat(1 << 20), "error"),
        ("-----BEGIN ".repeat(100_000), "error"),
        (pem.repeat(1000), "1 kept"),
    ] {
        let world = World::new();
        world.write("/ca/large.crt", &text);
        let run = world.trust_init(&["--ca", "/ca/large.crt", "--dry-run"]).run();
        assert_eq!(outcome(&run, 0), wanted, "{:.60} {}", text, run.stderr());
    }
}

#[test]
fn ten_thousand_certificates_keep_their_order() {
    let one = CertificateDer::from_pem_file(gallery("ca-ec.crt")).unwrap();
    // Clients do not check the signature of a root, so its last bytes can be a number.
    let numbered = |number: u16| {
        let (front, _) = one.split_last_chunk::<2>().unwrap();
        CertificateDer::from([front, &number.to_be_bytes()].concat())
    };
    let all: Vec<_> = (0..10_000).map(numbered).collect();
    let text: Vec<_> = all.iter().flat_map(|der| Pem::encode(der).text().to_vec()).collect();
    let world = World::new();
    world.write("/ca/many.crt", &text);
    let words = ["--ca", "/ca/many.crt", "--roots", "none", "--log", "quiet", "--"];
    let run = world.trust_init(&[&words[..], &["cat", BUNDLE]].concat()).run();
    let found = CertificateDer::pem_slice_iter(&run.0.stdout).map(Result::unwrap);
    assert!(found.eq(all), "{}", run.stderr());
}

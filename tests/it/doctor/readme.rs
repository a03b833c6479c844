//! The output of `trust-compose doctor` in README: each block is part of a snapshot that the container
//! tests compare with the program.

use std::fs;
use std::path::Path;

use crate::support::constant::constant;

/// The error texts that users search for; README has an entry for each.
const SEARCHED: [&str; 12] = [
    "`CERTIFICATE_VERIFY_FAILED`",
    "`unable to get local issuer certificate`",
    "`self-signed certificate in certificate chain`",
    "`Your connection is not private`",
    "`certificate is not valid for any names`",
    "`Empty reply from server`",
    "`Connection refused`",
    "`CA cert does not include key usage extension`",
    "`PKIX path building failed`",
    "A certificate that expired, and is still served",
    "A CA that was replaced, and whose old certificates are still served",
    "Plaintext gRPC that stopped working",
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

#[test]
fn every_block_is_part_of_a_snapshot() {
    let readme = read("README.md");
    let mut blocks = 0;
    for rest in readme.split("<!-- break: ").skip(1) {
        let (mark, rest) = rest.split_once(" -->").unwrap();
        let (file, name) = mark.split_once(": ").unwrap();
        let snapshot = read(&format!("tests/snapshots/doctor/breaks/{file}.txt"));
        let said = snapshot.split("\n\n# ").find_map(|part| {
            let part = part.trim_start_matches("# ");
            part.strip_prefix(&format!("{name}\n"))
        });
        let said = said.unwrap_or_else(|| panic!("no snapshot has {mark}"));
        let block = rest.split("```").nth(1).unwrap();
        let mut lines = block.lines().skip(1);
        assert!(lines.next().unwrap().starts_with("$ trust-compose doctor"), "{mark}");
        let mut shown = 0;
        for line in lines.filter(|line| !line.is_empty()) {
            let line = constant(&line.replace("reflector", "PROJECT"));
            assert!(
                said.lines().any(|other| other == line),
                "not in the snapshot of {mark}: {line}"
            );
            shown += 1;
        }
        // README shows every error and warning of the snapshot.
        let ill = said
            .lines()
            .filter(|line| ["error ", "warning "].iter().any(|sign| line.starts_with(sign)));
        for line in ill {
            let is_shown = |other: &str| constant(&other.replace("reflector", "PROJECT")) == line;
            assert!(block.lines().any(is_shown), "missing in README at {mark}: {line}");
        }
        assert!(shown > 0, "{mark}");
        blocks += 1;
    }
    assert!(blocks >= SEARCHED.len(), "{blocks}");
}

#[test]
fn every_error_text_that_is_searched_for_has_an_entry() {
    let readme = read("README.md");
    let entries: Vec<_> = readme.lines().filter_map(|line| line.strip_prefix("#### ")).collect();
    assert_eq!(entries, SEARCHED);
}

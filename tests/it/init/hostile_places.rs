//! Compares tests/snapshots/inputs/places.md with the outcomes of the hostile places.

use std::path::Path;

use super::{hostile_bundle, hostile_environment, hostile_paths, hostile_tools};

#[test]
fn every_hostile_place_has_its_documented_outcome() {
    let text = std::thread::scope(|scope| {
        let environments = scope.spawn(hostile_environment::environments_table);
        let states = scope.spawn(hostile_environment::states_table);
        let paths = hostile_paths::tables();
        let (environments, states) = (environments.join().unwrap(), states.join().unwrap());
        let (bundle, tools) = (hostile_bundle::table(), hostile_tools::tables());
        [HEAD, &paths, &bundle, &environments, &states, &tools].concat()
    });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/inputs/places.md");
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    for (found, expected) in text.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(text, expected);
}

const HEAD: &str = "\
# Hostile places

Hostile files in the places where trust-init looks for a file, and the outcomes, each in its own image with one
custom CA and one root, 96 MiB of address space, and a time limit. `bundle` is the number of certificates that the
service reads in the file that SSL_CERT_FILE names.
Written by `UPDATE_SNAPSHOT=1 cargo test --test it hostile`.

## Paths
";

//! A case of the overlay: a folder of tests/compose with a project, the arguments of `setup`, and the
//! expected overlay. tests/it runs it without docker, tests/containers with Compose: both must write the
//! same bytes.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder of tests/compose.
pub struct Case(PathBuf);

/// Returns every case, sorted by name.
pub fn cases() -> Vec<Case> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compose");
    let entries = fs::read_dir(here).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<_> = entries.map(Case).collect();
    cases.sort_by(|one, other| one.0.cmp(&other.0));
    assert!(cases.len() > 9, "too few cases");
    cases
}

impl Case {
    pub fn name(&self) -> String {
        self.0.file_name().unwrap().to_string_lossy().into_owned()
    }

    /// Copies the files of the project into `directory`.
    pub fn lay_out(&self, directory: &Path) {
        copy(&self.0, directory);
    }

    /// Returns the arguments of `trust-compose setup`.
    pub fn words(&self) -> Vec<String> {
        let words = fs::read_to_string(self.0.join("args")).unwrap();
        words.split_whitespace().map(str::to_owned).collect()
    }

    /// Compares an overlay with the expected one; UPDATE_SNAPSHOT=1 writes it.
    #[track_caller]
    pub fn expects(&self, overlay: &str) {
        let overlay = without_digests(overlay);
        let path = self.0.join("expected.yml");
        if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
            fs::write(&path, &overlay).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(overlay, expected, "{}", path.display());
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let name = entry.file_name();
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(&name));
        } else if name != "args" && name != "expected.yml" {
            fs::copy(entry.path(), to.join(&name)).unwrap();
        }
    }
}

/// Replaces digests, which depend on the CA of the run, by their length: their presence is part of the
/// case.
fn without_digests(overlay: &str) -> String {
    let mut text = String::new();
    let mut digits = String::new();
    for letter in overlay.chars().chain(['\0']) {
        if letter.is_ascii_digit() || ('a'..='f').contains(&letter) {
            digits.push(letter);
            continue;
        }
        if digits.len() == 16 || digits.len() == 64 {
            _ = write!(text, "<{} digits>", digits.len());
        } else {
            text.push_str(&digits);
        }
        digits.clear();
        text.push(letter);
    }
    text.trim_end_matches('\0').to_owned()
}

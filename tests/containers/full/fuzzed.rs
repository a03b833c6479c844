//! Compose files that fuzzing created (docs/fuzzing.md), with the real Compose: in each file that Compose
//! accepts, an overlay changes only our keys. `FUZZED` names another directory of such files; soak.sh sets
//! it.

use std::fs;
use std::path::{Path, PathBuf};

use trust_init::compose::project::offline;

use crate::model::{Desk, compose, differences, next};
use crate::setup::golden::named;

/// The largest number of files: Compose accepts one in ten, and needs a second or two for each of these.
const MOST: usize = 500;

/// Whether the file may be given to Compose, which does not limit the expansion of aliases and reads any path
/// that the file names.
fn is_harmless(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or("*".to_owned());
    let none = ["*", "&", "!", "/dev", "/proc", "/sys", "://", "include", "extends"];
    !none.iter().any(|word| text.contains(word))
        && offline::read(&[path.to_owned()], Path::new("/nowhere"), &|_| None).is_ok()
}

#[test]
fn an_overlay_adds_only_our_keys_to_fuzzed_compose_files() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/compose");
    let directory = std::env::var_os("FUZZED").map_or(own, PathBuf::from);
    let entries = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| is_harmless(path)).collect();
    files.sort();
    let step = files.len().div_ceil(MOST);
    let desk = Desk::new();
    let words: &[String] = &["--custom-ca".to_owned(), "one.crt".to_owned()];
    let mut merged = 0;
    for path in files.iter().step_by(step) {
        fs::copy(path, desk.path("compose.yml")).unwrap();
        if desk.types("docker compose config --quiet").code != 0 {
            continue;
        }
        let shown = format!("{}:\n{}", path.display(), desk.read("compose.yml"));
        let before = desk.model(&compose(words));
        let outcome = desk.setup(words);
        if outcome.code != 0 {
            assert!(outcome.stderr.contains("fix: "), "{outcome}: {shown}");
            continue;
        }
        let overlay = desk.read("docker-compose.ca.yml");
        let after = desk.model(&next(&outcome));
        let (trusted, off) = named(&overlay, words);
        let found = differences(&before, &after, &trusted, &off);
        assert!(found.is_empty(), "{found:#?}: {shown}\n{overlay}");
        desk.types("trust-compose remove").exits(0);
        assert_eq!(desk.model(&compose(words)), before, "{shown}");
        merged += 1;
    }
    assert!(merged > 9, "only {merged} of {} files were merged", files.len());
}

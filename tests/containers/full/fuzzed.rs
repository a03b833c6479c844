//! Compose files that fuzzing made (docs/fuzzing.md), with the real Compose: whatever it takes, an overlay
//! changes nothing in but our keys. `FUZZED` names another directory of them; soak.sh does, for what it found.

use std::fs;
use std::path::{Path, PathBuf};

use trust_init::compose::project::offline;

use crate::model::{Desk, compose, differences, next};
use crate::setup::golden::named;

/// How many files at most: Compose takes one in ten, and then a second or two for it.
const MOST: usize = 500;

/// Whether Compose may see it: what aliases unfold to, nobody limits there, and what is named by a path is
/// read whatever it is.
fn is_harmless(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or("*".to_owned());
    let none = ["*", "&", "!", "/dev", "/proc", "/sys", "://", "include", "extends"];
    !none.iter().any(|word| text.contains(word))
        && offline::read(&[path.to_owned()], Path::new("/nowhere"), &|_| None).is_ok()
}

#[test]
fn whatever_compose_takes_of_what_fuzzing_made_changes_in_nothing_but_our_keys() {
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

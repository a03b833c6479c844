//! Words that the project does not use, because readers whose first language is another have to look them up.

use crate::repository::tidy::{files, root};

/// Each has a plainer word.
const UNUSED: &[&str] = &[
    "mend",
    "mends",
    "mended",
    "mending",
    "whoever",
    "somebody",
    "nobody",
    "everybody",
    "anybody",
    "anew",
    "at hand",
    "likewise",
    "stands",
    "stood",
    "lies in",
    "comes to",
    "came to",
    "all the same",
    "be it",
    "goes by",
    "let be",
    "tells",
    "told",
    "taken away",
    "take away",
    "takes away",
    "henceforth",
    "thereof",
    "whence",
];

/// Where one is used nevertheless, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    (
        "src/compose/layout.rs",
        "taken away",
        "the first line of overlays that earlier versions wrote",
    ),
    ("src/compose/kustomize/write.rs", "taken away", "the same of components"),
    ("tests/it/setup/write.rs", "taken away", "the same"),
    ("tests/it/setup/hostile_compose_places.rs", "taken away", "the same"),
    ("tests/support/hostile/names.rs", "nobody", "the user of that name"),
    ("tests/snapshots/inputs/compose.md", "nobody", "the user of that name"),
];

/// Documents, code, scripts and the recorded output of the programs.
const ENDINGS: &[&str] =
    &[".rs", ".txt", ".md", ".sh", ".py", ".toml", ".yml", ".yaml", "Dockerfile"];

#[test]
fn the_project_is_in_plain_words() {
    let mut used = Vec::new();
    for path in files(ENDINGS) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        if name == "tests/it/repository/words.rs" {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for (index, line) in text.to_lowercase().lines().enumerate() {
            for word in UNUSED.iter().filter(|word| has_word(line, word)) {
                if !EXCEPTIONS.iter().any(|(file, exception, _)| *file == name && exception == word)
                {
                    used.push(format!("{name}:{}: {word}", index + 1));
                }
            }
        }
    }
    assert!(used.is_empty(), "{}", used.join("\n"));
}

/// An exception that no longer applies is removed.
#[test]
fn every_exception_is_needed() {
    for (file, word, _) in EXCEPTIONS {
        let text = std::fs::read_to_string(root().join(file)).unwrap().to_lowercase();
        assert!(text.lines().any(|line| has_word(line, word)), "{file}: {word}");
    }
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        [before, after].iter().all(|c| c.is_none_or(|c| !c.is_alphanumeric() && c != '_'))
    })
}

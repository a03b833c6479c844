//! Words that the project does not use, because readers whose first language is another have to look them up.

use crate::repository::tidy::{files, root};

/// None of these is in src: each has a plainer word.
const UNUSED: &[&str] = &[
    "mend",
    "mends",
    "mended",
    "whoever",
    "somebody",
    "nobody",
    "anew",
    "at hand",
    "likewise",
    "stands",
    "stood there",
    "lies in",
    "comes to",
    "came to",
    "all the same",
    "be it",
    "goes by",
    "let be",
];

#[test]
fn src_is_in_plain_words() {
    let mut used = Vec::new();
    for path in files(&[".rs", ".txt"]).iter().filter(|path| path.starts_with(root().join("src"))) {
        let text = std::fs::read_to_string(path).unwrap().to_lowercase();
        for (index, line) in text.lines().enumerate() {
            let is_word = |at: usize, word: &str| {
                let before = line[..at].chars().next_back();
                let after = line[at + word.len()..].chars().next();
                [before, after].iter().all(|c| c.is_none_or(|c| !c.is_alphanumeric() && c != '_'))
            };
            for word in UNUSED {
                if line.match_indices(word).any(|(at, _)| is_word(at, word)) {
                    used.push(format!("{}:{}: {word}", path.display(), index + 1));
                }
            }
        }
    }
    assert!(used.is_empty(), "{}", used.join("\n"));
}

//! What git would take in, without git: what its index holds, and what its patterns leave out
//! (gitignore(5)).

use std::fs;
use std::path::{Path, PathBuf};

use crate::discover::file;

/// A repository.
pub struct Repository {
    /// The directory that it looks after.
    root: PathBuf,
    /// What it knows of every file.
    index: Vec<u8>,
    /// The patterns that lie outside of it.
    others: Vec<String>,
}

impl Repository {
    /// The one that looks after the directory `path`, or would.
    pub fn around(path: &Path) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let root = path.ancestors().find(|above| above.join(".git").symlink_metadata().is_ok())?;
        let own = git_directory(&root.join(".git"));
        let index = read(&own.join("index")).unwrap_or_default();
        let others = read(&own.join("info/exclude")).into_iter();
        let others = others.map(|text| String::from_utf8_lossy(&text).into_owned()).collect();
        Some(Self { root: root.to_owned(), index, others })
    }

    /// Whether git knows the file already. Its name ends with a NUL there (gitformat-index(5), versions 2
    /// and 3).
    pub fn tracks(&self, path: &Path) -> bool {
        let Some(parts) = self.parts(path) else { return false };
        let name = parts.join("/") + "\0";
        self.index.windows(name.len()).any(|window| window == name.as_bytes())
    }

    /// Whether git leaves the file out, or a directory above it.
    pub fn ignores(&self, path: &Path) -> bool {
        let Some(parts) = self.parts(path) else { return true };
        let is_directory = |n: usize| n < parts.len() || path.is_dir();
        (1..=parts.len())
            .any(|n| self.excludes(parts.get(..n).unwrap_or_default(), is_directory(n)))
    }

    /// The last pattern that fits decides.
    fn excludes(&self, parts: &[String], is_directory: bool) -> bool {
        let mut is_excluded = false;
        let mut decide = |text: &str, below: &[String]| {
            for line in text.lines() {
                let line = line.trim_end();
                let (is_taken_back, pattern) = match line.strip_prefix('!') {
                    Some(rest) => (true, rest),
                    None => (false, line),
                };
                if fits(pattern, below, is_directory) {
                    is_excluded = !is_taken_back;
                }
            }
        };
        self.others.iter().for_each(|text| decide(text, parts));
        let mut directory = self.root.clone();
        for (depth, part) in parts.iter().enumerate() {
            let text = read(&directory.join(".gitignore")).unwrap_or_default();
            decide(&String::from_utf8_lossy(&text), parts.get(depth..).unwrap_or_default());
            directory.push(part);
        }
        is_excluded
    }

    /// The names that lead to it; `None` if it is elsewhere.
    fn parts(&self, path: &Path) -> Option<Vec<String>> {
        let directory = path.parent()?.canonicalize().ok()?;
        let path = directory.join(path.file_name()?);
        let below = path.strip_prefix(&self.root).ok()?;
        Some(below.iter().map(|part| part.to_string_lossy().into_owned()).collect())
    }
}

/// Where the repository's own files are: in a worktree or a submodule `.git` is a file that says so
/// (gitrepository-layout(5)).
fn git_directory(path: &Path) -> PathBuf {
    let text = fs::read_to_string(path).unwrap_or_default();
    match text.strip_prefix("gitdir: ") {
        Some(elsewhere) => path.parent().unwrap_or(path).join(elsewhere.trim_end()),
        None => path.to_owned(),
    }
}

fn read(path: &Path) -> Option<Vec<u8>> {
    file::read(path, &mut file::FILE_LIMIT.clone()).ok()
}

/// Whether a pattern fits what `parts` lead to from the directory that it stands in.
fn fits(pattern: &str, parts: &[String], is_directory: bool) -> bool {
    if pattern.is_empty() || pattern.starts_with('#') {
        return false;
    }
    let (pattern, wants_directory) = match pattern.strip_suffix('/') {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    if wants_directory && !is_directory {
        return false;
    }
    let names = match pattern.strip_prefix('/') {
        Some(rest) => rest,
        None if pattern.contains('/') => pattern,
        None => return parts.last().is_some_and(|name| glob(pattern.as_bytes(), name.as_bytes())),
    };
    let names: Vec<_> = names.split('/').collect();
    along(&names, parts)
}

/// The same, name by name: `**` stands for any number of them.
fn along(names: &[&str], parts: &[String]) -> bool {
    match (names, parts) {
        ([], []) => true,
        (["**"], parts) => !parts.is_empty(),
        (["**", rest @ ..], parts) => {
            (0..=parts.len()).any(|n| along(rest, parts.get(n..).unwrap_or_default()))
        }
        ([name, names @ ..], [part, parts @ ..]) => {
            glob(name.as_bytes(), part.as_bytes()) && along(names, parts)
        }
        _ => false,
    }
}

/// One name: `*`, `?`, and a range, which counts as any one character.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            (0..=name.len()).any(|n| glob(rest, name.get(n..).unwrap_or_default()))
        }
        ([b'?', rest @ ..], [_, name @ ..]) => glob(rest, name),
        ([b'[', rest @ ..], [_, name @ ..]) => {
            let end = rest.iter().position(|byte| *byte == b']').unwrap_or_default();
            glob(rest.get(end + 1..).unwrap_or_default(), name)
        }
        ([b'\\', byte, rest @ ..], [first, name @ ..]) => byte == first && glob(rest, name),
        ([byte, rest @ ..], [first, name @ ..]) => byte == first && glob(rest, name),
        _ => false,
    }
}

//! A Compose file: read, and found to be what a YAML reader can take.
//!
//! The YAML crate keeps all of a document in memory several times over before it looks at it, so what
//! would be too much for it is refused here.

use std::cmp::Reverse;
use std::path::Path;

use serde_yaml::Value;

use crate::compose::project::error::{Error, Place};
use crate::compose::project::offline::yaml::{self, Refusal};
use crate::sys::file::{self, Problem};

/// What a Compose file may hold: 2 MiB, far more than people write. The YAML crate needs up to two
/// hundred times as much memory.
const LIMIT: u64 = 2 << 20;
/// How many brackets may be open at once. The YAML crate takes the square of that in time, and follows
/// no more than 128 levels anyway.
const MOST_BRACKETS: usize = 1000;

const TOO_DEEP: &str = "it is nested deeper than a Compose file ever is";
const TOO_MUCH: &str = "with its aliases it holds more than a Compose file ever does";
const REWRITE: &str = "write it without that";
const OTHER_FILE: &str = "name a Compose file";

/// A Compose file.
pub struct Source<'a> {
    /// Its name, as typed.
    pub path: &'a Path,
    /// Its contents.
    pub text: String,
}

impl<'a> Source<'a> {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or is not text.
    pub fn read(path: &'a Path) -> Result<Self, Error> {
        let bytes = file::read(path, &mut { LIMIT }).map_err(|problem| {
            let problem = match problem {
                Problem::TooLarge { .. } => Problem::TooLarge { limit: LIMIT, together: false },
                problem => problem,
            };
            Error::Unreadable { path: path.to_owned(), problem }
        })?;
        Self::of(path, bytes)
    }

    /// What the file at `path` says if these are its contents.
    ///
    /// # Errors
    /// When they are not text, or more than a YAML reader can take.
    pub fn of(path: &'a Path, bytes: Vec<u8>) -> Result<Self, Error> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let before = error.as_bytes().get(..error.utf8_error().valid_up_to());
            let line = before.map(|before| memchr::memchr_iter(b'\n', before).count() + 1);
            broken(path, line, "it is not UTF-8", "save it as UTF-8")
        })?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let (mut open, mut line) = (0_usize, 1);
        for letter in text.chars() {
            match letter {
                '[' | '{' => open += 1,
                ']' | '}' => open = open.saturating_sub(1),
                '\n' => line += 1,
                '\t' | '\r' | '\u{85}' => {}
                letter if letter.is_control() => {
                    return Err(broken(path, Some(line), "it holds a control character", REWRITE));
                }
                _ => {}
            }
            if open > MOST_BRACKETS {
                return Err(broken(path, Some(line), TOO_DEEP, REWRITE));
            }
        }
        Ok(Self { path, text })
    }

    /// The documents in it that are not empty.
    ///
    /// # Errors
    /// When it is not YAML, a key stands in one mapping twice, or something has a tag that only Compose
    /// can follow.
    pub fn documents(&self) -> Result<Vec<Value>, Error> {
        let documents = yaml::documents(&self.text);
        let mut documents = documents.map_err(|(error, why)| self.refused(&error, why))?;
        documents.retain(|document| !document.is_null());
        if documents.is_empty() {
            return Err(broken(self.path, None, "it is empty", OTHER_FILE));
        }
        if !documents.iter().all(Value::is_mapping) {
            return Err(broken(self.path, None, "it is not a mapping of keys", OTHER_FILE));
        }
        Ok(documents)
    }

    /// The documents in it, whatever Compose will say of them, once it is known that they do not hold more than
    /// a machine has memory for.
    ///
    /// # Errors
    /// When it is not YAML, or too much of it.
    pub fn outline(&self) -> Result<Vec<Value>, Error> {
        yaml::outline(&self.text).map_err(|(error, why)| self.refused(&error, why))
    }

    /// The line with the most aliases, the first of several: what multiplies is told without a line.
    fn aliases(&self) -> Option<usize> {
        let count = |line: &str| line.matches('*').count();
        let lines = (1..).zip(self.text.lines().map(count)).filter(|(_, count)| *count > 0);
        lines.max_by_key(|(line, count)| (*count, Reverse(*line))).map(|(line, _)| line)
    }

    fn refused(&self, error: &serde_yaml::Error, refusal: Option<Refusal>) -> Error {
        let line = error.location().map(|location| location.line());
        let line = line.or_else(|| self.aliases());
        let place = Place { path: self.path.to_owned(), line };
        match refusal {
            Some(Refusal::Duplicate(key)) => Error::Duplicate { place, key },
            Some(Refusal::Tag(tag)) => Error::OnlyCompose { place, word: format!("!{tag}") },
            Some(Refusal::TooMuch) => broken(self.path, line, TOO_MUCH, REWRITE),
            None => {
                let words = error.to_string();
                let (cause, fix) = match words.split(" at line ").next() {
                    Some("recursion limit exceeded") => (TOO_DEEP, REWRITE),
                    Some("repetition limit exceeded") => (TOO_MUCH, REWRITE),
                    cause => (cause.unwrap_or_default(), "correct it there"),
                };
                broken(self.path, line, cause, fix)
            }
        }
    }
}

fn broken(path: &Path, line: Option<usize>, cause: &str, fix: &'static str) -> Error {
    let place = Place { path: path.to_owned(), line };
    Error::Broken { place, cause: cause.to_owned(), fix }
}
